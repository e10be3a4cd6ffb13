import { Ollama } from 'ollama';
import { matrix, system, weather } from './matrix.js';

matrix({
  name: 'ollama',
  format: 'ollama',
  stop: 'stop',
  toolStop: 'stop',
  make: (host, key) => new Ollama({ host, headers: { Authorization: `Bearer ${key}` } }),
  async ask(client, { model, messages, stream, tools }) {
    const params = { model, messages: [{ role: 'system', content: system }, ...messages], stream: Boolean(stream) };
    if (tools) {
      params.tools = [{ type: 'function', function: { name: weather.name, description: weather.description, parameters: weather.schema } }];
    }
    const answer = await client.chat(params);
    const lines = [];
    if (stream) for await (const line of answer) lines.push(line);
    else lines.push(answer);
    const last = lines.at(-1);
    const texts = lines.map((l) => l.message.content).filter(Boolean);
    const calls = lines.flatMap((l) => l.message.tool_calls ?? []);
    const message = { role: 'assistant', content: texts.join('') };
    if (calls.length > 0) message.tool_calls = calls;
    const thinking = lines.map((l) => l.message.thinking ?? '').join('');
    if (thinking) message.thinking = thinking;
    return {
      text: message.content,
      calls: calls.map((c) => ({ name: c.function.name, args: c.function.arguments })),
      usage: [last.prompt_eval_count, last.eval_count],
      finish: last.done_reason,
      deltas: texts.length,
      message,
    };
  },
  user: (content) => ({ role: 'user', content }),
  results: (calls) => calls.map((c) => ({ role: 'tool', tool_name: c.name, content: c.output })),
  failure: (e) => ({ status: e.status_code, message: e.message }),
});

import { chatCompletion, chatCompletionStream } from '@huggingface/inference';
import { matrix, system, weather } from './matrix.js';

matrix({
  name: '@huggingface/inference',
  format: 'openai',
  stop: 'stop',
  toolStop: 'tool_calls',
  make: (endpointUrl, accessToken) => ({ endpointUrl, accessToken }),
  async ask(client, { model, messages, stream, tools }) {
    const params = { ...client, model, messages: [{ role: 'system', content: system }, ...messages] };
    if (tools) {
      params.tools = [{ type: 'function', function: { name: weather.name, description: weather.description, parameters: weather.schema } }];
    }
    const answer = stream ? await collect(params) : await chatCompletion(params);
    const { message, finish_reason: finish } = answer.choices[0];
    return {
      text: message.content,
      calls: (message.tool_calls ?? []).map((c) => ({ id: c.id, name: c.function.name, args: JSON.parse(c.function.arguments) })),
      usage: [answer.usage.prompt_tokens, answer.usage.completion_tokens],
      finish,
      deltas: answer.deltas,
      message,
    };
  },
  user: (content) => ({ role: 'user', content }),
  results: (calls) => calls.map((c) => ({ role: 'tool', tool_call_id: c.id, content: c.output })),
  failure: (e) => ({ status: e.httpResponse?.status, message: JSON.stringify(e.httpResponse?.body) }),
});

// collect puts a stream together, which the client does not do.
async function collect(params) {
  const choice = { message: { role: 'assistant', content: null } };
  const out = { choices: [choice], deltas: 0 };
  for await (const chunk of chatCompletionStream({ ...params, stream_options: { include_usage: true } })) {
    out.usage = chunk.usage ?? out.usage;
    const [{ delta, finish_reason: finish } = { delta: {} }] = chunk.choices;
    choice.finish_reason = finish ?? choice.finish_reason;
    if (delta.content) {
      choice.message.content = (choice.message.content ?? '') + delta.content;
      out.deltas++;
    }
    for (const { index, ...call } of delta.tool_calls ?? []) {
      const list = choice.message.tool_calls ??= [];
      if (!list[index]) list[index] = call;
      else list[index].function.arguments += call.function.arguments;
    }
  }
  return out;
}

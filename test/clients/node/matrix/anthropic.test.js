import Anthropic from '@anthropic-ai/sdk';
import { matrix, system, weather } from './matrix.js';

matrix({
  name: '@anthropic-ai/sdk',
  format: 'anthropic',
  stop: 'end_turn',
  toolStop: 'tool_use',
  make: (baseURL, apiKey) => new Anthropic({ baseURL, apiKey, maxRetries: 0 }),
  async ask(client, { model, messages, stream, tools }) {
    const params = { model, system, messages, max_tokens: 500 };
    if (tools) params.tools = [{ name: weather.name, description: weather.description, input_schema: weather.schema }];
    let deltas = 0;
    let m;
    if (stream) m = await client.messages.stream(params).on('text', () => deltas++).finalMessage();
    else m = await client.messages.create(params);
    return {
      text: m.content.filter((b) => b.type === 'text').map((b) => b.text).join(''),
      calls: m.content.filter((b) => b.type === 'tool_use').map((b) => ({ id: b.id, name: b.name, args: b.input })),
      usage: [m.usage.input_tokens, m.usage.output_tokens],
      finish: m.stop_reason,
      deltas,
      message: { role: 'assistant', content: m.content },
    };
  },
  user: (content) => ({ role: 'user', content }),
  results: (calls) => ({
    role: 'user', content: calls.map((c) => ({ type: 'tool_result', tool_use_id: c.id, content: c.output })),
  }),
  failure: (e) => ({ status: e.status, message: e.error?.error?.message }),
});

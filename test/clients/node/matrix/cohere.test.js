import { CohereClientV2 } from 'cohere-ai';
import { matrix, system, weather } from './matrix.js';

matrix({
  name: 'cohere-ai',
  format: 'cohere',
  stop: 'COMPLETE',
  toolStop: 'TOOL_CALL',
  make: (environment, token) => new CohereClientV2({ environment, token, maxRetries: 0 }),
  async ask(client, { model, messages, stream, tools }) {
    const params = { model, messages: [{ role: 'system', content: system }, ...messages] };
    if (tools) {
      params.tools = [{ type: 'function', function: { name: weather.name, description: weather.description, parameters: weather.schema } }];
    }
    const answer = stream ? await collect(await client.chatStream(params)) : await client.chat(params);
    const { message } = answer;
    return {
      text: (message.content ?? []).map((c) => c.text ?? '').join(''),
      calls: (message.toolCalls ?? []).map((c) => ({ id: c.id, name: c.function.name, args: JSON.parse(c.function.arguments) })),
      usage: [answer.usage.tokens.inputTokens, answer.usage.tokens.outputTokens],
      finish: answer.finishReason,
      deltas: answer.deltas,
      message,
    };
  },
  user: (content) => ({ role: 'user', content }),
  results: (calls) => calls.map((c) => ({ role: 'tool', toolCallId: c.id, content: c.output })),
  failure: (e) => ({ status: e.statusCode, message: e.body?.message }),
});

// collect puts a stream together, which the client does not do.
async function collect(stream) {
  const out = { message: { role: 'assistant' }, deltas: 0 };
  const { message } = out;
  for await (const event of stream) {
    const delta = event.delta?.message;
    switch (event.type) {
      case 'content-start':
        (message.content ??= [])[event.index] = { ...delta.content };
        break;
      case 'content-delta':
        if (delta.content.text) out.deltas++;
        for (const name of ['text', 'thinking']) {
          if (delta.content[name]) message.content[event.index][name] += delta.content[name];
        }
        break;
      case 'tool-plan-delta':
        message.toolPlan = (message.toolPlan ?? '') + delta.toolPlan;
        break;
      case 'tool-call-start':
        (message.toolCalls ??= [])[event.index] = { ...delta.toolCalls, function: { ...delta.toolCalls.function } };
        break;
      case 'tool-call-delta':
        message.toolCalls[event.index].function.arguments += delta.toolCalls.function.arguments;
        break;
      case 'message-end':
        out.finishReason = event.delta.finishReason;
        out.usage = event.delta.usage;
    }
  }
  return out;
}

// InvokeModel with the bodies of Anthropic's Messages, as clients of Claude on
// Bedrock send them. See bedrock.test.js for the keys.
import { InvokeModelCommand, InvokeModelWithResponseStreamCommand } from '@aws-sdk/client-bedrock-runtime';
import { signing } from './bedrock.js';
import { matrix, system, weather } from './matrix.js';

const adapter = {
  name: '@aws-sdk/client-bedrock-runtime, InvokeModel',
  format: 'bedrock',
  stop: 'end_turn',
  toolStop: 'tool_use',
  make: signing,
  async ask(client, { model, messages, stream, tools }) {
    const body = { anthropic_version: 'bedrock-2023-05-31', max_tokens: 1000, system, messages };
    if (tools) body.tools = [{ name: weather.name, description: weather.description, input_schema: weather.schema }];
    // Without contentType the client says that the body is bytes.
    const input = { modelId: model, body: JSON.stringify(body) };
    const { content, usage, finish, deltas } = stream ? await collect(client, input) : await plain(client, input);
    return {
      message: { role: 'assistant', content }, finish, deltas,
      text: content.map((b) => b.text ?? '').join(''),
      calls: content.filter((b) => b.type === 'tool_use').map((c) => ({ id: c.id, name: c.name, args: c.input })),
      usage,
    };
  },
  user: (text) => ({ role: 'user', content: [{ type: 'text', text }] }),
  results: (calls) => ({
    role: 'user', content: calls.map((c) => ({ type: 'tool_result', tool_use_id: c.id, content: c.output })),
  }),
  failure: (e) => ({ status: e.name === 'ThrottlingException' && e.$metadata.httpStatusCode, message: e.message }),
};

async function plain(client, input) {
  const out = await client.send(new InvokeModelCommand(input));
  const answer = JSON.parse(new TextDecoder().decode(out.body));
  return {
    content: answer.content, finish: answer.stop_reason, deltas: 0,
    usage: [answer.usage.input_tokens, answer.usage.output_tokens],
  };
}

// collect puts a stream together. What it cost is told twice: by the model, and
// by Bedrock in the last chunk.
async function collect(client, input) {
  const out = { content: [], deltas: 0 };
  const { body, contentType } = await client.send(new InvokeModelWithResponseStreamCommand(input));
  if (contentType !== 'application/json') throw new Error(`the chunks are ${contentType}`);
  for await (const { chunk } of body) {
    const event = JSON.parse(new TextDecoder().decode(chunk.bytes));
    if (event.type === 'content_block_start') out.content[event.index] = { ...event.content_block };
    if (event.type === 'content_block_delta') add(out, out.content[event.index], event.delta);
    const block = out.content[event.index];
    if (event.type === 'content_block_stop' && block.type === 'tool_use') {
      block.input = JSON.parse(block.json || '{}');
      delete block.json;
    }
    if (event.type === 'message_delta') out.finish = event.delta.stop_reason;
    const counts = event['amazon-bedrock-invocationMetrics'];
    if (counts) out.usage = [counts.inputTokenCount, counts.outputTokenCount];
  }
  return out;
}

function add(out, block, delta) {
  switch (delta.type) {
    case 'text_delta':
      block.text += delta.text;
      out.deltas += 1;
      break;
    case 'input_json_delta':
      block.json = (block.json ?? '') + delta.partial_json;
      break;
    case 'thinking_delta':
      block.thinking += delta.thinking;
      break;
    case 'signature_delta':
      block.signature = delta.signature;
      break;
    default:
      throw new Error(`a delta of the type ${delta.type}`);
  }
}

matrix(adapter);

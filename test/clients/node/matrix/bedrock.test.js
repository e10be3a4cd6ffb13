// The client signs with keys of its own, which the gateway has no use for: the
// key of the gateway is in another header. With an API key of Bedrock's kind the
// client sends that, and then it is the gateway's. See matrix.js.
import {
  BedrockRuntimeClient, ConverseCommand, ConverseStreamCommand,
} from '@aws-sdk/client-bedrock-runtime';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { signing } from './bedrock.js';
import { matrix, system, weather } from './matrix.js';

const adapter = {
  name: '@aws-sdk/client-bedrock-runtime',
  format: 'bedrock',
  stop: 'end_turn',
  toolStop: 'tool_use',
  make: signing,
  async ask(client, { model, messages, stream, tools }) {
    const input = { modelId: model, system: [{ text: system }], messages };
    if (tools) {
      input.toolConfig = {
        tools: [{ toolSpec: { name: weather.name, description: weather.description, inputSchema: { json: weather.schema } } }],
      };
    }
    const answer = stream ? await collect(client, input) : await plain(client, input);
    const { content } = answer.message;
    return {
      ...answer,
      text: content.map((b) => b.text ?? '').join(''),
      calls: content.filter((b) => b.toolUse).map(({ toolUse: c }) => ({ id: c.toolUseId, name: c.name, args: c.input })),
      usage: [answer.usage.inputTokens, answer.usage.outputTokens],
    };
  },
  user: (text) => ({ role: 'user', content: [{ text }] }),
  results: (calls) => ({
    role: 'user', content: calls.map((c) => ({ toolResult: { toolUseId: c.id, content: [{ text: c.output }] } })),
  }),
  failure: (e) => ({ status: e.name === 'ThrottlingException' && e.$metadata.httpStatusCode, message: e.message }),
};

async function plain(client, input) {
  const out = await client.send(new ConverseCommand(input));
  return { message: out.output.message, finish: out.stopReason, usage: out.usage, deltas: 0 };
}

// collect puts a stream together, which the client does not do.
async function collect(client, input) {
  const out = { message: { role: 'assistant', content: [] }, deltas: 0 };
  const { content } = out.message;
  const { stream } = await client.send(new ConverseStreamCommand(input));
  for await (const event of stream) {
    const start = event.contentBlockStart;
    if (start?.start?.toolUse) content[start.contentBlockIndex] = { toolUse: { ...start.start.toolUse, input: '' } };
    if (event.contentBlockDelta) out.deltas += add(content, event.contentBlockDelta);
    const block = content[event.contentBlockStop?.contentBlockIndex];
    if (block?.toolUse) block.toolUse.input = JSON.parse(block.toolUse.input || '{}');
    if (event.messageStop) out.finish = event.messageStop.stopReason;
    if (event.metadata) out.usage = event.metadata.usage;
  }
  return out;
}

function add(content, { contentBlockIndex: i, delta }) {
  if (delta.text !== undefined) {
    content[i] = { text: (content[i]?.text ?? '') + delta.text };
    return 1;
  }
  if (delta.toolUse) content[i].toolUse.input += delta.toolUse.input;
  if (delta.reasoningContent?.redactedContent) content[i] = { reasoningContent: delta.reasoningContent };
  const { text, signature } = delta.reasoningContent ?? {};
  if (text !== undefined || signature !== undefined) {
    const block = content[i] ??= { reasoningContent: { reasoningText: { text: '' } } };
    block.reasoningContent.reasoningText.text += text ?? '';
    if (signature !== undefined) block.reasoningContent.reasoningText.signature = signature;
  }
  return 0;
}

matrix(adapter);
matrix({
  ...adapter,
  name: '@aws-sdk/client-bedrock-runtime, bearer, HTTP/1.1',
  make: (endpoint, key) => new BedrockRuntimeClient({
    endpoint, region: 'us-east-1', maxAttempts: 1, token: { token: key }, authSchemePreference: ['httpBearerAuth'],
    requestHandler: new NodeHttpHandler(),
  }),
});

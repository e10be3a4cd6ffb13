import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { APICallError, generateText, jsonSchema, streamText, tool } from 'ai';
import { matrix, system, weather } from './matrix.js';

matrix({
  name: 'ai + @ai-sdk/openai-compatible',
  format: 'openai',
  stop: 'stop',
  toolStop: 'tool-calls',
  make: (url, apiKey) => createOpenAICompatible({ name: 'sluice', baseURL: `${url}/v1`, apiKey, includeUsage: true }),
  async ask(client, { model, messages, stream, tools }) {
    const params = { model: client.chatModel(model), system, messages, maxRetries: 0 };
    if (tools) {
      params.tools = { [weather.name]: tool({ description: weather.description, inputSchema: jsonSchema(weather.schema) }) };
    }
    let deltas = 0;
    let answer;
    if (stream) {
      let failed;
      answer = streamText({ ...params, onError: ({ error }) => { failed = error; } });
      for await (const _ of answer.textStream) deltas++;
      if (failed) throw failed;
    } else {
      answer = await generateText(params);
    }
    const { inputTokens, outputTokens } = await answer.usage;
    return {
      text: await answer.text,
      calls: (await answer.toolCalls).map((c) => ({ id: c.toolCallId, name: c.toolName, args: c.input })),
      usage: [inputTokens, outputTokens],
      finish: await answer.finishReason,
      deltas,
      message: (await answer.response).messages,
    };
  },
  user: (content) => ({ role: 'user', content }),
  results: (calls) => ({
    role: 'tool',
    content: calls.map((c) => ({
      type: 'tool-result', toolCallId: c.id, toolName: c.name, output: { type: 'text', value: c.output },
    })),
  }),
  failure: (e) => ({ status: APICallError.isInstance(e) && e.statusCode, message: e.message }),
});

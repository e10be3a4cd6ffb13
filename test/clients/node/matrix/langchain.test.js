import { HumanMessage, SystemMessage, ToolMessage } from '@langchain/core/messages';
import { ChatOpenAI } from '@langchain/openai';
import { matrix, system, weather } from './matrix.js';

matrix({
  name: '@langchain/openai',
  format: 'openai',
  stop: 'stop',
  toolStop: 'tool_calls',
  make: (url, apiKey) => (model) => new ChatOpenAI({ apiKey, model, maxRetries: 0, configuration: { baseURL: `${url}/v1` } }),
  async ask(client, { model, messages, stream, tools }) {
    let chat = client(model);
    if (tools) chat = chat.bindTools([{ type: 'function', function: { ...weather, schema: undefined, parameters: weather.schema } }]);
    const conversation = [new SystemMessage(system), ...messages];
    let deltas = 0;
    let message;
    if (stream) {
      for await (const chunk of await chat.stream(conversation)) {
        message = message ? message.concat(chunk) : chunk;
        if (chunk.text) deltas++;
      }
    } else {
      message = await chat.invoke(conversation);
    }
    return {
      text: message.text,
      calls: message.tool_calls.map((c) => ({ id: c.id, name: c.name, args: c.args })),
      usage: [message.usage_metadata.input_tokens, message.usage_metadata.output_tokens],
      finish: message.response_metadata.finish_reason,
      deltas,
      message,
    };
  },
  user: (text) => new HumanMessage(text),
  results: (calls) => calls.map((c) => new ToolMessage({ tool_call_id: c.id, content: c.output })),
  failure: (e) => ({ status: e.status, message: e.message }),
});

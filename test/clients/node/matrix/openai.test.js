import OpenAI from 'openai';
import { matrix, system, weather } from './matrix.js';

const make = (url, apiKey) => new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 });
const failure = (e) => ({ status: e.status, message: e.message });
const user = (content) => ({ role: 'user', content });

// forget takes away what the client has added of its own.
function forget(message) {
  delete message.parsed;
  for (const call of message.tool_calls ?? []) delete call.function.parsed_arguments;
}

matrix({
  name: 'openai',
  format: 'openai',
  stop: 'stop',
  toolStop: 'tool_calls',
  make,
  async ask(client, { model, messages, stream, tools }) {
    const params = { model, messages: [{ role: 'system', content: system }, ...messages] };
    if (tools) {
      params.tools = [{ type: 'function', function: { name: weather.name, description: weather.description, parameters: weather.schema } }];
    }
    let deltas = 0;
    let answer;
    if (stream) {
      const running = client.chat.completions.stream({ ...params, stream_options: { include_usage: true } });
      answer = await running.on('content', () => deltas++).finalChatCompletion();
      forget(answer.choices[0].message);
    } else {
      answer = await client.chat.completions.create(params);
    }
    const { message, finish_reason: finish } = answer.choices[0];
    return {
      text: message.content,
      calls: (message.tool_calls ?? []).map((c) => ({ id: c.id, name: c.function.name, args: JSON.parse(c.function.arguments) })),
      usage: [answer.usage.prompt_tokens, answer.usage.completion_tokens],
      finish,
      deltas,
      message,
    };
  },
  user,
  results: (calls) => calls.map((c) => ({ role: 'tool', tool_call_id: c.id, content: c.output })),
  failure,
});

matrix({
  name: 'openai',
  format: 'responses',
  stop: 'completed',
  toolStop: 'completed',
  make,
  async ask(client, { model, messages, stream, tools }) {
    const params = { model, instructions: system, input: messages, store: false };
    if (tools) {
      params.tools = [{ type: 'function', name: weather.name, description: weather.description, parameters: weather.schema, strict: false }];
    }
    let deltas = 0;
    let answer;
    if (stream) {
      answer = await client.responses.stream(params).on('response.output_text.delta', () => deltas++).finalResponse();
    } else {
      answer = await client.responses.create(params);
    }
    return {
      text: answer.output_text,
      calls: answer.output.filter((o) => o.type === 'function_call')
        .map((o) => ({ id: o.call_id, name: o.name, args: JSON.parse(o.arguments) })),
      usage: [answer.usage.input_tokens, answer.usage.output_tokens],
      finish: answer.status,
      deltas,
      message: answer.output.map(({ parsed_arguments, ...o }) => o),
    };
  },
  user,
  results: (calls) => calls.map((c) => ({ type: 'function_call_output', call_id: c.id, output: c.output })),
  failure,
});

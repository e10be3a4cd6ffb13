// openai, chat completions and legacy completions.
import assert from 'node:assert/strict';
import test from 'node:test';
import OpenAI from 'openai';
import { apiKey, baseURL, canceled, counted, entry, events, exchange, raw, usage, weather } from './gateway.js';

const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const model = 'gpt-4o-mini';
const tools = [{ type: 'function', function: weather }];
const user = (content) => [{ role: 'user', content }];
const ask = (content, more = {}) => client.chat.completions.create({ model, messages: user(content), ...more });

test('chat', async () => {
  const { data, response } = await ask('hello there').withResponse();
  assert.equal(data.choices[0].message.content, 'You said: hello there');
  assert.equal(data.choices[0].finish_reason, 'stop');
  assert.equal(data.model, 'gpt-4o-mini-2024-07-18');
  assert.equal(data.usage.prompt_tokens, 2);
  assert.equal(data.usage.completion_tokens, 4);
  assert.deepEqual(await usage(response), counted(2, 4));
  assert.equal(response.headers.get('x-kong-llm-model'), 'openai/gpt-4o-mini');
});

test('chat, several choices', async () => {
  const data = await ask('reply: once', { n: 3 });
  assert.deepEqual(data.choices.map((c) => [c.index, c.message.content]), [[0, 'once'], [1, 'once'], [2, 'once']]);
});

test('chat with an image and every usual option', async () => {
  const options = {
    temperature: 0.2, top_p: 0.9, seed: 7, stop: ['\n\n'], user: 'u-1', metadata: { team: 'ä\u2028ö' },
    max_completion_tokens: 50, logit_bias: { 50256: -100 }, presence_penalty: 0.1, frequency_penalty: 0.1,
  };
  const messages = [
    { role: 'developer', content: 'Be brief.' },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'what is this 🙂' },
        { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=', detail: 'low' } },
      ],
    },
  ];
  const data = await client.chat.completions.create({ model, messages, ...options });
  assert.equal(data.choices[0].message.content, 'You said: what is this 🙂');
  const { body } = await exchange(data.id);
  assert.deepEqual(body, { model, messages, ...options, stream: false });
});

test('chat, the answer as a value of a schema', async () => {
  const data = await client.chat.completions.parse({
    model,
    messages: user('reply: {"city":"Oslo"}'),
    response_format: { type: 'json_schema', json_schema: { name: 'place', strict: true, schema: weather.parameters } },
  });
  assert.deepEqual(data.choices[0].message.parsed, { city: 'Oslo' });
});

test('chat, a question of 900 KB', async () => {
  const text = 'x'.repeat(900_000);
  const data = await ask(text);
  assert.equal(data.choices[0].message.content, `You said: ${text}`);
});

test('chat, a question beyond the limit', async () => {
  await assert.rejects(ask('x'.repeat(1_100_000)), (err) => err instanceof OpenAI.APIError && err.status === 413);
});

test('chat, tools called in parallel', async () => {
  const data = await ask('What is the weather in Oslo and Rome?', { tools });
  const [choice] = data.choices;
  assert.equal(choice.finish_reason, 'tool_calls');
  assert.equal(choice.message.content, null);
  assert.deepEqual(
    choice.message.tool_calls.map((c) => [c.id, c.type, c.function.name, JSON.parse(c.function.arguments)]),
    [['call_1', 'function', 'get_weather', { city: 'Oslo' }], ['call_2', 'function', 'get_weather', { city: 'Rome' }]],
  );
});

test('chat, one tool at a time and a forced choice', async () => {
  const single = await ask('What is the weather in Oslo and Rome?', { tools, parallel_tool_calls: false });
  assert.equal(single.choices[0].message.tool_calls.length, 1);
  const forced = await ask('hello', { tools, tool_choice: { type: 'function', function: { name: weather.name } } });
  assert.equal(forced.choices[0].message.tool_calls[0].function.name, weather.name);
});

test('chat, a loop of tools run by the client', async () => {
  const runner = client.chat.completions.runTools({
    model,
    messages: user('What is the weather in Oslo and Rome?'),
    tools: [{
      type: 'function',
      function: { ...weather, parse: JSON.parse, function: ({ city }) => `sun in ${city}` },
    }],
  });
  assert.equal(await runner.finalContent(), 'The tools said: sun in Oslo; sun in Rome');
});

test('chat streamed', async () => {
  const { data: stream, response } = await ask('hello there', { stream: true }).withResponse();
  const deltas = [];
  let finish;
  for await (const chunk of stream) {
    assert.equal('usage' in chunk, false, 'a caller who did not ask for usage sees none');
    assert.equal(chunk.choices.length, 1);
    deltas.push(chunk.choices[0].delta.content);
    finish = chunk.choices[0].finish_reason;
  }
  assert.deepEqual(deltas, ['', 'You', ' said:', ' hello', ' there', undefined]);
  assert.equal(finish, 'stop');
  assert.deepEqual(await usage(response), counted(2, 4));
  assert.equal((await entry(response.headers.get('x-kong-request-id'))).ai.proxy.meta.request_model, model);
});

test('chat streamed with usage', async () => {
  const { data: stream, response } = await ask('hello', {
    stream: true, stream_options: { include_usage: true },
  }).withResponse();
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  const last = chunks.pop();
  assert.deepEqual(last.choices, []);
  assert.equal(last.usage.total_tokens, 4);
  assert.ok(chunks.every((c) => c.usage === null), 'OpenAI sends null until the end');
  assert.deepEqual(await usage(response), counted(1, 3));
});

test('chat streamed, the usage that the gateway asks for stays hidden', async () => {
  const question = { model, messages: user('hello'), stream: true };
  for (const more of [{}, { stream_options: {} }, { stream_options: { include_usage: false } }, { stream_options: null }]) {
    const response = await raw('/chat/completions', { ...question, ...more });
    const text = await response.clone().text();
    assert.equal(text.includes('usage'), false, text);
    const seen = await events(response);
    assert.equal(seen.pop(), '[DONE]');
    const { body } = await exchange(seen[0].id);
    assert.equal(body.stream_options.include_usage, true);
    assert.deepEqual(await usage(response), counted(1, 3));
  }
});

test('chat streamed, tools', async () => {
  const runner = client.chat.completions.stream({ model, messages: user('What is the weather in Oslo and Rome?'), tools });
  const deltas = [];
  runner.on('tool_calls.function.arguments.delta', (d) => deltas.push([d.index, d.arguments_delta]));
  const done = [];
  runner.on('tool_calls.function.arguments.done', (d) => done.push([d.index, d.arguments]));
  const final = await runner.finalChatCompletion();
  assert.equal(final.choices[0].finish_reason, 'tool_calls');
  assert.deepEqual(final.choices[0].message.tool_calls.map((c) => [c.id, c.function.arguments]), [
    ['call_1', '{"city":"Oslo"}'], ['call_2', '{"city":"Rome"}'],
  ]);
  assert.deepEqual(done, [[0, '{"city":"Oslo"}'], [1, '{"city":"Rome"}']]);
  assert.equal(deltas.filter(([, d]) => d !== '').length, 4);
});

test('chat streamed, several choices', async () => {
  const texts = ['', ''];
  for await (const chunk of await ask('reply: a b', { n: 2, stream: true })) {
    for (const c of chunk.choices) texts[c.index] += c.delta.content ?? '';
  }
  assert.deepEqual(texts, ['a b', 'a b']);
});

test('a stream that the caller leaves is canceled upstream', async () => {
  const { data: stream, response } = await ask('forever', { stream: true }).withResponse();
  let id;
  let seen = 0;
  for await (const chunk of stream) {
    id = chunk.id;
    if (++seen === 5) break; // leaving the loop aborts the request
  }
  const left = Date.now();
  const { left: noticed } = await canceled(id);
  assert.ok(noticed - left < 500, `noticed after ${noticed - left} ms`);
  const tokens = await usage(response);
  assert.ok(tokens.completion > 0, 'what was seen is counted');
  assert.equal(tokens.estimated, true);
});

test('an abort signal cancels upstream', async () => {
  const controller = new AbortController();
  const stream = await client.chat.completions.create(
    { model, messages: user('forever'), stream: true }, { signal: controller.signal },
  );
  let id;
  // openai ends the loop quietly when the abort is the caller's own.
  for await (const chunk of stream) {
    id = chunk.id;
    controller.abort();
  }
  await canceled(id);
});

test('a stream that is cut off ends in an error', async () => {
  let text = '';
  await assert.rejects(async () => {
    for await (const chunk of await ask('break', { stream: true })) text += chunk.choices[0].delta.content;
  }, (err) => err instanceof OpenAI.APIError && /ended early/.test(err.message));
  assert.equal(text, 'You said: break');
});

test("a provider's error inside a stream arrives", async () => {
  await assert.rejects(async () => {
    for await (const _ of await ask('stream-error', { stream: true }));
  }, (err) => err instanceof OpenAI.APIError && /the model has fallen over/.test(err.message));
});

const failures = [
  ['a bad request', 'error: 400', {}, OpenAI.BadRequestError, 'invalid_request_error', null],
  ['a refused credential', 'error: 401', {}, OpenAI.AuthenticationError, 'invalid_request_error', 'invalid_api_key'],
  ['a rate limit', 'error: 429', {}, OpenAI.RateLimitError, 'requests', 'rate_limit_exceeded'],
  ['a rate limit before a stream', 'error: 429', { stream: true }, OpenAI.RateLimitError, 'requests', 'rate_limit_exceeded'],
  ['a failure', 'error: 500', {}, OpenAI.InternalServerError, 'server_error', null],
  ['an unknown model', 'hi', { model: 'gpt-0' }, OpenAI.NotFoundError, 'invalid_request_error', 'model_not_found'],
];
for (const [name, content, more, kind, type, code] of failures) {
  test(`${name} keeps status, message, type and headers`, async () => {
    await assert.rejects(ask(content, more), (err) => {
      assert.ok(err instanceof kind, err);
      assert.match(err.message, content === 'hi' ? /The model `gpt-0` does not exist/ : /scripted failure/);
      assert.equal(err.type, type);
      assert.equal(err.code, code);
      if (err.status === 429) assert.equal(err.headers.get('retry-after'), '7');
      return true;
    });
  });
}

test('the client obeys retry-after and has its answer', async () => {
  const patient = client.withOptions({ maxRetries: 1 });
  const began = Date.now();
  const data = await patient.chat.completions.create({ model, messages: user('error-once: 429 node') });
  assert.equal(data.choices[0].message.content, 'It works again.');
  assert.ok(Date.now() - began < 450, 'retry-after-ms, not the default of half a second and more');
});

test("a key that is not the gateway's", async () => {
  const stranger = client.withOptions({ apiKey: 'sk-stranger' });
  await assert.rejects(
    stranger.chat.completions.create({ model, messages: user('hi') }),
    // The body is Kong's, so the client finds no message in it.
    (err) => err instanceof OpenAI.AuthenticationError && err.status === 401,
  );
});

test('a question without a model', async () => {
  await assert.rejects(
    client.chat.completions.create({ messages: user('hi') }),
    (err) => err instanceof OpenAI.BadRequestError && /model parameter not found/.test(err.message),
  );
});

const instruct = 'gpt-3.5-turbo-instruct';

test('completions', async () => {
  const { data, response } = await client.completions.create({ model: instruct, prompt: 'hello there', max_tokens: 9 }).withResponse();
  assert.equal(data.choices[0].text, 'You said: hello there');
  assert.equal(data.choices[0].finish_reason, 'stop');
  assert.equal(data.usage.total_tokens, 6);
  assert.deepEqual(await usage(response), counted(2, 4));
});

test('completions of several prompts', async () => {
  const data = await client.completions.create({ model: instruct, prompt: ['reply: a', 'reply: b'] });
  assert.deepEqual(data.choices.map((c) => c.text), ['a', 'b']);
});

test('completions streamed', async () => {
  const { data: stream, response } = await client.completions
    .create({ model: instruct, prompt: 'hello', stream: true }).withResponse();
  const texts = [];
  for await (const chunk of stream) {
    assert.equal('usage' in chunk, false);
    texts.push(chunk.choices[0].text);
  }
  assert.deepEqual(texts, ['You', ' said:', ' hello', '']);
  assert.deepEqual(await usage(response), counted(1, 3));
});

test('completions streamed with usage', async () => {
  const stream = await client.completions.create({
    model: instruct, prompt: 'hello', stream: true, stream_options: { include_usage: true },
  });
  let last;
  for await (const chunk of stream) last = chunk;
  assert.equal(last.usage.total_tokens, 4);
});

// openai, embeddings, responses and models.
import assert from 'node:assert/strict';
import test from 'node:test';
import OpenAI from 'openai';
import { apiKey, baseURL, canceled, counted, exchange, usage, weather } from './gateway.js';

const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const model = 'gpt-4o-mini';
const tools = [{ type: 'function', strict: true, ...weather }];
const vector = (text, size) => Array.from({ length: size }, (_, i) => (text.length + i) / 64);

test('embeddings, which the client asks for in base64', async () => {
  const { data, response } = await client.embeddings.create({ model: 'text-embedding-3-small', input: ['one', 'two words'] }).withResponse();
  assert.deepEqual(data.data.map((d) => Array.from(d.embedding)), [vector('one', 8), vector('two words', 8)]);
  assert.equal(data.usage.prompt_tokens, 3);
  assert.deepEqual(await usage(response), counted(3, 0));
});

test('embeddings as floats, of a size', async () => {
  const data = await client.embeddings.create({
    model: 'text-embedding-3-small', input: 'one', dimensions: 1024, encoding_format: 'float',
  });
  assert.deepEqual(data.data[0].embedding, vector('one', 1024));
});

test('embeddings, refused', async () => {
  await assert.rejects(
    client.embeddings.create({ model: 'text-embedding-3-small', input: 7 }),
    (err) => err instanceof OpenAI.BadRequestError && err.param === 'input',
  );
});

test('responses', async () => {
  const { data, response } = await client.responses.create({ model, instructions: 'Be brief.', input: 'hello there' }).withResponse();
  assert.equal(data.output_text, 'You said: hello there');
  assert.equal(data.status, 'completed');
  assert.equal(data.usage.total_tokens, 8);
  assert.deepEqual(await usage(response), counted(4, 4));
});

test('responses streamed', async () => {
  const { data: stream, response } = await client.responses.create({ model, input: 'hello', stream: true }).withResponse();
  const kinds = [];
  const deltas = [];
  let completed;
  for await (const event of stream) {
    assert.equal(event.sequence_number, kinds.length);
    kinds.push(event.type);
    if (event.type === 'response.output_text.delta') deltas.push(event.delta);
    if (event.type === 'response.completed') completed = event.response;
  }
  assert.equal(kinds[0], 'response.created');
  assert.equal(kinds.at(-1), 'response.completed');
  assert.deepEqual(deltas, ['You', ' said:', ' hello']);
  assert.equal(completed.usage.total_tokens, 4);
  assert.deepEqual(await usage(response), counted(1, 3));
  const { body } = await exchange(completed.id);
  assert.deepEqual(body, { model, input: 'hello', stream: true }, 'nothing was added');
});

test('responses, tools in two turns that the service remembers', async () => {
  const first = await client.responses.create({ model, input: 'What is the weather in Oslo and Rome?', tools });
  const calls = first.output.filter((o) => o.type === 'function_call');
  assert.deepEqual(calls.map((c) => [c.name, JSON.parse(c.arguments).city]), [['get_weather', 'Oslo'], ['get_weather', 'Rome']]);
  const second = await client.responses.create({
    model, tools, previous_response_id: first.id,
    input: calls.map((c) => ({ type: 'function_call_output', call_id: c.call_id, output: 'sun' })),
  });
  assert.equal(second.output_text, 'The tools said: sun; sun');
});

test('responses streamed, tools', async () => {
  const stream = client.responses.stream({ model, input: 'What is the weather in Oslo and Rome?', tools });
  const deltas = [];
  stream.on('response.function_call_arguments.delta', (e) => deltas.push([e.output_index, e.delta]));
  const final = await stream.finalResponse();
  assert.deepEqual(final.output.map((o) => o.parsed_arguments ?? JSON.parse(o.arguments)), [{ city: 'Oslo' }, { city: 'Rome' }]);
  assert.deepEqual(deltas.map(([i]) => i), [0, 0, 1, 1]);
});

test('responses, fetched and deleted', async () => {
  const made = await client.responses.create({ model, input: 'hello' });
  const { data: fetched, response } = await client.responses.retrieve(made.id).withResponse();
  assert.equal(fetched.output_text, 'You said: hello');
  assert.deepEqual(await usage(response), counted(0, 0), 'the tokens of an answer count once');
  await client.responses.delete(made.id);
  await assert.rejects(client.responses.retrieve(made.id), OpenAI.NotFoundError);
});

test('responses, refused', async () => {
  await assert.rejects(client.responses.create({ model, input: 'error: 400' }), (err) => {
    assert.ok(err instanceof OpenAI.BadRequestError);
    assert.match(err.message, /scripted failure 400/);
    return true;
  });
});

test('responses streamed, left by the caller', async () => {
  let id;
  for await (const event of await client.responses.create({ model, input: 'forever', stream: true })) {
    if (event.type === 'response.created') id = event.response.id;
    if (event.type === 'response.output_text.delta') break;
  }
  await canceled(id);
});

test('responses streamed, cut off', async () => {
  await assert.rejects(async () => {
    for await (const _ of await client.responses.create({ model, input: 'break', stream: true }));
  }, (err) => err instanceof OpenAI.APIError && /ended early/.test(err.message));
});

test('models', async () => {
  const ids = [];
  for await (const m of client.models.list()) ids.push(m.id);
  assert.ok(ids.includes(model), ids);
  assert.equal((await client.models.retrieve(model)).id, model);
  await assert.rejects(client.models.retrieve('gpt-0'), OpenAI.NotFoundError);
});

// @langchain/openai.
import assert from 'node:assert/strict';
import test from 'node:test';
import { HumanMessage, SystemMessage, ToolMessage } from '@langchain/core/messages';
import { tool } from '@langchain/core/tools';
import { ChatOpenAI, OpenAI, OpenAIEmbeddings } from '@langchain/openai';
import { z } from 'zod';
import { apiKey, baseURL, counted, recorder, usage } from './gateway.js';

const record = recorder();
const options = { apiKey, maxRetries: 0, configuration: { baseURL, fetch: record.fetch } };
const chat = new ChatOpenAI({ ...options, model: 'gpt-4o-mini' });
const responses = new ChatOpenAI({ ...options, model: 'gpt-4o-mini', useResponsesApi: true });

const weather = tool(async ({ city }) => `sun in ${city}`, {
  name: 'get_weather', description: 'The weather in a city', schema: z.object({ city: z.string() }),
});

for (const [name, model] of [['chat', chat], ['responses', responses]]) {
  test(`langchain, ${name}`, async () => {
    const message = await model.invoke([new SystemMessage('Be brief.'), new HumanMessage('hello there')]);
    assert.equal(message.text, 'You said: hello there');
    assert.deepEqual([message.usage_metadata.input_tokens, message.usage_metadata.output_tokens], [4, 4]);
    assert.deepEqual(await usage(record.response), counted(4, 4));
  });

  test(`langchain, ${name} streamed`, async () => {
    let whole;
    let chunks = 0;
    for await (const chunk of await model.stream('hello there')) {
      whole = whole ? whole.concat(chunk) : chunk;
      if (chunk.text) chunks++;
    }
    assert.equal(whole.text, 'You said: hello there');
    assert.equal(chunks, 4);
    assert.equal(whole.usage_metadata.total_tokens, 6);
    assert.deepEqual(await usage(record.response), counted(2, 4));
  });

  test(`langchain, ${name}: tools, in two turns`, async () => {
    const bound = model.bindTools([weather]);
    const conversation = [new HumanMessage('What is the weather in Oslo and Rome?')];
    const first = await bound.invoke(conversation);
    assert.deepEqual(first.tool_calls.map((c) => [c.name, c.args]), [
      ['get_weather', { city: 'Oslo' }], ['get_weather', { city: 'Rome' }],
    ]);
    conversation.push(first);
    for (const call of first.tool_calls) {
      conversation.push(new ToolMessage({ tool_call_id: call.id, content: await weather.invoke(call.args) }));
    }
    const second = await bound.invoke(conversation);
    assert.equal(second.text, 'The tools said: sun in Oslo; sun in Rome');
  });

  test(`langchain, ${name}: tools streamed`, async () => {
    let whole;
    for await (const chunk of await model.bindTools([weather]).stream('What is the weather in Oslo and Rome?')) {
      whole = whole ? whole.concat(chunk) : chunk;
    }
    assert.deepEqual(whole.tool_calls.map((c) => c.args), [{ city: 'Oslo' }, { city: 'Rome' }]);
  });

  test(`langchain, ${name}: structured output`, async () => {
    const structured = model.withStructuredOutput(z.object({ city: z.string() }), { method: 'jsonSchema' });
    assert.deepEqual(await structured.invoke('reply: {"city":"Oslo"}'), { city: 'Oslo' });
  });

  test(`langchain, ${name}: a rate limit`, async () => {
    await assert.rejects(model.invoke('error: 429'), (err) => err.status === 429 && /scripted failure 429/.test(err.message));
  });
}

test('langchain, streamed without usage', async () => {
  const quiet = new ChatOpenAI({ ...options, model: 'gpt-4o-mini', streamUsage: false });
  let whole;
  for await (const chunk of await quiet.stream('hello')) whole = whole ? whole.concat(chunk) : chunk;
  assert.equal(whole.text, 'You said: hello');
  assert.equal(whole.usage_metadata, undefined);
  assert.deepEqual(await usage(record.response), counted(1, 3));
});

test('langchain, completions', async () => {
  const model = new OpenAI({ ...options, model: 'gpt-3.5-turbo-instruct' });
  assert.equal(await model.invoke('hello there'), 'You said: hello there');
  const texts = [];
  for await (const text of await model.stream('hello')) texts.push(text);
  assert.equal(texts.join(''), 'You said: hello');
});

test('langchain, embeddings', async () => {
  const embeddings = new OpenAIEmbeddings({ ...options, model: 'text-embedding-3-small', dimensions: 4 });
  const vectors = await embeddings.embedDocuments(['one', 'two words']);
  assert.deepEqual(vectors, [[3, 4, 5, 6].map((n) => n / 64), [9, 10, 11, 12].map((n) => n / 64)]);
  assert.deepEqual(await usage(record.response), counted(3, 0));
});

// ai (Vercel), with its providers for OpenAI and for what is compatible.
import assert from 'node:assert/strict';
import test from 'node:test';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import {
  APICallError, embedMany, generateObject, generateText, stepCountIs, streamText, tool,
} from 'ai';
import { z } from 'zod';
import { apiKey, baseURL, canceled, counted, entry, recorder, usage } from './gateway.js';

const record = recorder();
const openai = createOpenAI({ baseURL, apiKey, fetch: record.fetch });
const compatible = createOpenAICompatible({
  name: 'sluice', baseURL, apiKey, fetch: record.fetch, includeUsage: false, supportsStructuredOutputs: true,
});
const lastUsage = () => usage(record.response);

const weather = tool({
  description: 'The weather in a city',
  inputSchema: z.object({ city: z.string() }),
  execute: async ({ city }) => `sun in ${city}`,
});

// Each way of the same package; the path shows which API it took.
const models = {
  'ai with openai, responses': [openai('gpt-4o-mini'), '/openai/v1/responses'],
  'ai with openai, chat': [openai.chat('gpt-4o-mini'), '/openai/v1/chat/completions'],
  'ai with openai-compatible': [compatible.chatModel('gpt-4o-mini'), '/openai/v1/chat/completions'],
};

for (const [name, [model, path]] of Object.entries(models)) {
  const base = { model, maxRetries: 0 };

  test(`${name}: text`, async () => {
    const result = await generateText({ ...base, system: 'Be brief.', prompt: 'hello there' });
    assert.equal(result.text, 'You said: hello there');
    assert.equal(result.finishReason, 'stop');
    assert.deepEqual([result.usage.inputTokens, result.usage.outputTokens], [4, 4]);
    assert.deepEqual(await lastUsage(), counted(4, 4));
    const { request } = await entry(record.response.headers.get('x-kong-request-id'));
    assert.equal(request.uri, path);
  });

  test(`${name}: streamed text`, async () => {
    const result = streamText({ ...base, prompt: 'hello there' });
    const deltas = [];
    for await (const delta of result.textStream) deltas.push(delta);
    assert.deepEqual(deltas, ['You', ' said:', ' hello', ' there']);
    assert.equal(await result.finishReason, 'stop');
    assert.deepEqual(await lastUsage(), counted(2, 4));
    // Only openai-compatible was told not to ask for usage.
    const total = (await result.usage).outputTokens;
    assert.equal(total, name.endsWith('compatible') ? undefined : 4);
  });

  test(`${name}: tools, in two turns`, async () => {
    const result = await generateText({
      ...base, tools: { get_weather: weather }, stopWhen: stepCountIs(3), prompt: 'What is the weather in Oslo and Rome?',
    });
    assert.deepEqual(result.steps[0].toolCalls.map((c) => [c.toolName, c.input]), [
      ['get_weather', { city: 'Oslo' }], ['get_weather', { city: 'Rome' }],
    ]);
    assert.equal(result.steps[0].finishReason, 'tool-calls');
    assert.equal(result.text, 'The tools said: sun in Oslo; sun in Rome');
  });

  test(`${name}: tools, streamed`, async () => {
    const result = streamText({
      ...base, tools: { get_weather: weather }, stopWhen: stepCountIs(3), prompt: 'What is the weather in Oslo and Rome?',
    });
    const inputs = [];
    let argumentDeltas = 0;
    for await (const part of result.fullStream) {
      assert.notEqual(part.type, 'error', String(part.error));
      if (part.type === 'tool-input-delta') argumentDeltas++;
      if (part.type === 'tool-call') inputs.push(part.input);
    }
    assert.deepEqual(inputs, [{ city: 'Oslo' }, { city: 'Rome' }]);
    assert.equal(argumentDeltas, 4);
    assert.equal(await result.text, 'The tools said: sun in Oslo; sun in Rome');
  });

  test(`${name}: an object of a schema`, async () => {
    const result = await generateObject({ ...base, schema: z.object({ city: z.string() }), prompt: 'reply: {"city":"Oslo"}' });
    assert.deepEqual(result.object, { city: 'Oslo' });
  });

  test(`${name}: a rate limit`, async () => {
    await assert.rejects(generateText({ ...base, prompt: 'error: 429' }), (err) => {
      assert.ok(APICallError.isInstance(err), err);
      assert.equal(err.statusCode, 429);
      assert.equal(err.isRetryable, true);
      assert.equal(err.responseHeaders['retry-after'], '7');
      assert.match(err.message, /scripted failure 429/);
      return true;
    });
  });

  test(`${name}: a bad request before a stream`, async () => {
    let failure;
    const result = streamText({ ...base, prompt: 'error: 400', onError: ({ error }) => { failure = error; } });
    await result.consumeStream();
    assert.equal(failure.statusCode, 400);
    assert.match(failure.message, /scripted failure 400/);
  });

  test(`${name}: an abort cancels upstream`, async () => {
    const controller = new AbortController();
    const result = streamText({ ...base, prompt: 'forever', abortSignal: controller.signal, includeRawChunks: true });
    let id;
    for await (const part of result.fullStream) {
      if (part.type === 'raw') id ??= part.rawValue.response?.id ?? part.rawValue.id;
      if (part.type === 'text-delta') controller.abort();
    }
    await canceled(id);
  });
}

for (const [name, provider] of [['ai with openai', openai], ['ai with openai-compatible', compatible]]) {
  test(`${name}: embeddings`, async () => {
    const result = await embedMany({
      model: provider.textEmbeddingModel('text-embedding-3-small'), values: ['one', 'two words'], maxRetries: 0,
    });
    assert.deepEqual(result.embeddings.map((e) => e[0]), [3 / 64, 9 / 64]);
    assert.equal(result.usage.tokens, 3);
    assert.deepEqual(await lastUsage(), counted(3, 0));
  });
}

test('ai with openai, completions', async () => {
  const model = openai.completion('gpt-3.5-turbo-instruct');
  const result = await generateText({ model, prompt: 'hello', maxRetries: 0 });
  assert.match(result.text, /^You said: /);
  const deltas = [];
  for await (const delta of streamText({ model, prompt: 'hello', maxRetries: 0 }).textStream) deltas.push(delta);
  assert.equal(deltas.join(''), result.text);
});

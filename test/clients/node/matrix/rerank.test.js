// Rankings, which Cohere's clients alone ask for, before those who have them
// and some who have none.
import assert from 'node:assert/strict';
import test from 'node:test';
import { CohereClient, CohereClientV2 } from 'cohere-ai';
import { count } from './matrix.js';

const root = process.env.MATRIX_URL;
const token = process.env.GATEWAY_KEY;
const model = 'rerank-v3.5';
const query = 'red fox';
const texts = ['a grey wolf', 'the red fox', 'a red "kite" 🪁'];
const best = [[1, 1], [2, 0.5]];

const clients = {
  v1: { make: (environment) => new CohereClient({ environment, token, maxRetries: 0 }), documents: texts.map((text) => ({ text, id: 'x' })) },
  v2: { make: (environment) => new CohereClientV2({ environment, token, maxRetries: 0 }), documents: texts },
};

const ranks = (answer) => answer.results.map((r) => [r.index, r.relevanceScore]);

for (const [version, { make, documents }] of Object.entries(clients)) {
  const row = (provider, what, run) => test(`cohere-ai (cohere) before ${provider}: ${what} ${version}`, { timeout: 20_000 }, async () => {
    let verdict = 'FAIL';
    try {
      await run(make(`${root}/cohere/${provider}`));
      verdict = 'ok';
    } finally {
      count({ name: 'cohere-ai', format: 'cohere' }, provider, `${what}-${version}`, verdict);
    }
  });

  for (const provider of ['cohere', 'openai-compatible']) {
    row(provider, 'rerank', async (client) => {
      const answer = await client.rerank({ model, query, documents, topN: 2 });
      assert.deepEqual(ranks(answer), best);
      assert.equal(answer.meta.apiVersion.version, version.slice(1));
      assert.ok(answer.id);
      const { searchUnits, inputTokens } = answer.meta.billedUnits;
      assert.deepEqual([searchUnits, inputTokens], provider === 'cohere' ? [1, undefined] : [undefined, 9]);
      assert.ok(answer.results.every((r) => r.document === undefined));
    });
  }

  row('openai-compatible', 'rerank-failure', async (client) => {
    const failed = client.rerank({ model, query: 'error: 429', documents });
    const err = await failed.then(() => assert.fail('there is no error'), (e) => e);
    assert.deepEqual([err.statusCode, err.body.message], [429, 'scripted failure 429']);
  });

  for (const provider of ['openai', 'anthropic', 'gemini', 'ollama']) {
    row(provider, 'rerank-refused', async (client) => {
      const err = await client.rerank({ model, query, documents }).then(() => assert.fail('there is no error'), (e) => e);
      assert.deepEqual([err.statusCode, err.body.message], [400, `not supported by this version for provider ${provider}: rerank`]);
    });
  }
}

for (const provider of ['cohere', 'openai-compatible']) {
  test(`cohere-ai (cohere) before ${provider}: fields and documents`, { timeout: 20_000 }, async () => {
    const client = clients.v1.make(`${root}/cohere/${provider}`);
    const documents = [{ title: 'wolf', colour: 'grey' }, { title: 'fox', colour: 'red' }];
    const answer = await client.rerank({ model, query, documents, rankFields: ['title', 'colour'], topN: 1 });
    assert.deepEqual(ranks(answer), [[1, 1]]);
    const returned = await client.rerank({ model, query, documents: texts, returnDocuments: true });
    assert.deepEqual(returned.results.map((r) => r.document.text), [texts[1], texts[2], texts[0]]);
  });
}

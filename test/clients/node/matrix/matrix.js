// The matrix: one client in its own format before the models of every
// provider. What is asked is the same for all, see ../../upstream.
//
// A client is an adapter:
//
//   name    of the package
//   format  that it speaks, as in the routes of ../../lab
//   make(url, key)  a client of its own, for what url is the root of
//   ask(client, {model, messages, stream, tools})  one turn, gives
//     {text, calls: [{id, name, args}], usage: [prompt, completion], deltas, finish, message}
//     deltas is how many pieces of text came, message what the history gets
//   user(text), results(calls)  further messages; a result is call.output
//   stop, toolStop  what finish is after a text, and after calls
//   failure(err)  {status, message} of what the client throws
import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import test from 'node:test';

export const models = {
  openai: 'gpt-4o-mini',
  anthropic: 'claude-sonnet-4-5',
  gemini: 'gemini-2.5-flash',
  bedrock: 'anthropic.claude-sonnet-4-5-20250929-v1:0',
  cohere: 'command-a-03-2025',
  ollama: 'qwen3:8b',
};

export const system = 'Be brief.';

const question = 'What is the weather in Zürich and São Paulo?';
const places = ['Zürich', 'São Paulo'];

const root = need('MATRIX_URL');
const key = need('GATEWAY_KEY');

function need(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run ../run.sh`);
  return value;
}

async function text(adapter, client, model, stream) {
  const got = await adapter.ask(client, { model, messages: [adapter.user('hello there, "you" 🙂')], stream });
  assert.equal(got.text, 'You said: hello there, "you" 🙂');
  assert.deepEqual(got.calls, []);
  assert.deepEqual(got.usage, [6, 6], 'usage');
  assert.equal(got.finish, adapter.stop);
  if (stream) assert.ok(got.deltas > 2, `${got.deltas} pieces of text`);
}

// tools is a whole loop: calls, their results, and what the model makes of
// them. The provider refuses a result without its call, and a call without the
// proof that it had given for it.
async function tools(adapter, client, model, stream) {
  const messages = [adapter.user(question)];
  const first = await adapter.ask(client, { model, messages, stream, tools: true });
  assert.deepEqual(first.calls.map((c) => [c.name, c.args]), places.map((city) => ['get_weather', { city }]));
  if (first.calls.some((c) => c.id !== undefined)) assert.notEqual(first.calls[0].id, first.calls[1].id);
  assert.equal(first.finish, adapter.toolStop);
  const results = first.calls.map((c) => ({ ...c, output: `sun in ${c.args.city}` }));
  messages.push(...[first.message].flat(), ...[adapter.results(results)].flat());
  const second = await adapter.ask(client, { model, messages, stream, tools: true });
  assert.equal(unwrapped(second.text), 'The tools said: sun in Zürich; sun in São Paulo');
  assert.equal(second.finish, adapter.stop);
}

// unwrapped takes outputs out of the object that Google wants them in.
function unwrapped(said) {
  return said.replaceAll(/\{"output": ?"([^"]*)"\}/g, '$1');
}

async function failure(adapter, client, model, stream) {
  const ask = adapter.ask(client, { model, messages: [adapter.user('error: 429')], stream });
  const err = await ask.then(() => assert.fail('there is no error'), (e) => adapter.failure(e));
  assert.equal(err.status, 429);
  assert.match(err.message, /scripted failure 429/);
}

const scenarios = { text, tools, failure };

export function matrix(adapter) {
  for (const [provider, model] of Object.entries(models)) {
    for (const [scenario, run] of Object.entries(scenarios)) {
      for (const stream of [false, true]) {
        const what = stream ? `${scenario}-streamed` : scenario;
        test(`${adapter.name} (${adapter.format}) before ${provider}: ${what}`, { timeout: 20_000 }, async () => {
          let verdict = 'FAIL';
          try {
            const client = await adapter.make(`${root}/${adapter.format}/${provider}`, key);
            await run(adapter, client, model, stream);
            verdict = 'ok';
          } finally {
            count(adapter, provider, what, verdict);
          }
        });
      }
    }
  }
}

// count is a line of what ../run.sh counts.
export function count(adapter, provider, what, verdict) {
  const file = process.env.MATRIX_COUNTS;
  if (file) appendFileSync(file, `${adapter.name}\t${adapter.format}\t${provider}\t${what}\t${verdict}\n`);
}

export const weather = {
  name: 'get_weather',
  description: 'The weather in a city',
  schema: {
    type: 'object',
    properties: { city: { type: 'string', description: 'Where' } },
    required: ['city'],
  },
};

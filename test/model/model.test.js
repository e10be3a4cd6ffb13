// The gateway before a real model: what the caller gets is what the model
// said, and what the log counts is what the model's tokenizer counted.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import OpenAI from 'openai';
import { model as gguf } from './gguf.js';
import { name as model, start } from './server.js';

const binary = process.env.SLUICE_BINARY;
const key = 'a-callers-key';
let dir;
let server;
let gateway;
let direct; // a client of the model server itself
let through; // the same client behind the gateway

before(async () => {
  assert.ok(binary, 'SLUICE_BINARY is not set: run ./run.sh');
  dir = await mkdtemp(join(tmpdir(), 'sluice-model-'));
  const file = join(dir, 'tiny.gguf');
  await writeFile(file, gguf(1));
  server = await start(file);
  const port = await freePort();
  await writeFile(join(dir, 'kong.yml'), configuration());
  gateway = spawn(binary, ['start'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...process.env, SLUICE_PREFIX: dir, SLUICE_DECLARATIVE_CONFIG: join(dir, 'kong.yml'), SLUICE_LOG_LEVEL: 'error',
      SLUICE_PROXY_LISTEN: `127.0.0.1:${port}`, SLUICE_ADMIN_LISTEN: 'off', SLUICE_STATUS_LISTEN: 'off',
    },
  });
  await until('the gateway', () => {
    assert.equal(gateway.exitCode, null, 'the gateway has ended');
    return fetch(`http://127.0.0.1:${port}/`).catch(() => undefined);
  });
  direct = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'none', maxRetries: 0 });
  through = new OpenAI({ baseURL: `http://127.0.0.1:${port}/openai/v1`, apiKey: key, maxRetries: 0 });
});

after(async () => {
  if (gateway && gateway.exitCode === null) {
    gateway.kill('SIGTERM');
    await once(gateway, 'exit');
  }
  await server?.close();
  if (dir) await rm(dir, { recursive: true });
});

function configuration() {
  const route = (path, type) => ({
    name: type,
    paths: [`/openai/v1/${path}`],
    plugins: [{
      name: 'ai-proxy',
      config: {
        route_type: `llm/v1/${type}`,
        genai_category: type === 'embeddings' ? 'text/embeddings' : 'text/generation',
        logging: { log_statistics: true },
        model: { provider: 'openai', name: model, options: { upstream_url: `${server.url}/v1/${path}` } },
      },
    }],
  });
  return JSON.stringify({
    _format_version: '3.0',
    services: [{
      name: 'local', url: 'http://127.0.0.1:1',
      routes: [route('chat/completions', 'chat'), route('embeddings', 'embeddings')],
    }],
    plugins: [
      { name: 'key-auth', config: { key_names: ['authorization'], hide_credentials: true } },
      { name: 'file-log', config: { path: join(dir, 'entries.log') } },
    ],
    consumers: [{ username: 'tester', keyauth_credentials: [{ key }] }],
  });
}

async function freePort() {
  const s = createServer().listen(0, '127.0.0.1');
  await once(s, 'listening');
  const { port } = s.address();
  s.close();
  await once(s, 'close');
  return port;
}

async function until(what, look) {
  for (let tries = 0; tries < 200; tries++) {
    const found = await look();
    if (found) return found;
    await sleep(50);
  }
  throw new Error(`waited in vain for ${what}`);
}

// logged is what the gateway's log says of an answer's tokens.
async function logged(response) {
  const id = response.headers.get('x-kong-request-id');
  const entry = await until(`the log entry of ${id}`, async () => {
    const lines = (await readFile(join(dir, 'entries.log'), 'utf8')).trimEnd().split('\n');
    return lines.map((line) => JSON.parse(line)).find((e) => e.request.id === id);
  });
  const { prompt_tokens: prompt, completion_tokens: completion, total_tokens: total, estimated = false } = entry.ai.proxy.usage;
  return { prompt, completion, total, estimated };
}

const counts = ({ prompt, completion, total }) => ({ prompt, completion, total, estimated: false });

const question = {
  model, seed: 7, temperature: 1, max_tokens: 40,
  messages: [{ role: 'system', content: 'Be brief.' }, { role: 'user', content: 'Hello to you, and näïve 🙂 greetings' }],
};

test('chat', async () => {
  const { data, response } = await through.chat.completions.create(question).withResponse();
  const record = server.records.at(-1);
  const text = data.choices[0].message.content;
  assert.ok(text.length > 0);
  assert.deepEqual(
    [data.usage.prompt_tokens, data.usage.completion_tokens], [record.prompt, record.completion],
  );
  assert.deepEqual(await logged(response), counts(record));
  const without = await direct.chat.completions.create(question);
  assert.equal(text, without.choices[0].message.content, 'the model says the same without the gateway');
});

test('chat streamed', async () => {
  const { data: stream, response } = await through.chat.completions.create({ ...question, stream: true }).withResponse();
  let text = '';
  let finish;
  for await (const chunk of stream) {
    assert.equal('usage' in chunk, false);
    text += chunk.choices[0].delta.content ?? '';
    finish = chunk.choices[0].finish_reason;
  }
  const record = server.records.at(-1);
  assert.deepEqual(await logged(response), counts(record));
  const without = await direct.chat.completions.create(question);
  assert.equal(text, without.choices[0].message.content);
  assert.equal(finish, without.choices[0].finish_reason);
});

test('chat streamed with usage', async () => {
  const { data: stream, response } = await through.chat.completions
    .create({ ...question, stream: true, stream_options: { include_usage: true } }).withResponse();
  let last;
  for await (const chunk of stream) last = chunk;
  const record = server.records.at(-1);
  assert.equal(last.usage.total_tokens, record.total);
  assert.deepEqual(await logged(response), counts(record));
});

test('a caller who leaves stops the model', async () => {
  const { data: stream, response } = await through.chat.completions
    .create({ ...question, max_tokens: 400, stream: true }).withResponse();
  let seen = 0;
  for await (const _ of stream) if (++seen === 3) break;
  const record = server.records.at(-1);
  await until('the model to stop', () => record.total > 0);
  assert.ok(record.canceled && record.completion < 400, `${record.completion} tokens were generated`);
  assert.equal((await logged(response)).estimated, true);
});

test('embeddings', async () => {
  for (const encoding_format of [undefined, 'float']) {
    const input = { model, input: ['Hello to you', 'näïve 🙂'], encoding_format };
    const { data, response } = await through.embeddings.create(input).withResponse();
    const record = server.records.at(-1);
    assert.equal(data.usage.prompt_tokens, record.prompt);
    assert.deepEqual(await logged(response), counts(record));
    const without = await direct.embeddings.create(input);
    assert.equal(data.data[0].embedding.length, 64);
    assert.deepEqual(data.data, without.data);
  }
});

test('a question that the model server refuses', async () => {
  await assert.rejects(
    through.chat.completions.create({ ...question, model: 'another' }),
    (err) => err.status === 400 && /cannot use own model - must be: tiny-random-llama/.test(err.message),
  );
});

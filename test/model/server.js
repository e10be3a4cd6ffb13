// A model server: llama.cpp behind the part of OpenAI's API that the test
// needs. Its counts are those of the model's own tokenizer.
import { createServer } from 'node:http';
import { once } from 'node:events';
import { getLlama } from 'node-llama-cpp';

export const name = 'tiny-random-llama';
const contextSize = 512;

// start serves the model in a file. Of every answer records has the counts.
export async function start(modelPath) {
  // The prebuilt library, on one thread: the model is so small that more only
  // wait for each other.
  const llama = await getLlama({ gpu: false, build: 'never', skipDownload: true, maxThreads: 1, logLevel: 'error' });
  const model = await llama.loadModel({ modelPath });
  const context = await model.createContext({ contextSize, threads: 1 });
  const embedder = await model.createEmbeddingContext({ threads: 1 });
  const service = new Service(model, context.getSequence(), embedder);
  const server = createServer((req, res) => service.answer(req, res).catch((err) => fail(res, 500, err.message)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    records: service.records,
    async close() {
      server.closeAllConnections();
      server.close();
      await llama.dispose();
    },
  };
}

class Service {
  records = [];
  turn = Promise.resolve(); // the model answers one question at a time

  constructor(model, sequence, embedder) {
    Object.assign(this, { model, sequence, embedder });
  }

  async answer(req, res) {
    const chunks = [];
    for await (const chunk of req) chunks.push(chunk);
    const body = JSON.parse(Buffer.concat(chunks).toString());
    if (body.model !== name) return fail(res, 404, `model ${body.model} not found`);
    const operation = { '/v1/chat/completions': 'chat', '/v1/embeddings': 'embeddings' }[req.url];
    if (!operation) return fail(res, 404, `no ${req.url} here`);
    const done = this.turn.then(() => this[operation](body, res));
    this.turn = done.catch(() => {});
    return done;
  }

  async chat(body, res) {
    const record = { id: `chatcmpl-${this.records.length + 1}`, prompt: 0, completion: 0, total: 0, canceled: false };
    this.records.push(record);
    const head = { id: record.id, created: 0, model: name };
    const chunk = (delta, finish_reason) => ({
      ...head, object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason }],
    });
    const send = (data) => res.write(`data: ${JSON.stringify(data)}\n\n`);
    if (body.stream) {
      res.setHeader('content-type', 'text/event-stream');
      send(chunk({ role: 'assistant', content: '' }, null));
    }
    const onText = (text) => body.stream && send(chunk({ content: text }, null));
    const { text, finish } = await this.generate(body, record, onText, () => res.destroyed);
    if (!body.stream) {
      const message = { role: 'assistant', content: text };
      json(res, { ...head, object: 'chat.completion', choices: [{ index: 0, message, finish_reason: finish }], usage: usage(record) });
      return;
    }
    send(chunk({}, finish));
    if (body.stream_options?.include_usage) send({ ...head, object: 'chat.completion.chunk', choices: [], usage: usage(record) });
    res.end('data: [DONE]\n\n');
  }

  async generate(body, record, onText, left) {
    const prompt = this.model.tokenize(render(body.messages));
    record.prompt = prompt.length;
    const limit = Math.min(body.max_tokens ?? 32, contextSize - prompt.length - 1);
    await this.sequence.clearHistory();
    const tokens = [];
    let text = '';
    let finish = 'stop';
    for await (const token of this.sequence.evaluate(prompt, { temperature: body.temperature ?? 1, seed: body.seed ?? 1 })) {
      if (this.model.isEogToken(token)) break;
      tokens.push(token);
      const whole = this.model.detokenize(tokens);
      // A character may come in several tokens: its first ones look like �.
      if (!whole.endsWith('\ufffd')) {
        onText(whole.slice(text.length));
        text = whole;
      }
      record.canceled = left();
      if (record.canceled) break;
      if (tokens.length >= limit) {
        finish = 'length';
        break;
      }
    }
    record.completion = tokens.length;
    record.total = record.prompt + record.completion;
    return { text, finish };
  }

  async embeddings(body, res) {
    const data = [];
    let tokens = 0;
    for (const [index, text] of [body.input].flat().entries()) {
      tokens += this.model.tokenize(text).length;
      const { vector } = await this.embedder.getEmbeddingFor(text);
      const embedding = body.encoding_format === 'base64'
        ? Buffer.from(new Float32Array(vector).buffer).toString('base64') : vector;
      data.push({ object: 'embedding', index, embedding });
    }
    this.records.push({ prompt: tokens, completion: 0, total: tokens });
    json(res, { object: 'list', model: name, data, usage: { prompt_tokens: tokens, total_tokens: tokens } });
  }
}

// render is the chat template of the model (see gguf.js).
function render(messages) {
  return `${messages.map((m) => `<${m.role}> ${m.content}\n`).join('')}<assistant>`;
}

function usage(record) {
  return { prompt_tokens: record.prompt, completion_tokens: record.completion, total_tokens: record.total };
}

function json(res, body) {
  res.setHeader('content-type', 'application/json');
  res.end(JSON.stringify(body));
}

function fail(res, status, message) {
  if (res.headersSent) return res.destroy();
  res.statusCode = status;
  return json(res, { error: { message, type: 'invalid_request_error', param: null, code: null } });
}

// Writes a tiny llama model with random weights as a GGUF file. It talks
// nonsense, but it is a real model to a real server: it has a tokenizer, a
// context, embeddings, and gives the same answer to the same question.
//
// The same seed makes the same file. Usage: node gguf.js FILE [SEED]
import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const width = 64;
const heads = 4;
const kvHeads = 2;
const blocks = 2;
const feed = 128;
const kvWidth = (width / heads) * kvHeads;
const alignment = 32;

// Types of values, as GGUF numbers them.
const U32 = 4;
const I32 = 5;
const F32 = 6;
const BOOL = 7;
const STRING = 8;
const ARRAY = 9;

// Kinds of tokens in a llama vocabulary.
const NORMAL = 1;
const UNKNOWN = 2;
const CONTROL = 3;
const BYTE = 6;

const words = ['he', 'llo', 'the', 'and', 'to', 'of', 'in', 'is', 'it', 'you', 'that', 'was', 'for', 'on'];

const template = `{% for message in messages %}<{{ message['role'] }}> {{ message['content'] }}
{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}
`;

function vocabulary() {
  const tokens = [['<unk>', UNKNOWN], ['<s>', CONTROL], ['</s>', CONTROL]];
  for (let b = 0; b < 256; b++) tokens.push([`<0x${b.toString(16).toUpperCase().padStart(2, '0')}>`, BYTE]);
  tokens.push(['\u2581', NORMAL]);
  for (let c = 0x21; c < 0x7f; c++) tokens.push([String.fromCharCode(c), NORMAL]);
  for (const w of words) tokens.push([w, NORMAL]);
  return tokens;
}

// tensors lists name and shape, the input width first.
function tensors(tokens) {
  const list = [['token_embd.weight', [width, tokens]]];
  for (let b = 0; b < blocks; b++) {
    const of = (name, shape) => list.push([`blk.${b}.${name}.weight`, shape]);
    of('attn_norm', [width]);
    of('attn_q', [width, width]);
    of('attn_k', [width, kvWidth]);
    of('attn_v', [width, kvWidth]);
    of('attn_output', [width, width]);
    of('ffn_norm', [width]);
    of('ffn_gate', [width, feed]);
    of('ffn_up', [width, feed]);
    of('ffn_down', [feed, width]);
  }
  list.push(['output_norm.weight', [width]], ['output.weight', [width, tokens]]);
  return list;
}

// gaussian draws from a normal distribution (mulberry32, Box-Muller).
function gaussian(seed) {
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (((t ^ (t >>> 14)) >>> 0) + 0.5) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

class Writer {
  parts = [];
  size = 0;

  bytes(b) {
    this.parts.push(b);
    this.size += b.length;
  }

  number(size, write) {
    const b = Buffer.alloc(size);
    write(b);
    this.bytes(b);
  }

  u32(v) { this.number(4, (b) => b.writeUInt32LE(v)); }
  i32(v) { this.number(4, (b) => b.writeInt32LE(v)); }
  u64(v) { this.number(8, (b) => b.writeBigUInt64LE(BigInt(v))); }
  f32(v) { this.number(4, (b) => b.writeFloatLE(v)); }

  string(s) {
    const b = Buffer.from(s);
    this.u64(b.length);
    this.bytes(b);
  }

  value(type, v) {
    const write = {
      [U32]: () => this.u32(v), [I32]: () => this.i32(v), [F32]: () => this.f32(v),
      [BOOL]: () => this.bytes(Buffer.from([v ? 1 : 0])), [STRING]: () => this.string(v),
    };
    write[type]();
  }

  pad() { this.bytes(Buffer.alloc((alignment - (this.size % alignment)) % alignment)); }
}

function metadata(vocab) {
  const list = [
    ['general.architecture', STRING, 'llama'],
    ['general.name', STRING, 'tiny-random-llama'],
    ['general.file_type', U32, 0],
    ['general.alignment', U32, alignment],
    ['llama.context_length', U32, 512],
    ['llama.embedding_length', U32, width],
    ['llama.block_count', U32, blocks],
    ['llama.feed_forward_length', U32, feed],
    ['llama.vocab_size', U32, vocab.length],
    ['llama.attention.head_count', U32, heads],
    ['llama.attention.head_count_kv', U32, kvHeads],
    ['llama.rope.dimension_count', U32, width / heads],
    ['llama.rope.freq_base', F32, 10000],
    ['llama.attention.layer_norm_rms_epsilon', F32, 1e-5],
    ['tokenizer.ggml.model', STRING, 'llama'],
    ['tokenizer.ggml.tokens', ARRAY, STRING, vocab.map(([text]) => text)],
    ['tokenizer.ggml.scores', ARRAY, F32, vocab.map((_, i) => (i < 259 ? 0 : -i))],
    ['tokenizer.ggml.token_type', ARRAY, I32, vocab.map(([, kind]) => kind)],
    ['tokenizer.ggml.bos_token_id', U32, 1],
    ['tokenizer.ggml.eos_token_id', U32, 2],
    ['tokenizer.ggml.unknown_token_id', U32, 0],
    ['tokenizer.ggml.add_bos_token', BOOL, true],
    ['tokenizer.chat_template', STRING, template],
  ];
  return list;
}

// model is the content of the file.
export function model(seed) {
  const vocab = vocabulary();
  const shapes = tensors(vocab.length);
  const meta = metadata(vocab);
  const w = new Writer();
  w.bytes(Buffer.from('GGUF'));
  w.u32(3);
  w.u64(shapes.length);
  w.u64(meta.length);
  for (const [key, type, ...rest] of meta) {
    w.string(key);
    w.u32(type);
    if (type !== ARRAY) {
      w.value(type, rest[0]);
      continue;
    }
    const [element, values] = rest;
    w.u32(element);
    w.u64(values.length);
    for (const v of values) w.value(element, v);
  }
  const count = (shape) => shape.reduce((a, b) => a * b, 1);
  const room = (shape) => Math.ceil((count(shape) * 4) / alignment) * alignment;
  let offset = 0;
  for (const [name, shape] of shapes) {
    w.string(name);
    w.u32(shape.length);
    for (const n of shape) w.u64(n);
    w.u32(0); // F32
    w.u64(offset);
    offset += room(shape);
  }
  w.pad();
  const draw = gaussian(seed);
  for (const [, shape] of shapes) {
    const data = new Float32Array(count(shape));
    const scale = 1 / Math.sqrt(shape[0]);
    for (let i = 0; i < data.length; i++) data[i] = shape.length === 1 ? 1 : draw() * scale;
    w.bytes(Buffer.from(data.buffer));
    w.pad();
  }
  return Buffer.concat(w.parts);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  writeFileSync(process.argv[2], model(Number(process.argv[3] ?? 1)));
}

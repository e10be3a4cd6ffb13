// What the tests know of the gateway before them; see ../lab.
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

export const baseURL = need('GATEWAY_URL');
export const apiKey = need('GATEWAY_KEY');
const logFile = need('GATEWAY_LOG');
const control = need('CONTROL_URL');

function need(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run ../run.sh`);
  return value;
}

// entry is the gateway's log entry of a request, by the id that its answer
// carries in X-Kong-Request-Id. Entries are written a moment after the answer,
// and a reader may see the front half of one that is being written.
export async function entry(requestID) {
  return until(`a log entry of request ${requestID}`, async () => {
    const lines = (await readFile(logFile, 'utf8')).split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line)).find((e) => e.request.id === requestID);
  });
}

// usage is what that entry says of tokens.
export async function usage(response) {
  const e = await entry(response.headers.get('x-kong-request-id'));
  const { prompt_tokens, completion_tokens, total_tokens, estimated } = e.ai.proxy.usage;
  return { prompt: prompt_tokens, completion: completion_tokens, total: total_tokens, estimated: estimated ?? false };
}

// counted is what usage gives when the provider counted.
export function counted(prompt, completion) {
  return { prompt, completion, total: prompt + completion, estimated: false };
}

// exchange is what the model service has seen of a question, by the id of its
// answer.
export async function exchange(id) {
  const response = await fetch(`${control}/exchanges/${id}`);
  if (!response.ok) throw new Error(`the model service knows no ${id}`);
  return response.json();
}

// canceled waits until the model service has noticed that its caller left.
export async function canceled(id) {
  return until(`the end of ${id}`, async () => {
    const e = await exchange(id);
    return e.canceled ? e : undefined;
  });
}

async function until(what, look) {
  for (let tries = 0; tries < 100; tries++) {
    const found = await look();
    if (found) return found;
    await sleep(30);
  }
  throw new Error(`waited in vain for ${what}`);
}

// recorder is a fetch that keeps the last response, for clients that do not
// show it.
export function recorder() {
  const record = {
    async fetch(url, init) {
      record.response = await fetch(url, init);
      return record.response;
    },
  };
  return record;
}

// raw sends a request without a client, for what only the bytes show.
export function raw(path, body, headers = {}) {
  return fetch(baseURL + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}

// events are the data of a stream, parsed but for [DONE].
export async function events(response) {
  const lines = (await response.text()).split('\n').filter((line) => line.startsWith('data: '));
  return lines.map((line) => line.slice(6)).map((data) => (data === '[DONE]' ? data : JSON.parse(data)));
}

export const weather = {
  name: 'get_weather',
  description: 'The weather in a city',
  parameters: {
    type: 'object',
    properties: { city: { type: 'string' } },
    required: ['city'],
    additionalProperties: false,
  },
};

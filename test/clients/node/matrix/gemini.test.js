import { GoogleGenAI } from '@google/genai';
import { matrix, system, weather } from './matrix.js';

matrix({
  name: '@google/genai',
  format: 'gemini',
  stop: 'STOP',
  toolStop: 'STOP',
  make: (baseUrl, apiKey) => new GoogleGenAI({ apiKey, vertexai: false, httpOptions: { baseUrl } }),
  async ask(client, { model, messages, stream, tools }) {
    const config = { systemInstruction: system };
    if (tools) {
      config.tools = [{ functionDeclarations: [{ name: weather.name, description: weather.description, parameters: weather.schema }] }];
    }
    const params = { model, contents: messages, config };
    const chunks = [];
    if (stream) for await (const chunk of await client.models.generateContentStream(params)) chunks.push(chunk);
    else chunks.push(await client.models.generateContent(params));
    const parts = chunks.flatMap((c) => c.candidates?.[0]?.content?.parts ?? []);
    const texts = parts.filter((p) => p.text && !p.thought);
    const { usageMetadata } = chunks.at(-1);
    return {
      text: texts.map((p) => p.text).join(''),
      calls: parts.filter((p) => p.functionCall).map(({ functionCall: c }) => ({ id: c.id, name: c.name, args: c.args })),
      usage: [usageMetadata.promptTokenCount, usageMetadata.candidatesTokenCount],
      finish: chunks.findLast((c) => c.candidates?.[0]?.finishReason).candidates[0].finishReason,
      deltas: texts.length,
      message: { role: 'model', parts },
    };
  },
  user: (text) => ({ role: 'user', parts: [{ text }] }),
  results: (calls) => ({
    role: 'user', parts: calls.map((c) => ({ functionResponse: { id: c.id, name: c.name, response: { output: c.output } } })),
  }),
  failure: (e) => ({ status: e.status, message: e.message }),
});

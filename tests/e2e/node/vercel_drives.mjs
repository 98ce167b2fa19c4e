// The Vercel AI SDK, by three of its providers: any that speaks like OpenAI, OpenAI (Responses), Anthropic.
import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { Output, generateText, stepCountIs, streamText, tool } from 'ai';
import { z } from 'zod';
import { PNG, QUESTION, RESULTS, SYSTEM, WEATHER, apiKey, baseURL, refusal, run } from './cases.mjs';

globalThis.AI_SDK_LOG_WARNINGS = false;

const providers = {
  compatible: createOpenAICompatible({ name: 'gateway', apiKey, baseURL, supportsStructuredOutputs: true }),
  openai: createOpenAI({ apiKey, baseURL }),
  anthropic: createAnthropic({ apiKey, baseURL }),
};
const schema = z.object({ name: z.string(), age: z.number() });
// Without state at the provider, items of a conversation are sent whole.
const base = { system: SYSTEM, maxRetries: 0, maxOutputTokens: 4096, providerOptions: { openai: { store: false } } };

function weather(cities) {
  return tool({
    description: 'Tells',
    inputSchema: z.object({ city: z.string() }),
    execute: async ({ city }) => {
      cities.push(city);
      return RESULTS[city];
    },
  });
}

function scenarios(model) {
  return {
    async whole({ name }) {
      const { text, finishReason } = await generateText({ ...base, model: model(name), prompt: QUESTION });
      return { text, reason: finishReason };
    },

    async streamed({ name }) {
      let [text, pieces] = ['', 0];
      for await (const piece of streamText({ ...base, model: model(name), prompt: QUESTION }).textStream) {
        text += piece;
        pieces += 1;
      }
      return { text, many: pieces > 3 };
    },

    async tools({ name }) {
      const cities = [];
      const tools = { get_weather: weather(cities) };
      const { text } = await generateText({ ...base, model: model(name), prompt: WEATHER, tools, stopWhen: stepCountIs(3) });
      return { cities, told: text };
    },

    async toolsStreamed({ name }) {
      const cities = [];
      const tools = { get_weather: weather(cities) };
      const told = await streamText({ ...base, model: model(name), prompt: WEATHER, tools, stopWhen: stepCountIs(3) }).text;
      return { cities, told };
    },

    async picture({ name, pictures }) {
      if (!pictures) return undefined;
      const content = [
        { type: 'image', image: Buffer.from(PNG, 'base64'), mediaType: 'image/png' },
        { type: 'text', text: 'What is this?' },
      ];
      return (await generateText({ model: model(name), maxRetries: 0, messages: [{ role: 'user', content }] })).text;
    },

    async parsed({ name, schemas }) {
      if (!schemas) return undefined;
      const output = Output.object({ schema });
      return (await generateText({ ...base, model: model(name), prompt: 'Who?', output })).output.name;
    },

    refused: ({ name }) => refusal(() => generateText({ ...base, model: model(name), prompt: 'fail inner' })),

    async broken({ name }) {
      let said = '';
      const onError = ({ error }) => (said = error?.message ?? JSON.stringify(error));
      const result = streamText({ ...base, model: model(name), prompt: 'cut midway please', onError });
      try {
        for await (const _ of result.textStream);
      } catch (error) {
        said ||= error.message;
      }
      return said;
    },

    async abort({ name }) {
      const leaving = new AbortController();
      const options = { ...base, model: model(name), prompt: 'slowly please', abortSignal: leaving.signal };
      for await (const _ of streamText({ ...options, onError: () => undefined }).textStream) leaving.abort();
      return true;
    },
  };
}

const all = {};
for (const [kind, model] of Object.entries(providers)) {
  for (const [scenario, drive] of Object.entries(scenarios(model))) all[`${kind}:${scenario}`] = drive;
}
await run(all);

// The official OpenAI library: Chat Completions, Responses and Embeddings.
import OpenAI from 'openai';
import { zodResponseFormat, zodTextFormat } from 'openai/helpers/zod';
import { z } from 'zod';
import { PARAMETERS, PNG_URL, QUESTION, RESULTS, SYSTEM, WEATHER, apiKey, baseURL, refusal, run } from './cases.mjs';

const client = new OpenAI({ apiKey, baseURL, maxRetries: 0 });
const chat = client.chat.completions;
const Person = z.object({ name: z.string(), age: z.number() });
const TOOLS = [{ type: 'function', function: { name: 'get_weather', description: 'Tells', parameters: PARAMETERS } }];
const FLAT = [{ type: 'function', name: 'get_weather', description: 'Tells', parameters: PARAMETERS, strict: true }];
const asked = (text) => [
  { role: 'system', content: SYSTEM },
  { role: 'user', content: text },
];

async function turns(ask) {
  const messages = asked(WEATHER);
  const first = await ask(messages);
  messages.push(first);
  const cities = first.tool_calls.map((call) => JSON.parse(call.function.arguments).city);
  first.tool_calls.forEach((call, number) =>
    messages.push({ role: 'tool', tool_call_id: call.id, content: RESULTS[cities[number]] }),
  );
  const told = (await ask(messages)).content;
  return { cities, told };
}

// A message as programs send it back: what the library adds for itself is left out.
function plain({ role, content, tool_calls, thinking_blocks }) {
  const calls = tool_calls?.map(({ id, type, function: { name, arguments: text }, extra_content }) => ({
    id,
    type,
    function: { name, arguments: text },
    ...(extra_content && { extra_content }),
  }));
  return { role, content, ...(calls && { tool_calls: calls }), ...(thinking_blocks && { thinking_blocks }) };
}

await run({
  async whole({ name }) {
    const { choices, usage } = await chat.create({ model: name, messages: asked(QUESTION) });
    return { text: choices[0].message.content, reason: choices[0].finish_reason, prompt: usage.prompt_tokens };
  },

  async streamed({ name }) {
    let text = '';
    let pieces = 0;
    for await (const chunk of await chat.create({ model: name, messages: asked(QUESTION), stream: true })) {
      const piece = chunk.choices[0]?.delta?.content ?? '';
      text += piece;
      if (piece) pieces += 1;
    }
    return { text, many: pieces > 3 };
  },

  tools: ({ name }) =>
    turns(async (messages) => plain((await chat.create({ model: name, messages, tools: TOOLS })).choices[0].message)),

  toolsStreamed: ({ name }) =>
    turns(async (messages) => plain(await chat.stream({ model: name, messages, tools: TOOLS }).finalMessage())),

  async picture({ name, pictures }) {
    if (!pictures) return undefined;
    const content = [
      { type: 'text', text: 'What is this?' },
      { type: 'image_url', image_url: { url: PNG_URL } },
    ];
    return (await chat.create({ model: name, messages: [{ role: 'user', content }] })).choices[0].message.content;
  },

  async parsed({ name, schemas }) {
    if (!schemas) return undefined;
    const response_format = zodResponseFormat(Person, 'person');
    return (await chat.parse({ model: name, messages: asked('Who?'), response_format })).choices[0].message.parsed.name;
  },

  refused: ({ name }) => refusal(() => chat.create({ model: name, messages: asked('fail inner') })),

  limited: ({ name }) => refusal(() => chat.create({ model: name, messages: asked('fail rate'), stream: true })),

  broken: ({ name }) =>
    refusal(async () => {
      for await (const _ of await chat.create({ model: name, messages: asked('cut midway please'), stream: true }));
    }),

  async abort({ name }) {
    const stream = await chat.create({ model: name, messages: asked('slowly please'), stream: true });
    for await (const chunk of stream) if (chunk.choices[0]?.delta?.content) break;
    return true;
  },

  async respondWhole({ name }) {
    const { status, output_text } = await client.responses.create({ model: name, instructions: SYSTEM, input: QUESTION });
    return { status, text: output_text };
  },

  async respondStreamed({ name }) {
    const stream = client.responses.stream({ model: name, instructions: SYSTEM, input: QUESTION });
    let text = '';
    for await (const event of stream) if (event.type === 'response.output_text.delta') text += event.delta;
    const { status } = await stream.finalResponse();
    return { status, text };
  },

  async respondTools({ name }) {
    const input = [{ role: 'user', content: WEATHER }];
    const first = await client.responses.create({ model: name, input, tools: FLAT, store: false });
    input.push(...first.output);
    const cities = [];
    for (const item of first.output.filter(({ type }) => type === 'function_call')) {
      const { city } = JSON.parse(item.arguments);
      cities.push(city);
      input.push({ type: 'function_call_output', call_id: item.call_id, output: RESULTS[city] });
    }
    const { output_text } = await client.responses.create({ model: name, input, tools: FLAT, store: false });
    return { cities, told: output_text };
  },

  async respondParsed({ name, schemas }) {
    if (!schemas) return undefined;
    const text = { format: zodTextFormat(Person, 'person') };
    return (await client.responses.parse({ model: name, input: 'Who?', text })).output_parsed.name;
  },

  respondRefused: ({ name }) => refusal(() => client.responses.create({ model: name, input: 'fail inner' })),

  async embedded({ embedder }) {
    if (!embedder) return undefined;
    const { data } = await client.embeddings.create({ model: embedder, input: ['Hello', 'you'] });
    return data.map(({ embedding }) => [...embedding]);
  },
});

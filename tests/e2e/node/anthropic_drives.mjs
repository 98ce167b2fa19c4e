// The official Anthropic library: Messages.
import Anthropic from '@anthropic-ai/sdk';
import { PARAMETERS, PNG, QUESTION, RESULTS, SYSTEM, WEATHER, apiKey, baseURL, refusal, run } from './cases.mjs';

const { messages } = new Anthropic({ apiKey, baseURL, maxRetries: 0 });
const TOOLS = [{ name: 'get_weather', description: 'Tells', input_schema: PARAMETERS }];
const asked = (content) => [{ role: 'user', content }];
const textOf = ({ content }) => content.map(({ type, text }) => (type === 'text' ? text : '')).join('');
const of = (name, text, more) => ({ model: name, max_tokens: 4096, messages: asked(text), ...more });

async function turns(name, ask, more) {
  const said = asked(WEATHER);
  const options = { model: name, max_tokens: 4096, messages: said, tools: TOOLS, ...more };
  const first = await ask(options);
  const calls = first.content.filter(({ type }) => type === 'tool_use');
  const content = calls.map(({ id, input }) => ({
    type: 'tool_result',
    tool_use_id: id,
    content: RESULTS[input.city],
  }));
  said.push({ role: 'assistant', content: first.content }, { role: 'user', content });
  return { cities: calls.map(({ input }) => input.city), told: textOf(await ask(options)) };
}

await run({
  async whole({ name }) {
    const answer = await messages.create(of(name, QUESTION, { system: SYSTEM }));
    return { text: textOf(answer), reason: answer.stop_reason, prompt: answer.usage.input_tokens };
  },

  async streamed({ name }) {
    let pieces = 0;
    const stream = messages.stream(of(name, QUESTION, { system: SYSTEM })).on('text', () => (pieces += 1));
    return { text: textOf(await stream.finalMessage()), many: pieces > 3 };
  },

  tools: ({ name }) => turns(name, (options) => messages.create(options)),

  toolsStreamed: ({ name }) => turns(name, (options) => messages.stream(options).finalMessage()),

  async thinking({ thinker, budgets }) {
    if (!thinker) return undefined;
    const thinking = budgets ? { type: 'enabled', budget_tokens: 1024 } : { type: 'adaptive' };
    return turns(thinker, (options) => messages.stream(options).finalMessage(), { thinking });
  },

  async picture({ name, pictures }) {
    if (!pictures) return undefined;
    const source = { type: 'base64', media_type: 'image/png', data: PNG };
    const content = [
      { type: 'image', source },
      { type: 'text', text: 'What is this?' },
    ];
    return textOf(await messages.create(of(name, content)));
  },

  refused: ({ name }) => refusal(() => messages.create(of(name, 'fail inner'))),

  limited: ({ name }) => refusal(() => messages.create(of(name, 'fail rate', { stream: true }))),

  broken: ({ name }) => refusal(() => messages.stream(of(name, 'cut midway please')).finalMessage()),

  async abort({ name }) {
    const stream = await messages.create(of(name, 'slowly please', { stream: true }));
    for await (const event of stream) if (event.type === 'content_block_delta') break;
    return true;
  },

  async counted({ name, counts }) {
    if (!counts) return undefined;
    return (await messages.countTokens({ model: name, system: SYSTEM, messages: asked(QUESTION) })).input_tokens;
  },
});

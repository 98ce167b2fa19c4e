// One call with the official OpenAI library: node chat.mjs BASE_URL MODEL [stream]
// Prints one JSON line for each thing that happens, so that a test can follow it.
import OpenAI from 'openai';

const [baseURL, model, mode] = process.argv.slice(2);
const client = new OpenAI({ apiKey: 'sk-1', baseURL });
const say = (what) => process.stdout.write(JSON.stringify(what) + '\n');
const question = { model, messages: [{ role: 'user', content: 'Hello' }] };

try {
  if (mode === 'stream') {
    const stream = await client.chat.completions.create({ ...question, stream: true });
    for await (const chunk of stream) say({ delta: chunk.choices[0]?.delta?.content ?? '' });
  } else {
    const completion = await client.chat.completions.create(question);
    say({ content: completion.choices[0].message.content });
  }
  say({ done: true });
} catch (error) {
  say({ error: error.constructor.name, status: error.status ?? null });
}

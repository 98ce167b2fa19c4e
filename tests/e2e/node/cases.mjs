// What the programs beside this file share: what is asked, and how scenarios are run and told.
// node PROGRAM BASE_URL KEY, with the families as JSON on standard input; each prints one JSON line a scenario:
// {family, scenario, said} or {family, scenario, failed}.
export const QUESTION = 'Hello é';
export const SYSTEM = 'Be brief.';
export const WEATHER = 'What is the weather in Paris and Zürich?';
export const RESULTS = { Paris: '21 degrees', Zürich: '5 degrees' };
export const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
export const PNG_URL = `data:image/png;base64,${PNG}`;
export const PARAMETERS = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
};

export const [baseURL, apiKey] = process.argv.slice(2);

const say = (what) => process.stdout.write(JSON.stringify(what) + '\n');

async function read(stream) {
  let text = '';
  for await (const piece of stream) text += piece;
  return JSON.parse(text);
}

// All scenarios for all families, the families at once. A scenario that is not for a family returns undefined.
export async function run(scenarios) {
  const families = await read(process.stdin);
  await Promise.all(
    families.map(async (family) => {
      for (const [scenario, drive] of Object.entries(scenarios)) {
        try {
          const said = await drive(family);
          if (said !== undefined) say({ family: family.key, scenario, said });
        } catch (error) {
          say({ family: family.key, scenario, failed: String(error?.stack ?? error) });
        }
      }
    }),
  );
}

// What a call is refused with, as the library tells it.
export async function refusal(call) {
  try {
    await call();
  } catch (error) {
    const status = error.status ?? error.statusCode ?? null;
    return { name: error.constructor.name, status, message: error.message };
  }
  return { name: null };
}

// The official Parallel library calls everything it has: node parallel_local.mjs BASE_URL
// Prints one JSON line: the methods there are, and for each that was called what came of it.
import Parallel from 'parallel-web';

const [baseURL] = process.argv.slice(2);
const client = new Parallel({ apiKey: 'pk-of-the-sdk', baseURL, maxRetries: 0, timeout: 60_000 });
const question = 'When was the Zorblax reservoir completed?';
const page = 'https://docs.example.test/zorblax';
const objective = 'Find reservoirs that have an owner';
const fields = { type: 'object', properties: { owner: { type: 'string' } }, required: ['owner'] };
const came = {};

const methods = (thing, prefix) => {
  const own = Object.getOwnPropertyNames(Object.getPrototypeOf(thing));
  const called = own.filter((name) => name !== 'constructor' && typeof thing[name] === 'function');
  const below = Object.entries(thing).filter(([, value]) => value?._client === client);
  return [
    ...called.map((name) => prefix + name),
    ...below.flatMap(([name, value]) => methods(value, `${prefix}${name}.`)),
  ];
};

const attempt = async (name, act) => {
  try {
    came[name] = (await act()) ?? null;
  } catch (error) {
    came[name] = { error: error.constructor.name, status: error.status ?? null };
  }
  return came[name];
};

const kinds = async (stream) => {
  const found = [];
  for await (const event of stream) found.push(event.type);
  return found;
};

await attempt('search', async () => (await client.search({ search_queries: ['Zorblax reservoir'] })).results[0].url);
await attempt('extract', async () => (await client.extract({ urls: [page] })).results[0].title);

const run = await attempt('taskRun.create', async () => (await client.taskRun.create({ input: question, processor: 'pro-fast' })).run_id);
await attempt('taskRun.events', async () => (await kinds(await client.taskRun.events(run))).at(-1));
await attempt('taskRun.result', async () => (await client.taskRun.result(run, { timeout: 30 })).run.status);
await attempt('taskRun.retrieve', async () => (await client.taskRun.retrieve(run)).status);
await attempt('taskRun.retrieveInput', async () => (await client.taskRun.retrieveInput(run)).input);

const group = await attempt('taskGroup.create', async () => (await client.taskGroup.create({})).taskgroup_id);
const inputs = [{ input: question, processor: 'lite' }];
const [member] = await attempt('taskGroup.addRuns', async () => (await client.taskGroup.addRuns(group, { inputs })).run_ids);
await attempt('taskGroup.events', async () => (await kinds(await client.taskGroup.events(group))).at(-1));
await attempt('taskGroup.getRuns', async () => await kinds(await client.taskGroup.getRuns(group)));
await attempt('taskGroup.retrieve', async () => (await client.taskGroup.retrieve(group)).status.task_run_status_counts);
await attempt('taskGroup.retrieveRun', async () => (await client.taskGroup.retrieveRun(member, { taskgroup_id: group })).status);

const { findall, memory } = client.beta;
const schema = await findall.ingest({ objective });
await attempt('beta.findall.ingest', async () => schema.entity_type);
const wanted = {
  objective,
  entity_type: schema.entity_type,
  match_conditions: schema.match_conditions,
  generator: 'base',
  match_limit: 5,
};
const found = await attempt('beta.findall.create', async () => (await findall.create(wanted)).findall_id);
await attempt('beta.findall.events', async () => (await kinds(await findall.events(found))).at(-1));
await attempt('beta.findall.retrieve', async () => (await findall.retrieve(found)).status.status);
await attempt('beta.findall.result', async () => (await findall.result(found)).run.status.status);
await attempt('beta.findall.cancel', async () => await findall.cancel(found));
await attempt('beta.findall.extend', async () => await findall.extend(found, { additional_match_limit: 5 }));
await attempt('beta.findall.enrich', async () => (await findall.enrich(found, { output_schema: { json_schema: fields } })).enrichments.length);
await attempt('beta.findall.schema', async () => (await findall.schema(found)).enrichments.length);
await attempt('beta.findall.entitySearch', async () => (await findall.entitySearch({ entity_type: 'companies', objective })).entities.length >= 0);

await attempt('beta.memory.retrieve', async () => (await memory.retrieve({ query: 'Zorblax', kind: 'task' })).results.length);
await attempt('beta.memory.evict', async () => await memory.evict({ kind: 'task', id: run }));
await attempt('beta.memory.clear', async () => await memory.clear({}));

process.stdout.write(JSON.stringify({ methods: methods(client, ''), came }) + '\n');

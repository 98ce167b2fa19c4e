// The official Parallel library makes a run and reads it: node parallel_runs.mjs BASE_URL
// Prints one JSON line for each thing that happens.
import Parallel from 'parallel-web';

const [baseURL] = process.argv.slice(2);
const client = new Parallel({ apiKey: 'pk-of-the-sdk', baseURL });
const say = (what) => process.stdout.write(JSON.stringify(what) + '\n');

const attempt = async (name, act) => {
  try {
    say({ [name]: await act() });
  } catch (error) {
    say({ [name]: { error: error.constructor.name, status: error.status ?? null } });
  }
};

await attempt('made', async () => (await client.taskRun.create({ input: 'x', processor: 'ultra' })).run_id);
await attempt('read', async () => (await client.taskRun.retrieve('trun_0123456789abcdef0123456789abcdef')).status);
await attempt('result', async () => (await client.taskRun.result('trun_0123456789abcdef0123456789abcdef')).output.content);
await attempt('others', async () => (await client.taskRun.retrieve('trun_fedcba9876543210fedcba9876543210')).status);

import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import type { Box } from '../../../scripts/box/box.ts';
import { until } from '../faults/until.ts';

export interface Answer {
  status: number;
  body: unknown;
}

/** Asks what listens in a box on its loopback; null where nothing does. */
export async function ask(box: Box, path: string, token?: string, method = 'GET'): Promise<Answer | null> {
  const [command, ...args] = box.inNetwork([process.execPath, '--input-type=module', '--eval', SCRIPT]);
  const child = spawn(command!, args, {
    env: { URL: `http://127.0.0.1:8080${path}`, TOKEN: token ?? '', METHOD: method },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const said = await text(child.stdout);
  return said === '' ? null : (JSON.parse(said) as Answer);
}

const SCRIPT = `
const { URL: url, TOKEN: token, METHOD: method } = process.env;
const headers = token === '' ? {} : { authorization: 'Bearer ' + token };
try {
  const answer = await fetch(url, { method, headers });
  console.log(JSON.stringify({ status: answer.status, body: await answer.json() }));
} catch (error) {
  if (error.cause?.code !== 'ECONNREFUSED' && error.cause?.code !== 'ECONNRESET') throw error;
}`;

/** Resolves when the appliance in a box says that all it depends on is ready. */
export async function untilReady(box: Box): Promise<void> {
  let last: Answer | null = null;
  await until(
    'the appliance to be ready',
    async () => {
      last = await ask(box, '/ready');
      return last?.status === 200;
    },
    { seconds: 240, everyMs: 250, about: () => JSON.stringify(last) },
  );
}

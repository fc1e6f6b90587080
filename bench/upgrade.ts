import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Box } from '../scripts/box/box.ts';
import { makeBox } from '../scripts/box/box.ts';
import { removeLeftovers } from '../scripts/box/leftovers.ts';
import { boxCannotRun } from '../scripts/box/requirements.ts';
import { stickFolder } from '../scripts/box/stick.ts';
import { untilReady } from '../test/support/box/ask.ts';
import { adminToken, frostbyte, installWhole } from '../test/support/box/install.ts';
import { nextStickFolder } from '../test/support/box/next-stick.ts';
import { downtimeOf, type Polled, pollSearch } from '../test/support/box/poll.ts';
import { atMost } from './bounds.ts';
import { longOf, phasesOf } from './phases.ts';

/** As many as the promise speaks of; `FROSTBYTE_BENCH_DOCUMENTS` for fewer. */
const DOCUMENTS = Number(process.env.FROSTBYTE_BENCH_DOCUMENTS ?? 10_000);
/** What is promised to a client that asks every 100 ms, in seconds. */
const BOUND = 15;
const NEXT = '/var/tmp/next';
const TENANT = 'nordlaw';

/**
 * An upgrade and a rollback of an installed appliance in a box with many documents, seen by a client that searches every 100 ms:
 * the longest time from one good answer to the next, what else it was answered, and the phases that it takes.
 */
export async function measure(): Promise<string[]> {
  const missing = boxCannotRun();
  if (missing !== null) return [`no box can be had here: ${missing}`];
  await removeLeftovers();
  const [stick, next] = [await stickFolder(), await nextStickFolder()];
  const box = await makeBox({ equipment: 'both', stick });
  try {
    await box.boot();
    await installWhole(box, stick);
    cpSync(next, join(box.root, NEXT), { recursive: true });
    await untilReady(box);
    const seconds = await fill(box);
    const reader = await must(box, null, 'token', 'issue', '--role', 'tenant_user', '--tenant', TENANT);
    const upgrade = await seen(box, reader, ['sh', `${NEXT}/install.sh`, '--upgrade', '--', '--progress', 'none']);
    const phases = longOf(await phasesOf(box));
    const back = await seen(box, reader, ['frostbyte', 'rollback', '--progress', 'none']);
    return [
      `documents stored                ${DOCUMENTS} (taken and indexed in ${Math.round(seconds)} s)`,
      `downtime of the upgrade         ${told('downtime of the upgrade', upgrade)}`,
      `downtime of the rollback        ${told('downtime of the rollback', back)}`,
      ...phases,
    ];
  } finally {
    await box.end();
  }
}

async function fill(box: Box): Promise<number> {
  const token = await adminToken(box);
  await must(
    box,
    token,
    'tenant',
    'create',
    'Nord Law',
    '--email',
    'it@nordlaw.example',
    '--set',
    'max_batch_size=10000',
  );
  const folder = join(box.root, 'srv/many');
  mkdirSync(folder, { recursive: true });
  for (let n = 0; n < DOCUMENTS; n++) {
    const text = `Delivery ${n}: pallet ${n % 97} left gate ${n % 13} for the warehouse, and its notice period ends in week ${n % 52}.`;
    writeFileSync(join(folder, `delivery-${n}.txt`), `${text}\n`);
  }
  const began = performance.now();
  await must(box, token, 'ingest', '/srv/many', '--tenant', TENANT);
  return (performance.now() - began) / 1000;
}

async function must(box: Box, token: string | null, ...words: string[]): Promise<string> {
  const { code, out, err } = await frostbyte(box, token, ...words);
  if (code !== 0) throw new Error(`${words.join(' ')}: ${err}`);
  return out.trim();
}

async function seen(box: Box, token: string, words: string[]): Promise<Polled[]> {
  const client = pollSearch(box, TENANT, token, 'notice period of pallet 12');
  const { code, out, err } = await box.run(words);
  const polled = await client.stop();
  if (code !== 0) throw new Error(`${words.join(' ')}: ${err}${out}`);
  return polled;
}

function told(what: string, polled: readonly Polled[]): string {
  const seconds = downtimeOf(polled);
  const answers = Map.groupBy(polled, ({ status, why }) => (status === 200 ? 'good' : `${status || ''} ${why}`.trim()));
  const counts = [...answers].map(([what, all]) => `${all.length} ${what}`).join(', ');
  return `${seconds.toFixed(1)} s (${atMost(`${what}, s`, seconds, BOUND)}; ${counts})`;
}

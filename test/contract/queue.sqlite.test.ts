import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { it } from 'node:test';
import { promisify } from 'node:util';
import { systemClock } from '../../appliance/kernel/clock.ts';
import { MIGRATIONS } from '../../appliance/stores/queue/migrations/sqlite.gen.ts';
import { jobId } from '../../appliance/stores/queue/port.ts';
import { openSqliteQueue } from '../../appliance/stores/queue/sqlite.ts';
import { manualClock } from '../support/manual-clock.ts';
import { expandedFile } from '../support/next-release.ts';
import { queueContract } from './queue.suite.ts';

queueContract('SQLite, on what the next release expanded', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'queue-'));
  const clock = manualClock();
  const file = expandedFile(join(folder, 'queue.sqlite'), 'queue', MIGRATIONS);
  const open = () => openSqliteQueue(file, { clock });
  const queue = open();
  return {
    queue,
    another: async () => open(),
    advance: clock.advance,
    end: async () => {
      await queue.close();
      await rm(folder, { recursive: true });
    },
  };
});

it('queue: SQLite gives each job to exactly one of several processes', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'queue-'));
  const file = join(folder, 'queue.sqlite');
  const queue = openSqliteQueue(file, { clock: systemClock() });
  const ids = Array.from({ length: 150 }, (_, n) => `doc_${n.toString(16).padStart(16, '0')}`);
  await queue.add(ids.map((doc_id) => ({ job_id: jobId(doc_id, 1, 'parse'), stage: 'parse', doc_id, run: 1 })));
  const script = resolve(import.meta.dirname, '../support/claim-jobs.ts');
  const runs = [1, 2].map(() => promisify(execFile)(process.execPath, [script, file]));
  const claimed = (await Promise.all(runs)).flatMap(({ stdout }) => stdout.split('\n').filter((line) => line !== ''));
  assert.deepEqual(
    claimed.toSorted(),
    ids.map((id) => jobId(id, 1, 'parse')),
  );
  assert.equal((await queue.depth()).parse, 0);
  await queue.close();
  await rm(folder, { recursive: true });
});

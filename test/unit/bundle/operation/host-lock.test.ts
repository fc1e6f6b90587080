import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { lockHost } from '../../../../appliance/bundle/operation/host-lock.ts';
import { BY } from '../../../support/operation-world.ts';

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'frostbyte-lock-'));
});
after(() => rmSync(folder, { recursive: true }));

const holder = (command: string, pid: number) => ({ command, pid, since: '2026-09-21T14:13:20.000Z', by: BY });

/** Another process that holds the host until it is ended. */
async function other(): Promise<ChildProcess> {
  const module = join(import.meta.dirname, '../../../../appliance/bundle/operation/host-lock.ts');
  const program = `import { lockHost } from ${JSON.stringify(module)};
    lockHost(${JSON.stringify(folder)}, { ...${JSON.stringify(holder('frostbyte upgrade', 0))}, pid: process.pid });
    globalThis.gc();
    process.stdout.write('held');
    setInterval(() => {}, 1000);`;
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--expose-gc', '--input-type=module', '-e', program],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  await once(child.stdout!, 'data');
  return child;
}

test('a host is held by one, a second is told by whom, and one that died blocks nobody', async (t) => {
  const child = await other();
  t.after(() => child.kill('SIGKILL'));
  assert.throws(() => lockHost(folder, holder('frostbyte install', process.pid)), {
    code: 'OPERATION_RUNNING',
    message: new RegExp(
      `root \\(logged in as ops\\) works on this host: frostbyte upgrade, process ${child.pid}, since 2026`,
    ),
  });
  child.kill('SIGKILL');
  await once(child, 'exit');
  const lock = lockHost(folder, holder('frostbyte install', process.pid));
  assert.throws(() => lockHost(folder, holder('frostbyte install', 1)), {
    code: 'OPERATION_RUNNING',
    message: /frostbyte install/,
  });
  lock.release();
  lockHost(folder, holder('frostbyte install', process.pid)).release();
});

test('a place that cannot be written to is told as that, not as being held', () => {
  writeFileSync(join(folder, 'file'), '');
  assert.throws(
    () => lockHost(join(folder, 'file'), holder('x', 1)),
    (error: { code?: string }) => error.code === 'EEXIST' || error.code === 'ENOTDIR',
  );
});

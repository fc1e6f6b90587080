import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, copyFileSync, fsyncSync, openSync, readdirSync, rmSync, statSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { backupWorld, ingested, proveRecipient } from '../test/support/backup-world.ts';
import { PROGRAM } from '../test/support/program.ts';
import { stackMissing, testStack } from '../test/support/stack.ts';
import { clearStack } from '../test/support/stack-appliance.ts';
import { memoryMiB, startShipped, textMaker } from './support.ts';

const DOCUMENTS = 10_000;
const BATCH = 250;
const WORDS = 120;
const MIB = 1 << 20;

/**
 * A backup of so many documents, its check with the identity, and its restore, each against a plain copy of the bytes of the backup
 * in the same run; in files, and on servers where the stack is up. Documents are ingested as a vendor sends them.
 */
export async function measure(): Promise<string[]> {
  const lines = await measured('single');
  return stackMissing() === null ? [...lines, ...(await measured('stack'))] : lines;
}

async function measured(arrangement: 'single' | 'stack'): Promise<string[]> {
  const world = await backupWorld();
  const appliance = await startShipped({}, arrangement);
  try {
    await appliance.createTenant('acme', { classification_review_enabled: false });
    await proveRecipient(appliance.dataFolder, world.recovery);
    const dana = await appliance.caller({ role: 'tenant_admin', tenant_id: 'acme', subject: 'dana' });
    const words = textMaker(8);
    for (let sent = 0; sent < DOCUMENTS; sent += BATCH) {
      const contents = Array.from(
        { length: Math.min(BATCH, DOCUMENTS - sent) },
        (_, i) => `${sent + i} ${words(WORDS)}`,
      );
      await ingested(dana, 'acme', contents);
    }
    const environment = { ...appliance.environment, FROSTBYTE_DATA: appliance.dataFolder };
    const file = world.at('all.tar');
    const backup = await timed(environment, 'backup', file);
    const { size } = statSync(file);
    const copy = copied(file, world.at('copy.tar'));
    const check = await timed(environment, 'backup', 'verify', file, '--identity', world.identity);
    await appliance.stop();
    if (arrangement === 'stack') await clearStack(testStack()!);
    const data = world.at('restored');
    const restore = await timed(
      { ...environment, FROSTBYTE_DATA: data },
      'restore',
      file,
      '--identity',
      world.identity,
    );
    const files = readdirSync(data, { recursive: true }).length;
    const where = arrangement === 'stack' ? 'servers' : 'files';
    const line = (name: string, { seconds, memory }: Timed) =>
      `${where}, ${name.padEnd(8)} ${seconds.toFixed(1).padStart(7)} s  ${rate(DOCUMENTS, seconds)} documents/s  ${rate(size / MIB, seconds)} MiB/s  ${(seconds / copy).toFixed(1)} × a copy  ${Math.round(memory)} MiB at most`;
    return [
      `${where}: ${DOCUMENTS} documents, a backup of ${(size / MIB).toFixed(0)} MiB; a plain copy of it, on the disk, ${copy.toFixed(2)} s (${files} files restored)`,
      line('backup', backup),
      line('verify', check),
      line('restore', restore),
    ];
  } finally {
    await appliance.end();
    world.end();
  }
}

interface Timed {
  seconds: number;
  /** MiB at most, of the command. */
  memory: number;
}

async function timed(env: Record<string, string>, ...args: string[]): Promise<Timed> {
  const began = performance.now();
  const [command, ...words] = PROGRAM;
  const child = spawn(command!, [...words, ...args, '--json'], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let memory = 0;
  const looking = setInterval(() => {
    try {
      memory = Math.max(memory, memoryMiB(child.pid!, 'VmHWM') || 0);
    } catch {
      // It has ended.
    }
  }, 100);
  const [errors, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  clearInterval(looking);
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${errors}`);
  return { seconds: (performance.now() - began) / 1000, memory };
}

/** Seconds of a copy that is on the disk. */
function copied(from: string, to: string): number {
  const began = performance.now();
  copyFileSync(from, to);
  const file = openSync(to, 'r+');
  fsyncSync(file);
  closeSync(file);
  const seconds = (performance.now() - began) / 1000;
  rmSync(to);
  return seconds;
}

const rate = (count: number, seconds: number): string => (count / seconds).toFixed(0).padStart(5);

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { stackMissing } from '../support/stack.ts';

/**
 * The stores over TLS: a stack of this test's own, whose servers show certificates of an authority that nobody knows who was
 * not told, and MinIO and PostgreSQL ask for one. The suites of the ports run against it as they are, and a journey of the
 * whole appliance, its isolation check included.
 */

const ROOT = resolve(import.meta.dirname, '../..');
const STACK = { FROSTBYTE_STACK: 'tls', FROSTBYTE_STACK_TLS: 'on' };
const FACTS = resolve(ROOT, '.cache/stack-tls/stack.json');
/** A start on a machine that does other things too, and as long for a journey. */
const LONGEST_MS = 480_000;

/** What a program says, and how it ended. */
async function run(command: string, args: string[], environment: Record<string, string>) {
  const { NODE_TEST_CONTEXT: _, FROSTBYTE_STACK_LOCKED: __, ...inherited } = process.env;
  const child = spawn(command, args, {
    cwd: ROOT,
    env: { ...inherited, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: LONGEST_MS,
  });
  const gone = once(child, 'close');
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  await gone;
  return { status: child.exitCode, said: `${stdout}${stderr}` };
}

function stack(action: string) {
  return run(process.execPath, [resolve(ROOT, 'scripts/stack.ts'), action], STACK);
}

describe('stores over TLS', { skip: stackMissing() ?? false, timeout: 3 * LONGEST_MS }, () => {
  let netns = '';
  before(async () => {
    process.env.FROSTBYTE_STACK = STACK.FROSTBYTE_STACK;
    const { PLACE } = await import('../../scripts/stack/place.ts');
    netns = PLACE.netnsFile;
    const { status, said } = await stack('up');
    assert.equal(status, 0, said);
  });
  after(() => stack('down'));

  /** Runs tests of a file against the servers, some by their names. */
  const passes = async (file: string, names?: string) => {
    const { status, said } = await run(
      'nsenter',
      [
        ...[`--net=${netns}`, process.execPath, '--disable-warning=ExperimentalWarning'],
        ...['--import=./test/support/seed.ts', '--test', '--test-reporter=tap'],
        ...(names === undefined ? [] : [`--test-name-pattern=${names}`]),
        file,
      ],
      { FROSTBYTE_TEST_STACK: FACTS, FROSTBYTE_TEST_ARRANGEMENT: 'stack', FROSTBYTE_TEST_PLANES: 'containers' },
    );
    assert.equal(status, 0, said);
    assert.match(said, /^# pass [1-9]/m, said);
    assert.match(said, /^# skipped 0$/m, said);
  };

  it('let nobody in who shows no certificate, speaks in the clear or believes another authority', () =>
    passes('test/stack/over-tls/refused.ts'));
  it('PostgreSQL keeps logs and rows', async () => {
    await passes('test/contract/log.postgres.test.ts');
    await passes('test/contract/record.postgres.test.ts', 'postgres records: metadata');
  });
  it('MinIO keeps objects', () => passes('test/contract/object.minio.test.ts', 'object store: (?:sealed )?bucket'));
  it('Redis keeps queues and limits', async () => {
    await passes('test/contract/queue.redis.test.ts');
    await passes('test/contract/limits.redis.test.ts');
  });
  it('the appliance keeps tenants on them, isolated, in containers, and finds what it was given', () =>
    passes('test/journey/50-search-proof.test.ts'));
});

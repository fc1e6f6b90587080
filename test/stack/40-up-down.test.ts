import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { after, describe, it } from 'node:test';
import { until } from '../support/faults/until.ts';
import { stackMissing } from '../support/stack.ts';

const ROOT = resolve(import.meta.dirname, '../..');
/** A stack of this test's own, beside the one that other tests use. */
const ENVIRONMENT = { ...process.env, FROSTBYTE_STACK: 'killed' };
delete (ENVIRONMENT as NodeJS.ProcessEnv).FROSTBYTE_STACK_LOCKED;
/** A start on a machine that does other things too. */
const SECONDS = 240;

describe('bringing a stack up and down', { skip: stackMissing() ?? false }, () => {
  process.env.FROSTBYTE_STACK = 'killed';
  after(() => stack('down'));

  it('is taken up again after it was killed on its way, and down after its engine was', async () => {
    const { PLACE } = await import('../../scripts/stack/place.ts');
    const { processesOfStack } = await import('../../scripts/stack/leftovers.ts');
    const engines = () => processesOfStack().filter((pid) => nameOf(pid) === 'dockerd');

    const first = start('up');
    await until('its engine', () => existsSync(PLACE.socket) && engines().length > 0, { seconds: SECONDS });
    killGroup(first);
    await once(first, 'exit');
    assert.equal(existsSync(PLACE.facts), false, 'it was to be killed before it was done');

    assert.equal(stack('up').status, 0);
    const facts = readFileSync(PLACE.facts, 'utf8');
    assert.equal(statSync(PLACE.facts).mode & 0o777, 0o600);
    const before = containers(PLACE.socket);
    assert.equal(before.length, 5);
    assert.equal(stack('up').status, 0);
    assert.deepEqual(containers(PLACE.socket), before, 'a stack that is up is left as it is');
    assert.equal(readFileSync(PLACE.facts, 'utf8'), facts);

    const mountsOfEngine = readFileSync(`/proc/${engines()[0]}/mountinfo`, 'utf8');
    for (const path of ['/run/containerd', '/run/docker'])
      assert.match(mountsOfEngine, new RegExp(` ${path} .* - tmpfs `), `sockets in ${path} would outlive the stack`);

    for (const pid of engines()) process.kill(pid, 'SIGKILL');
    await until('the end of the engine', () => engines().length === 0);
    assert.ok(processesOfStack().length > 0, 'containers outlive their engine');
    assert.equal(stack('status').status, 1);

    const namespace = `net:[${statSync(PLACE.netnsFile).ino}]`;
    assert.equal(stack('down').status, 0);
    assert.deepEqual(processesOfStack(), []);
    assert.equal(existsSync(PLACE.netnsFile), false);
    assert.ok(!everyNamespace().has(namespace), 'the namespace is gone, and with it every bridge in it');
    for (const path of [PLACE.run, PLACE.cache]) assert.equal(existsSync(path), false, path);
    assert.deepEqual(globSync(`/sys/fs/cgroup/{,*/}${PLACE.cgroup}`), []);
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8');
    for (const path of [PLACE.run, PLACE.cache, PLACE.netns]) assert.ok(!mounts.includes(path), path);
    assert.equal(stack('down').status, 0, 'down on nothing is no mistake');
  });
});

function stack(action: string) {
  return spawnSync(process.execPath, [resolve(ROOT, 'scripts/stack.ts'), action], {
    env: ENVIRONMENT,
    encoding: 'utf8',
  });
}

/** In a process group of its own, so that all of it can be killed at once. */
function start(action: string): ChildProcess {
  const options = { env: ENVIRONMENT, stdio: 'ignore', detached: true } as const;
  return spawn(process.execPath, [resolve(ROOT, 'scripts/stack.ts'), action], options);
}

function killGroup({ pid }: ChildProcess): void {
  process.kill(-pid!, 'SIGKILL');
}

function containers(socket: string): string[] {
  const env = { ...process.env, DOCKER_HOST: `unix://${socket}` };
  return spawnSync('docker', ['ps', '--quiet', '--no-trunc'], { env, encoding: 'utf8' })
    .stdout.split('\n')
    .filter(Boolean)
    .sort();
}

function nameOf(pid: number): string {
  try {
    return basename(readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[0]!);
  } catch {
    return ''; // It has ended meanwhile.
  }
}

function everyNamespace(): Set<string> {
  const namespaces = readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((pid) => {
      try {
        return [readlinkSync(`/proc/${pid}/ns/net`)];
      } catch {
        return [];
      }
    });
  return new Set(namespaces);
}

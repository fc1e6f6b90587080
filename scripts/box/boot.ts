/** Boots the system on a disk as a machine of its own: its own init, processes, mounts, names, and no interface but loopback. */
import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { until } from '../../test/support/faults/until.ts';
import { type Ran, runProgram } from '../../test/support/shipped.ts';
import { SBIN_PATH } from '../stack/engine.ts';
import { groupsOf, inGroups, makeGroups, processesOf, removeGroups, rootsSeenBy } from './cgroups.ts';
import { type Disk, MOUNTED } from './disk.ts';
import { type BoxRecord, consoleFile } from './records.ts';

/** Where a bundle's folder appears in a box. */
export const STICK = '/media/stick';
const SECONDS_TO_BOOT = 120;
const SECONDS_TO_END = 60;
/** An engine needs these of the kernel. */
const CALLS = '@keyring bpf @mount';
/** What a person's or a service's first process is given. */
export const ENVIRONMENT = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  LANG: 'C.UTF-8',
};

/** Starts it on its disk; resolves with the id of its init here, as soon as there is one. */
export async function startInit({ name, stick }: BoxRecord, disk: Disk): Promise<number> {
  makeGroups(name);
  const log = openSync(consoleFile(name), 'w');
  const [command, ...args] = [
    ...inGroups(groupsOf(name)),
    ...disk.beside(['systemd-nspawn']),
    '--quiet',
    '--boot',
    `--directory=${MOUNTED}`,
    `--machine=${name}`,
    '--hostname=box',
    '--console=read-only',
    // Nothing of this host's takes note of it.
    '--register=no',
    '--keep-unit',
    '--private-network',
    '--capability=all',
    `--system-call-filter=${CALLS}`,
    '--resolv-conf=off',
    '--timezone=off',
    '--link-journal=no',
    ...(stick === null ? [] : [`--bind-ro=${stick}:${STICK}`]),
  ];
  // It outlives who starts it: `make box` ends before its box does.
  const child = spawn(command!, args, { env: { PATH: SBIN_PATH }, stdio: ['ignore', log, log], detached: true });
  closeSync(log);
  child.unref();
  await until('the first process of the box', () => initOf(name) ?? child.exitCode !== null, { everyMs: 5 });
  const init = initOf(name);
  if (init === undefined) throw new Error(`${name} did not boot: ${lastWords(name)}`);
  return init;
}

/** Resolves when its init has started all that it starts by itself; with what it says of itself, `running` or `degraded`. */
export async function settled(name: string): Promise<string> {
  return until(
    'the box to have booted',
    async () => {
      const { out } = await runInside(name, ['systemctl', 'is-system-running', '--wait']);
      return /^(?:running|degraded)$/.exec(out.trim())?.[0];
    },
    { seconds: SECONDS_TO_BOOT, everyMs: 50, about: () => lastWords(name) },
  );
}

/** The id, here, of a running box's init: the one that is 1 in there. */
export function initOf(name: string): number | undefined {
  return processesOf(name).find(
    (pid) => /^NSpid:\t\d+\t1$/m.test(statusOf(pid)) && existsSync(`/proc/${pid}/root/run/systemd`),
  );
}

/** Ends all of it at once, as a held power button does; what was written stays in this host's memory and is not lost. */
export async function killAll(name: string): Promise<void> {
  await until(
    `the end of ${name}`,
    () => {
      const init = initOf(name);
      // With its init goes everything that it started; then whoever held it.
      for (const pid of init === undefined ? processesOf(name) : [init]) kill(pid);
      return processesOf(name).length === 0 && removeGroups(name);
    },
    { seconds: SECONDS_TO_END, everyMs: 20 },
  );
}

/** Resolves when it has ended by itself. */
export async function untilOff(name: string): Promise<void> {
  await until(`${name} to be off`, () => initOf(name) === undefined, { seconds: SECONDS_TO_END, everyMs: 50 });
}

/** Words that run a program inside, as root. */
export function inside(name: string, words: readonly string[]): string[] {
  const init = initOf(name);
  if (init === undefined) throw new Error(`${name} is not running`);
  const namespaces = ['mount', 'pid', 'net', 'uts', 'ipc', 'cgroup'].map((kind) => `--${kind}`);
  return [...inGroups(rootsSeenBy(init)), 'nsenter', `--target=${init}`, ...namespaces, '--', ...words];
}

/** Runs a program inside to its end. */
export function runInside(
  name: string,
  words: readonly string[],
  { env = {}, input = '' }: { env?: Record<string, string>; input?: string } = {},
): Promise<Ran> {
  return runProgram(inside(name, words), { env: { ...ENVIRONMENT, ...env }, input });
}

export function lastWords(name: string): string {
  const file = consoleFile(name);
  return existsSync(file) ? readFileSync(file, 'utf8').slice(-1500) : 'it said nothing';
}

function statusOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return '';
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

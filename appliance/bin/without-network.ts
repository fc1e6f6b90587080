import { spawnSync } from 'node:child_process';
import { findTool } from '../data/2-parse/sandbox/tools.ts';
import { dyingWithParent } from './dying-with-parent.ts';

const TRY_MS = 10_000;
let found: readonly string[] | undefined;

/**
 * Words before a command that give it a network namespace of its own, with nothing in it, and have it die with its parent.
 * Where this host refuses such namespaces it only dies with its parent. They leave the process id as it is. What works is
 * found out once.
 */
export function withoutNetwork(): readonly string[] {
  found ??= candidates().find(works) ?? dyingWithParent();
  return found;
}

function candidates(): string[][] {
  const unshare = findTool('unshare');
  if (unshare === null) return [];
  // Making a user namespace clears the order to die with the parent, so it is given behind it.
  const spaces = [['--net'], ['--user', '--map-root-user', '--net']];
  return spaces.map((flags) => [unshare, ...flags, '--', ...dyingWithParent()]);
}

function works([program, ...args]: string[]): boolean {
  const tried = spawnSync(program!, [...args, process.execPath, '--version'], {
    env: {},
    stdio: 'ignore',
    timeout: TRY_MS,
  });
  return tried.status === 0;
}

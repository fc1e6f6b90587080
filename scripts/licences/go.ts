/** The modules that a Go program was compiled of, as it says itself. */
import { execFileSync } from 'node:child_process';
import { type GoModule, pinnedModule } from '../go-programs.ts';
import type { Component, LicencePolicy } from './policy.ts';

/** A program of `scripts/go-programs.txt`: its own module first, which does not know its version itself. */
export function modulesOf(name: string, file: string): GoModule[] {
  const modules = [pinnedModule(name)];
  for (const line of toldBy(file).split('\n')) {
    const [, kind, path, version] = /^\t(dep|=>)\t(\S+)\t(\S+)/.exec(line) ?? [];
    if (path === undefined || version === undefined) continue;
    // A replacement stands below what it replaces.
    if (kind === '=>') modules.pop();
    modules.push({ path, version });
  }
  return modules;
}

/** The modules of a program, and Go's own library, whose holes are the program's too. */
export function goComponents(name: string, file: string, policy: LicencePolicy): Component[] {
  const modules = modulesOf(name, file).map(({ path, version }): Component => {
    const says = policy.go[`${path}@${version}`];
    return { ecosystem: 'golang', name: path, version, says: says === undefined ? [] : [says] };
  });
  return [...modules, standardLibrary(toldBy(file))];
}

/** Go's own library, of what `go version -m` says: under the name that lists of known holes have for it. */
export function standardLibrary(told: string): Component {
  const version = /^.*: go(\d\S*)/.exec(told)?.[1];
  if (version === undefined) throw new Error('the program does not say which Go compiled it');
  return { ecosystem: 'golang', name: 'stdlib', version, says: ['BSD-3-Clause'] };
}

function toldBy(file: string): string {
  return execFileSync('go', ['version', '-m', file], {
    encoding: 'utf8',
    env: { ...process.env, GOTOOLCHAIN: 'local' },
    maxBuffer: 16 << 20,
  });
}

/** The npm packages that go into `dist/`: what ours depends on, and what those do. */
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ROOT } from '../images/recipe.ts';
import type { Component } from './policy.ts';

interface PackageFile {
  name: string;
  version: string;
  license?: string;
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

const read = (folder: string): PackageFile => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));

/** Every package once, sorted. Optional ones that are not installed do not ship. */
export function npmComponents(root = ROOT): Component[] {
  const found = new Map<string, Component>();
  const queue = Object.keys(read(root).dependencies ?? {}).map((name) => ({ name, from: root, isOptional: false }));
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const folder = folderOf(next.name, next.from);
    if (folder === null) {
      if (next.isOptional) continue;
      throw new Error(`${next.name} is not installed: make setup`);
    }
    const { name, version, license, dependencies = {}, optionalDependencies = {} } = read(folder);
    const key = `${name}@${version}`;
    if (found.has(key)) continue;
    found.set(key, { ecosystem: 'npm', name, version, says: license === undefined ? [] : [license] });
    for (const one of Object.keys({ ...dependencies, ...optionalDependencies }))
      queue.push({ name: one, from: folder, isOptional: one in optionalDependencies });
  }
  return [...found.entries()].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, component]) => component);
}

function folderOf(name: string, from: string): string | null {
  for (let at = from; ; at = dirname(at)) {
    const folder = join(at, 'node_modules', name);
    if (existsSync(join(folder, 'package.json'))) return realpathSync(folder);
    if (at === dirname(at)) return null;
  }
}

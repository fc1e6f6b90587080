/**
 * Writes the Compose files of `compose/` from the description that control makes tenants' containers from too;
 * `--check` fails where a committed one is out of date, or is none of them.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { composeFiles } from './compose/compose-files.ts';

const folder = resolve(import.meta.dirname, '../compose');
const files = composeFiles();

if (process.argv.includes('--check')) {
  const there = new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
  const wrong = [...new Set([...files.keys(), ...there.keys()])].filter((name) => files.get(name) !== there.get(name));
  for (const name of wrong)
    console.error(
      `compose/${name} is ${files.has(name) ? 'out of date: run make gen' : 'made from nothing: remove it'}`,
    );
  if (wrong.length > 0) process.exit(1);
} else for (const [name, text] of files) writeFileSync(join(folder, name), text);

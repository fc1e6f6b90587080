/**
 * `node scripts/licences/read-go.ts`: reads the licence files of the Go modules that ship and writes them into
 * `manifests/licences.json`, for a look before they are committed. What it does not know by its words is left out, and fails
 * the build until somebody writes it there.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GoModule } from '../go-programs.ts';
import { compiled, ROOT } from '../images/recipe.ts';
import { modulesOf } from './go.ts';
import { POLICY_FILE, readPolicy } from './policy.ts';

/** Programs whose modules ship. */
export const SHIPPED_PROGRAMS = ['minio', 'docker-compose'] as const;

/** What only one licence says. The longer ones first. */
export const WORDS: readonly [RegExp, string][] = [
  [/GNU AFFERO GENERAL PUBLIC LICENSE/, 'AGPL-3.0-only'],
  [/GNU GENERAL PUBLIC LICENSE\s+Version 2/, 'GPL-2.0-only'],
  [/Mozilla Public License,? [Vv]ersion 2\.0|Mozilla Public License 2\.0/, 'MPL-2.0'],
  [/Apache License\s+Version 2\.0|apache\.org\/licenses\/LICENSE-2\.0/, 'Apache-2.0'],
  [
    /Redistribution and use in source and binary forms[\s\S]*Neither the name|names? of (?:its|the|any) [\s\S]*endorse or promote/,
    'BSD-3-Clause',
  ],
  [/Redistribution and use in source and binary forms/, 'BSD-2-Clause'],
  [/Permission to use, copy, modify, and(?:\/or)? distribute this software/, 'ISC'],
  [/Permission is hereby granted, free of charge/, 'MIT'],
  [/This is free and unencumbered software/, 'Unlicense'],
  [/CC0 1\.0 Universal/, 'CC0-1.0'],
];

if (import.meta.main) {
  const policy = readPolicy();
  const found: Record<string, string> = {};
  for (const program of SHIPPED_PROGRAMS) {
    for (const module of modulesOf(program, compiled(program))) {
      const key = `${module.path}@${module.version}`;
      const licence = policy.go[key] ?? licenceOf(module);
      if (licence === null) console.error(`read-go: ${key} has a licence that is not known by its words`);
      else found[key] = licence;
    }
  }
  const go = Object.fromEntries(Object.entries(found).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(POLICY_FILE, `${JSON.stringify({ ...policy, go }, null, 2)}\n`);
}

function licenceOf({ path, version }: GoModule): string | null {
  const told = execFileSync('go', ['mod', 'download', '-json', `${path}@${version}`], { cwd: ROOT, encoding: 'utf8' });
  const { Dir } = JSON.parse(told) as { Dir: string };
  const files = readdirSync(Dir).filter((file) => /^(?:LICEN[CS]E|COPYING|UNLICENSE)/i.test(file));
  for (const file of files) {
    const text = readFileSync(join(Dir, file), 'utf8');
    const known = WORDS.find(([words]) => words.test(text))?.[1];
    if (known !== undefined) return known;
  }
  return null;
}

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { GOLDEN_FILE, type Golden, goldenOf, parseSamples } from '../../scripts/gen-golden.ts';
import { unpackShipped } from '../support/shipped.ts';

const golden = JSON.parse(readFileSync(GOLDEN_FILE, 'utf8')) as Record<string, Golden>;
const hasTaskset = spawnSync('taskset', ['--version']).status === 0;

/** Where something of the machine could leak in: time zone, language, number of processors, letters of the locale. */
const WORLDS: [string, string[], Record<string, string>][] = [
  ['no environment at all', [], {}],
  [
    'Tokyo time, Turkish letters and one processor',
    hasTaskset ? ['taskset', '-c', '0'] : [],
    { TZ: 'Asia/Tokyo', LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8', PATH: '/usr/bin:/bin' },
  ],
];

describe('the canonical documents of the samples', () => {
  let folder: string;
  let frostbyte: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'frostbyte-golden-'));
    frostbyte = unpackShipped(join(folder, 'frostbyte'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  for (const [world, prefix, env] of WORLDS) {
    it(`have the promised hashes and chunk ids with ${world}`, () => {
      const found = goldenOf(parseSamples([...prefix, frostbyte], { env, cwd: '/' }));
      assert.deepEqual(Object.keys(found), Object.keys(golden));
      for (const [file, promised] of Object.entries(golden)) assert.deepEqual(found[file], promised, file);
    });
  }
});

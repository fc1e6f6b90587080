import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { readLock } from '../../scripts/images/lock.ts';
import { type BundleWorld, bundleWorld } from '../support/bundle-world.ts';
import { bareCheckout, ownCopy } from '../support/checkouts.ts';
import { type Ran, ROOT, requireBuild, runProgram } from '../support/shipped.ts';
import { stick, stickMissing } from '../support/stick.ts';
import { stockSshKeygen, without } from '../support/stock-tools.ts';

/** Targets of the Makefile that end in a package and on a stick, as people type them. */
const makeIn = (cwd: string, ...words: string[]): Promise<Ran> => {
  // What a make above this one was given is none of this one's business.
  const given = new Set(['MAKEFLAGS', 'MFLAGS', 'MAKELEVEL', 'REGISTRY', 'WITHOUT', 'OBJECTS', 'BUNDLE', 'DELTA']);
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !given.has(name)));
  return runProgram(['make', ...words], { cwd, env: env as Record<string, string> });
};
const make = (...words: string[]): Promise<Ran> => makeIn(ROOT, ...words);

describe('make', () => {
  before(() => requireBuild());

  test('images bundle ends where no registry is reached, says what to type, and goes on only where it was typed', async () => {
    const qdrant = readLock().images.find(({ name }) => name === 'qdrant')!;
    assert.ok(qdrant.source === 'registry' && qdrant.manifest_digest !== null);
    // Where nothing was fetched yet, whatever this host has.
    const folder = bareCheckout('unfetched');
    try {
      execFileSync('cp', ['-al', join(ROOT, 'dist'), folder]);
      ownCopy(join(folder, 'dist/frostbyte'));
      const ended = await makeIn(folder, 'images', 'bundle');
      assert.equal(ended.code, 2, ended.err);
      assert.match(ended.err, /^images: qdrant v\S+ cannot be had: no registry was named\. /m);
      for (const typed of ['make images bundle REGISTRY=https://…', 'make images bundle WITHOUT=qdrant'])
        assert.ok(ended.err.includes(typed), typed);
      assert.doesNotMatch(ended.out, /frostbyte\.local\//, 'nothing was built before it was said');
      assert.equal(existsSync(join(folder, '.cache/bundle')), false, 'and no package after it');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    // Each of the two is told, and neither is by itself.
    const lines = async (...words: string[]) =>
      (await make('--dry-run', 'images', 'bundle', ...words)).out
        .split('\n')
        .filter((line) => /scripts\/(?:images|bundle)\.ts/.test(line))
        .map((line) => line.replace(/^.*scripts\//, '').trim());
    assert.deepEqual(await lines(), ['images.ts', 'bundle.ts']);
    assert.deepEqual(await lines('WITHOUT=qdrant'), ['images.ts  --without=qdrant', 'bundle.ts --without=qdrant']);
  });

  describe('usb', { skip: stickMissing() ?? without(stockSshKeygen, 'ssh-keygen') ?? false }, () => {
    let world: BundleWorld;
    let path: string;
    before(async () => {
      world = bundleWorld();
      path = (await world.build('frostbyte-1.2.3-linux-amd64')).path;
    });
    after(() => world?.end());

    test('writes the package to a mounted FAT32 medium, reads it back and verifies it', async () => {
      const { at, end } = await stick('fat32', 64);
      try {
        const ran = await make('usb', `DEV=${at}`, `BUNDLE=${path}`);
        assert.equal(ran.code, 0, ran.err);
        assert.match(ran.out, /^The bundle is as it was signed: version 1\.2\.3/m);
        const copy = join(at, basename(path));
        const { status, stdout } = spawnSync('diff', ['-r', path, copy], { encoding: 'utf8' });
        assert.equal(status, 0, stdout);
      } finally {
        end();
      }
    });

    test('writes nothing that is not as it was signed, and to no folder of this host', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'frostbyte-usb-'));
      const { at, end } = await stick('fat32', 64);
      try {
        const host = await make('usb', `DEV=${folder}`, `BUNDLE=${path}`);
        assert.equal(host.code, 2);
        assert.match(host.err, /is no medium to write to: nothing is mounted there/);
        const spoilt = join(folder, 'spoilt');
        cpSync(path, spoilt, { recursive: true });
        writeFileSync(join(spoilt, 'README.txt'), readFileSync(join(spoilt, 'README.txt')).fill(0x61));
        const ran = await make('usb', `DEV=${at}`, `BUNDLE=${spoilt}`);
        assert.equal(ran.code, 2);
        assert.match(ran.err, /^BUNDLE_FILE_ALTERED: README\.txt /m);
        assert.equal(existsSync(join(at, 'spoilt')), false);
      } finally {
        end();
        rmSync(folder, { recursive: true });
      }
    });
  });
});

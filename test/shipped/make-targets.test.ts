import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { readLock } from '../../scripts/images/lock.ts';
import { type BundleWorld, bundleWorld } from '../support/bundle-world.ts';
import { type Ran, ROOT, requireBuild, runProgram } from '../support/shipped.ts';
import { stick, stickMissing } from '../support/stick.ts';
import { stockSshKeygen, without } from '../support/stock-tools.ts';

/** Targets of the Makefile that end in a package and on a stick, as people type them. */
const make = (...words: string[]): Promise<Ran> => {
  // What a make above this one was given is none of this one's business.
  const given = new Set(['MAKEFLAGS', 'MFLAGS', 'MAKELEVEL', 'REGISTRY', 'WITHOUT', 'OBJECTS', 'BUNDLE', 'DELTA']);
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !given.has(name)));
  return runProgram(['make', ...words], { cwd: ROOT, env: env as Record<string, string> });
};

describe('make', () => {
  before(() => requireBuild());

  test('images bundle ends where no registry is reached, says what to type, and goes on only where it was typed', async (t) => {
    const qdrant = readLock().images.find(({ name }) => name === 'qdrant')!;
    assert.ok(qdrant.source === 'registry' && qdrant.manifest_digest !== null);
    const kept = join(ROOT, '.cache/images', qdrant.manifest_digest.replace('sha256:', '').slice(0, 16));
    if (existsSync(kept)) return t.skip('a registry was reached here: the image is there');
    const bundles = () => globSync('.cache/bundle/*', { cwd: ROOT }).sort();
    const had = bundles();
    const ended = await make('images', 'bundle');
    assert.equal(ended.code, 2, ended.err);
    assert.match(ended.err, /^images: qdrant v\S+ cannot be had: no registry was named\. /m);
    for (const typed of ['make images bundle REGISTRY=https://…', 'make images bundle WITHOUT=qdrant'])
      assert.ok(ended.err.includes(typed), typed);
    assert.doesNotMatch(ended.out, /frostbyte\.local\//, 'nothing was built before it was said');
    assert.deepEqual(bundles(), had, 'and no package after it');
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

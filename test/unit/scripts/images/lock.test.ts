import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Debian } from '../../../../scripts/images/debian.ts';
import {
  changesOf,
  type ImageLock,
  pinsOf,
  readLock,
  requireArchitecture,
  requireCompiler,
  versionOf,
  writeLock,
} from '../../../../scripts/images/lock.ts';
import { movedLine, movesOf } from '../../../../scripts/images/move.ts';
import { fetchPackages, writeRepository } from '../../../../scripts/images/packages.ts';
import { imageNames, ROOT, readRecipe } from '../../../../scripts/images/recipe.ts';
import { refuseUndescribed, wantedImages } from '../../../../scripts/images/wanted.ts';

const folder = mkdtempSync(join(tmpdir(), 'frostbyte-lock-'));
after(() => rmSync(folder, { recursive: true }));

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
/** A package whose bytes are its name and version. */
const pin = (name: string, version: string) => ({
  name,
  version,
  arch: 'amd64',
  size: 10,
  sha256: sha256(`${name} ${version}`),
});

test('the lock of this tree has every image, and every package that a recipe asks for, by its hash', () => {
  const lock = readLock();
  for (const name of imageNames()) {
    const names = pinsOf(lock, name).map((one) => one.name);
    for (const wanted of readRecipe(name).packages) assert.ok(names.includes(wanted), `${name}: ${wanted}`);
  }
  for (const image of lock.images) {
    const isOurs = image.source === 'recipe' && readRecipe(image.name).appliance !== undefined;
    assert.equal(image.version === null, isOurs, `${image.name}: a version`);
    assert.equal(image.licence === null, isOurs, `${image.name}: a licence`);
    if (image.source === 'recipe' && !isOurs)
      assert.equal(image.version, versionOf(readRecipe(image.name), pinsOf(lock, image.name)), image.name);
  }
  const qdrant = lock.images.find(({ name }) => name === 'qdrant');
  assert.ok(qdrant?.source === 'registry');
  assert.equal(qdrant.manifest_digest, 'sha256:12364fe851b9f17356fc88189fc06d1b521262e04659ec7345975b00c9246a10');
});

test('a lock is read as it was written, and refused where an image needs what has no pin', () => {
  const file = join(folder, 'lock.json');
  const lock = readLock();
  writeLock(lock, file);
  assert.deepEqual(readLock(file), lock);
  writeLock({ ...lock, packages: lock.packages.filter(({ name }) => name !== 'redis-server') }, file);
  assert.throws(() => readLock(file), /redis needs redis-server, which has no pin/);
  writeFileSync(file, JSON.stringify({ ...lock, format: 2 }));
  assert.throws(() => readLock(file), /images\/lock\.json.*format/s);
});

test('what became of pins is said line by line, other bytes of the same version too', () => {
  const before = [pin('apt', '1'), pin('bash', '1'), pin('curl', '1'), pin('dash', '1')];
  const now = [pin('apt', '1'), pin('bash', '2'), { ...pin('dash', '1'), sha256: sha256('other') }, pin('ed', '1')];
  assert.deepEqual(changesOf(before, now), [
    '  bash 1 → 2',
    '- curl 1',
    '  dash 1: the same version has other bytes',
    '+ ed 1',
  ]);
  assert.deepEqual(changesOf(before, before), []);
});

/** A mirror that has these packages, and counts what is asked of it. */
function mirror(
  has: readonly ReturnType<typeof pin>[],
  content = (name: string, version: string) => `${name} ${version}`,
) {
  let downloads = 0;
  const debian: Debian = {
    resolve: () => [],
    has: ({ name, version }) => has.some((one) => one.name === name && one.version === version),
    download(pins, into) {
      downloads += pins.length;
      return pins.map(({ name, version }) => {
        const file = join(into, `${name}.deb`);
        writeFileSync(file, content(name, version));
        return file;
      });
    },
    end: () => undefined,
  };
  return { debian, downloads: () => downloads };
}

test('packages are fetched once, whatever becomes of the mirror; every pin that vanished is named', () => {
  const cache = join(folder, 'packages');
  const [apt, bash, curl] = [pin('apt', '1'), pin('bash', '1'), pin('curl', '3')];
  const first = mirror([apt, bash]);
  fetchPackages([apt, bash], { suite: 'trixie', arch: 'amd64', cache, debian: first.debian });
  assert.deepEqual(readdirSync(cache).sort(), [`${apt.sha256}.deb`, `${bash.sha256}.deb`].sort());
  const gone = mirror([]);
  fetchPackages([apt, bash], { suite: 'trixie', arch: 'amd64', cache, debian: gone.debian });
  assert.equal(gone.downloads(), 0, 'the cache outlives the mirror');
  const dash = pin('dash', '4');
  assert.throws(
    () => fetchPackages([apt, curl, dash], { suite: 'trixie', arch: 'amd64', cache, debian: gone.debian }),
    /curl 3, dash 4.*make images-update/,
  );
});

test('a package with another hash than its pin is not kept, and one damaged in the cache is not used', () => {
  const cache = join(folder, 'damaged');
  const apt = pin('apt', '1');
  const forged = mirror([apt], () => 'forged');
  const options = { suite: 'trixie', arch: 'amd64', cache };
  assert.throws(() => fetchPackages([apt], { ...options, debian: forged.debian }), /apt 1 has another hash/);
  assert.deepEqual(readdirSync(cache), []);
  fetchPackages([apt], { ...options, debian: mirror([apt]).debian });
  const kept = join(cache, `${apt.sha256}.deb`);
  writeFileSync(kept, 'bit rot');
  const repository = mkdtempSync(join(folder, 'repository-'));
  assert.throws(() => writeRepository([apt], 'trixie', repository, cache), /apt 1 was damaged in the cache/);
  assert.ok(!existsSync(kept), 'it is fetched anew');
});

test('a release has all images but those that replace one; nothing is left out that was not named', () => {
  const names = (wanted: Parameters<typeof wantedImages>[0], lock?: ImageLock) =>
    wantedImages(wanted, lock)
      .map(({ name }) => name)
      .sort();
  const recipes = imageNames();
  assert.deepEqual(names({}), [...recipes, 'qdrant'].sort());
  assert.deepEqual(names({ without: ['qdrant'] }), recipes);
  assert.deepEqual(names({ without: ['qdrant', 'all-mpnet-base-v2'] }), recipes, 'a model is no image');
  assert.deepEqual(
    names({ objects: 'rustfs' }),
    [...recipes, 'qdrant', 'rustfs'].filter((name) => name !== 'objects').sort(),
  );
  assert.deepEqual(names({ names: ['redis'] }), ['redis']);
  assert.throws(() => names({ without: ['qdrnt'] }), /there is no image qdrnt/);
  assert.throws(() => names({ without: ['postgres'] }), /postgres is made here, and no stack starts without it/);
  assert.throws(() => names({ objects: 'qdrant' }), /no object store/);
  assert.throws(() => names({ objects: 'silo', without: ['silo'] }), /no stack starts without an object store/);
});

test('a pin that is moved by name is written with its hash, where the linker is told it too; others stay', () => {
  assert.deepEqual(
    [...movesOf(['qdrant=v1.20.0', 'sops=v3.14.0'])],
    [
      ['qdrant', 'v1.20.0'],
      ['sops', 'v3.14.0'],
    ],
  );
  assert.throws(() => movesOf(['qdrant']), /qdrant is no pin to move: NAME=VERSION/);
  const text =
    '# name module version\nfirst  a.b/c  v1.2.3  h1:old=  .  -X a.Version=v1.2.3\nother  a.b/d  v1.2.3  h1:d=  .  -s\n';
  assert.equal(
    movedLine(text, 'first', 'v1.3.0', 'h1:new='),
    text.replace('v1.2.3  h1:old=', 'v1.3.0  h1:new=').replace('Version=v1.2.3', 'Version=v1.3.0'),
  );
});

test('on a host of another architecture nothing is built, and it is said why', () => {
  requireArchitecture({ arch: 'amd64' }, 'x64');
  assert.throws(
    () => requireArchitecture({ arch: 'amd64' }, 'arm64'),
    /pins packages of amd64, and this host is arm64: build on/,
  );
  assert.throws(
    () => requireArchitecture({ arch: 'arm64' }, 'riscv64'),
    /this host is riscv64: build on a host that is arm64\.$/,
  );
});

test('with another Go than the lock was written with nothing is built, and it is said what to do', () => {
  requireCompiler({ go: 'go version go1.2 linux/amd64' }, 'go version go1.2 linux/amd64\n');
  for (const [here, said] of [
    ['go version go1.3 linux/amd64\n', /has go version go1\.3 .*: install that version, or/],
    [null, /has no Go: /],
  ] as const)
    assert.throws(() => requireCompiler({ go: 'go version go1.2 linux/amd64' }, here), said);
});

test('no package is made with an object store that Compose does not know how to start', () => {
  refuseUndescribed('objects');
  for (const other of readLock().images.filter((image) => image.source !== 'recipe' && image.replaces === 'objects'))
    assert.throws(
      () => refuseUndescribed(other.name),
      new RegExp(`no package is made with ${other.name}:.*behind the guard`),
    );
  const { status, stderr } = spawnSync(process.execPath, [join(ROOT, 'scripts/bundle.ts'), '--objects=silo'], {
    encoding: 'utf8',
  });
  assert.equal(status, 1);
  assert.match(stderr, /^bundle: no package is made with silo/m);
});

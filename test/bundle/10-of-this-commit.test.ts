import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  globSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { bundledImages } from '../../appliance/bundle/build/oci-layout.ts';
import { applyDelta } from '../../appliance/bundle/delta/apply-delta.ts';
import { makeDelta } from '../../appliance/bundle/delta/make-delta.ts';
import { BUNDLE_EXIT } from '../../appliance/bundle/exit-codes.ts';
import { blobPath } from '../../appliance/bundle/format/oci.ts';
import { openLayoutBlob } from '../../appliance/bundle/format/oci-layout.ts';
import { fingerprint, readPublicLine } from '../../appliance/bundle/sshsig/keys.ts';
import { verifyBundle } from '../../appliance/bundle/verify/verify-bundle.ts';
import { blobsToSend, loadImages } from '../../appliance/control/engine/images/load-images.ts';
import { openImageStore } from '../../appliance/control/engine/images/store.ts';
import { hashHere } from '../support/bundle-world.ts';
import { type Checkout, checkOut } from '../support/checkouts.ts';
import { docker } from '../support/docker.ts';
import { ALL_FAULTS, seeded } from '../support/faults/random.ts';
import { foreignRegistry } from '../support/foreign-registry.ts';
import { ROOT } from '../support/shipped.ts';
import { stackMissing, testStack } from '../support/stack.ts';

const CHANGES = ALL_FAULTS ? 20 : 3;
/** What no file of the manifest is, and all of them are held against. */
const SIGNED = ['MANIFEST.json', 'SHA256SUMS', 'SHA256SUMS.sig', 'signers/allowed_signers'];
const missing =
  stackMissing() ?? (existsSync(join(ROOT, '.cache/trial-keys')) ? null : 'nothing was fetched yet: make bundle');

describe('the bundle of this commit', { skip: missing ?? false }, () => {
  let folder: string;
  let first: Checkout;
  let second: Checkout;
  let path: string;
  before(() => {
    folder = mkdtempSync(join(ROOT, '.cache/bundles-'));
    first = checkOut('first');
    first.build();
    path = first.bundle(join(folder, 'frostbyte'));
  });
  after(() => {
    first?.end();
    second?.end();
    rmSync(folder, { recursive: true, force: true });
  });
  const verify = () => {
    const print = fingerprint(readPublicLine(readFileSync(join(path, 'signers/root.pub'), 'latin1')));
    return verifyBundle(path, {
      anchor: { fingerprint: print },
      at: Date.now(),
      host: { arch: 'amd64', counter: 0, not_before: 0, allow_older: false },
      hashers: hashHere,
      target: null,
    });
  };
  const verifySh = () => {
    const print = fingerprint(readPublicLine(readFileSync(join(path, 'signers/root.pub'), 'latin1')));
    return spawnSync('sh', [join(ROOT, 'host/bundle/verify.sh'), '--fingerprint', print, path], { encoding: 'utf8' });
  };

  it('is taken by both verifiers, and says what it is made of and what is absent', async () => {
    const { bundle } = await verify();
    const { status, stderr } = verifySh();
    assert.equal(status, 0, stderr);
    assert.deepEqual(
      bundle.images.map(({ name }) => name),
      ['appliance', 'clamav', 'objects', 'postgres', 'redis'],
    );
    const absent = bundle.components.filter(({ present }) => !present).map(({ name }) => name);
    assert.ok(absent.includes('qdrant') && absent.includes('malware-signatures'));
    assert.deepEqual(bundle.data_formats, { postgres: '17', vectors: 'embedded-1' });
    for (const { name } of bundle.images) assert.ok(existsSync(join(path, `sbom/image-${name}.cdx.json`)), name);
    assert.match(readFileSync(join(path, 'sources/OFFER.txt'), 'utf8'), /sources\/github\.com_minio_minio@/);
    // Of each kind of part, a text that only the part itself can have brought.
    for (const [kind, words] of [
      ['deb', /GNU GENERAL PUBLIC LICENSE[\s\S]*^redis-server \S+: AGPL-3\.0-only, BSD-3-Clause$/m],
      ['golang', /^github\.com\/minio\/minio \S+: AGPL[\s\S]*GNU AFFERO GENERAL PUBLIC LICENSE/m],
      ['npm', /^hono \S+: MIT$/m],
      ['generic', /^node \S+: MIT$[\s\S]*^pdfium \S+: /m],
    ] as const)
      assert.match(readFileSync(join(path, `sources/licences/${kind}.txt`), 'utf8'), words);
  });

  it('is the same to the byte from another checkout, in another folder, at another time, in another zone', () => {
    // The first takes what this tree made; here the cheapest image, and the program of ours in it, are made from nothing.
    second = checkOut('a-second-one-with-a-longer-name', { anew: ALL_FAULTS ? 'all' : ['objects'] });
    second.build();
    const again = second.bundle(join(folder, 'again'), { TZ: 'Asia/Kathmandu', LC_ALL: 'C' });
    assert.ok(existsSync(join(second.folder, '.cache/compiler')), 'the compiler had nothing kept');
    const images = join(second.folder, '.cache/images');
    const built = globSync('*/image.json', { cwd: images }).find((file) =>
      readFileSync(join(images, file), 'utf8').includes('"objects"'),
    );
    for (const blob of globSync(`${dirname(built!)}/blobs/sha256/*`, { cwd: images }))
      assert.equal(statSync(join(images, blob)).nlink, 1, `${blob} is linked from elsewhere`);
    execFileSync('diff', ['-r', path, again]);
  });

  it('whose pins move by make images-update, to a version that somebody names, and stay where nobody does', async () => {
    const changed = () =>
      execFileSync('git', ['diff', '--unified=0', 'images/lock.json'], { cwd: second.folder, encoding: 'utf8' });
    assert.match(await second.make('images-update', 'PINS=keep'), /^no pin changed$/m);
    assert.equal(changed(), '');
    const others = await foreignRegistry();
    try {
      const told = await second.make('images-update', 'PINS=keep', 'MOVE=qdrant=v9.9.9', `REGISTRY=${others.origin}`);
      assert.match(told, new RegExp(`^qdrant: v\\S+ sha256:[0-9a-f]{64} → v9\\.9\\.9 ${others.manifest}$`, 'm'));
      const lines = changed()
        .split('\n')
        .filter((line) => /^[+-] /.test(line));
      assert.deepEqual(
        lines
          .filter((line) => line.startsWith('+'))
          .map((line) => line.replace(/^\+ *"(\w+)": "?([^",]+)"?,?$/, '$1 $2')),
        [
          'version v9.9.9',
          `manifest_digest ${others.manifest}`,
          `config_digest ${others.config}`,
          `size ${others.size}`,
        ],
      );
    } finally {
      await others.end();
    }
  });

  it(`of which a byte is changed is refused by both verifiers, ${CHANGES} times`, { timeout: 1_200_000 }, async () => {
    const random = seeded(31);
    const { bundle } = await verify();
    for (let n = 0; n < CHANGES; n++) {
      const name = random.pick([...SIGNED, ...bundle.files.flatMap(({ path: one, size }) => (size > 0 ? [one] : []))]);
      const whole = readFileSync(join(path, name));
      const at = random.whole(0, whole.length - 1);
      const changed = Buffer.from(whole);
      changed[at]! ^= random.whole(1, 255);
      writeFileSync(join(path, name), changed);
      await assert.rejects(verify(), ({ code }: { code?: string }) => code?.startsWith('BUNDLE_') === true, name);
      const { status } = verifySh();
      assert.ok(status !== null && status >= BUNDLE_EXIT.BUNDLE_SIGNATURE_MISSING, `${name}, byte ${at}: ${status}`);
      writeFileSync(join(path, name), whole);
    }
  });

  it('and one with a line of the daemon changed differ by three percent at most', async (t) => {
    appendFileSync(join(first.folder, 'appliance/bin/daemon.ts'), "\nprocess.title = 'frostbyte, one line newer';\n");
    first.build();
    const newer = first.bundle(join(folder, 'newer'));
    const delta = makeDelta(path, newer, join(folder, 'delta'));
    t.diagnostic(`the delta is ${((delta.bytes / delta.of_bytes) * 100).toFixed(2)} % of ${delta.of_bytes} bytes`);
    assert.ok(delta.bytes <= delta.of_bytes * 0.03, `${delta.bytes} of ${delta.of_bytes} bytes`);
  });

  it('which is put together with it beside an engine, sent only what that lacks, though the older one has lost the rest', async () => {
    const { bundle } = await verify();
    const { engine } = testStack()!;
    const store = openImageStore(engine.socket);
    const own = ({ reference }: { reference: string }) => reference.includes('/appliance:');
    // The engine has the stores' images, so the older bundle may do without what is theirs alone.
    const older = join(folder, 'older');
    execFileSync('cp', ['-al', path, older]);
    const images = bundledImages(path, bundle);
    const shared = new Set(images.filter(own).flatMap(({ layers }) => layers.map(({ digest }) => digest)));
    const stores = images.filter((image) => !own(image)).flatMap(({ layers }) => layers.map(({ digest }) => digest));
    const gone = [...new Set(stores)].filter((digest) => !shared.has(digest));
    for (const digest of gone) rmSync(join(older, 'images', blobPath(digest)));
    const options = {
      anchor: { fingerprint: fingerprint(readPublicLine(readFileSync(join(path, 'signers/root.pub'), 'latin1'))) },
      at: Date.now(),
      host: { arch: 'amd64' as const, counter: 0, not_before: 0, allow_older: false },
      hashers: hashHere,
      older,
    };
    const needed = (all: Parameters<typeof blobsToSend>[1]) => blobsToSend(store, all);
    const delta = join(folder, 'delta');
    await assert.rejects(
      applyDelta(delta, { ...options, needed, lean: false, target: null }),
      ({ code, details }: { code: string; details: unknown[] }) =>
        code === 'BUNDLE_FILE_MISSING' && details.length === gone.length,
      'one that is to install has to be whole',
    );
    const target = join(folder, 'lean');
    const applied = await applyDelta(delta, { ...options, needed, lean: true, target });
    assert.equal(applied.in_engine, gone.length);
    const newest = bundledImages(target, applied.bundle).find(own)!;
    assert.ok(!images.some(({ config }) => config.digest === newest.config.digest), 'it is another image');
    const reference = 'frostbyte.local/appliance:of-a-delta';
    try {
      const [loaded] = await loadImages(store, [{ ...newest, reference }], openLayoutBlob(join(target, 'images')));
      assert.equal(loaded!.how, 'loaded');
      assert.equal(await store.idOf(reference), newest.config.digest);
    } finally {
      docker(testStack()!, 'image', 'rm', reference);
    }
  });

  it('holds the images that the stack runs: nothing of them is loaded again', async () => {
    const { bundle } = await verify();
    const store = openImageStore(testStack()!.engine.socket);
    const images = bundledImages(path, bundle).filter(({ reference }) => !reference.includes('/appliance:'));
    const loaded = await loadImages(store, images, openLayoutBlob(join(path, 'images')));
    assert.deepEqual(
      loaded.map(({ how }) => how),
      images.map(() => 'there'),
    );
  });
});

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { zstdCompressSync } from 'node:zlib';
import { blobsToSend, loadImages } from '../../../../appliance/control/engine/images/load-images.ts';
import type { BroughtImage, ImageStore } from '../../../../appliance/control/engine/images/port.ts';

/** The loader against a store that is none: what is sent, and what is not. Real ones: `image-loader.engine.test.ts`. */

const sha = (bytes: Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const blobs = new Map<string, Buffer>();
const put = (bytes: Buffer, media_type = 'text/plain') => {
  blobs.set(sha(bytes), bytes);
  return { digest: sha(bytes), size: bytes.length, media_type };
};
const layer = (content: string, isPacked = true) => {
  const plain = Buffer.from(content.repeat(1000));
  const blob = put(isPacked ? zstdCompressSync(plain) : plain);
  return { ...blob, diff_id: sha(plain), unpack: isPacked ? { unpacked: plain.length } : null };
};
const image = (name: string, layers: ReturnType<typeof layer>[]): BroughtImage => ({
  reference: `frostbyte.local/${name}:1.2.3`,
  config: put(Buffer.from(`config of ${name}`)),
  manifest: put(Buffer.from(`manifest of ${name}`)),
  layers,
});
const open = (digest: string) => oneByOne(blobs.get(digest)!);

async function* oneByOne(bytes: Buffer): AsyncIterable<Buffer> {
  for (let at = 0; at < bytes.length; at += 700) yield bytes.subarray(at, at + 700);
}

const system = layer('system');
const [store, program] = [
  image('store', [system, layer('store')]),
  image('program', [system, layer('program', false)]),
];

/** Takes tars apart, and has an image when it got its list. */
function fakeStore(kind: 'classic' | 'containerd', changes: Partial<ImageStore> = {}) {
  const ids = new Map<string, string>();
  const chains: string[][] = [];
  const tars: Map<string, Buffer>[] = [];
  const broken: string[] = [];
  const fake: ImageStore = {
    kind: async () => kind,
    idOf: async (reference) => ids.get(reference) ?? null,
    canMake: async (reference) => ids.has(reference),
    name: async (id, reference) => void ids.set(reference, id),
    layers: async () => chains,
    async load(tar) {
      const parts: Uint8Array[] = [];
      try {
        for await (const piece of tar) parts.push(Uint8Array.from(piece));
      } catch (error) {
        broken.push(String(Buffer.concat(parts).includes('manifest.json')));
        throw error;
      }
      const files = entriesOf(Buffer.concat(parts));
      tars.push(files);
      if (kind === 'classic') {
        const [{ Config, RepoTags }] = JSON.parse(files.get('manifest.json')!.toString());
        ids.set(RepoTags[0], sha(files.get(Config)!));
      } else {
        const [{ digest, annotations }] = JSON.parse(files.get('index.json')!.toString()).manifests;
        ids.set(annotations['io.containerd.image.name'], digest);
      }
    },
    ...changes,
  };
  return { fake, ids, chains, tars, broken };
}

function entriesOf(tar: Buffer): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  let at = 0;
  for (; tar[at] !== 0; ) {
    const path = tar.toString('latin1', at, tar.indexOf(0, at));
    const size = Number.parseInt(tar.toString('latin1', at + 124, at + 135), 8);
    files.set(path, tar.subarray(at + 512, at + 512 + size));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  assert.equal(tar.length, at + 1024, 'it ends with two empty blocks');
  return files;
}

const idIn = (kind: 'classic' | 'containerd', { config, manifest }: BroughtImage) =>
  (kind === 'classic' ? config : manifest).digest;
/** As a layer is called in a tar. */
const name = ({ digest, diff_id }: { digest: string; diff_id: string }, kind: 'classic' | 'containerd') =>
  (kind === 'classic' ? diff_id : digest).replace('sha256:', '');

describe('loading images', () => {
  test('sends the classic store each layer once, unpacked where that is known, and never what it has', async () => {
    const { fake, tars, chains, ids } = fakeStore('classic');
    const seen: [number, number][] = [];
    const loaded = await loadImages(fake, [store, program], open, { progress: (...now) => seen.push(now) });
    assert.deepEqual(
      loaded.map(({ how }) => how),
      ['loaded', 'loaded'],
    );
    assert.ok(tars[0]!.get(`${system.diff_id.slice(7)}.tar`)!.equals(Buffer.from('system'.repeat(1000))));
    assert.deepEqual(
      [...tars[1]!.keys()].filter((path) => path.endsWith('.tar')),
      [`${program.layers[1]!.diff_id.slice(7)}.tar`],
    );
    const total = [system, store.layers[1]!, program.layers[1]!].reduce((sum, { size }) => sum + size, 0);
    assert.deepEqual(seen.at(-1), [total, total]);

    assert.deepEqual(
      (await loadImages(fake, [store, program], open)).map(({ how, sent }) => [how, sent]),
      [
        ['there', 0],
        ['there', 0],
      ],
    );
    assert.equal(tars.length, 2);
    // A layer that lies on others, and not on the system alone, is another one.
    ids.clear();
    chains.push([store.layers[1]!.diff_id, system.diff_id]);
    await loadImages(fake, [store], open);
    assert.equal([...tars.at(-1)!.keys()].filter((path) => path.endsWith('.tar')).length, 2);
  });

  test('has the next on its way while the store takes one, and names it only then: a failure leaves it unnamed', async () => {
    for (const kind of ['classic', 'containerd'] as const) {
      for (const fails of [false, true]) {
        const seen: string[] = [];
        const takes = Promise.withResolvers<void>();
        const isOnItsWay = Promise.withResolvers<void>();
        const large = image('large', [system, layer('much more')]);
        const { fake, ids } = fakeStore(kind, {
          async load(tar) {
            const mine = seen.filter((what) => what.startsWith('begun')).length;
            seen.push(`begun ${mine}`);
            for await (const piece of tar) {
              const text = Buffer.from(piece).toString('latin1');
              if (mine === 1 && text.includes(name(large.layers[1]!, kind))) isOnItsWay.resolve();
              if (/manifest\.json|index\.json/.test(text)) seen.push(`named ${mine}`);
            }
            if (mine === 0) await takes.promise;
            seen.push(`taken ${mine}`);
            ids.set([program, large][mine]!.reference, idIn(kind, [program, large][mine]!));
          },
        });
        const loading = loadImages(fake, [large, program], open);
        loading.catch(() => undefined);
        await isOnItsWay.promise;
        assert.deepEqual(seen, ['begun 0', 'named 0', 'begun 1'], 'the smaller one first');
        if (fails) takes.reject(new Error('no room'));
        else takes.resolve();
        if (fails) await assert.rejects(loading, /no room/);
        else
          assert.deepEqual(
            (await loading).map(({ reference }) => reference),
            [large.reference, program.reference],
          );
        const rest = fails ? [] : ['taken 0', 'named 1', 'taken 1'];
        assert.deepEqual(seen.slice(3), rest);
        assert.equal(ids.has(large.reference), !fails);
      }
    }
  });

  test('gives what is there under another release’s name its new one, and sends nothing', async () => {
    for (const kind of ['classic', 'containerd'] as const) {
      const { fake, ids, tars } = fakeStore(kind);
      const id = kind === 'classic' ? store.config.digest : store.manifest.digest;
      ids.set(id, id);
      assert.deepEqual([...(await blobsToSend(fake, [store]))], []);
      assert.deepEqual(await loadImages(fake, [store], open), [{ reference: store.reference, how: 'named', sent: 0 }]);
      assert.deepEqual([ids.get(store.reference), tars.length], [id, 0]);
    }
  });

  test('knows beforehand which blobs it would read', async () => {
    const digests = ({ config, manifest, layers }: BroughtImage) =>
      [config, manifest, ...layers].map(({ digest }) => digest);
    const classic = fakeStore('classic');
    classic.chains.push([system.diff_id]);
    assert.deepEqual(
      [...(await blobsToSend(classic.fake, [store]))].sort(),
      digests(store)
        .filter((digest) => digest !== system.digest)
        .sort(),
    );
    const containerd = fakeStore('containerd');
    containerd.chains.push([system.diff_id]);
    assert.deepEqual([...(await blobsToSend(containerd.fake, [store]))].sort(), digests(store).sort());
  });

  test('sends containerd’s store the whole image as it is, its names in the index', async () => {
    const { fake, tars, ids } = fakeStore('containerd');
    await loadImages(fake, [store, program], open);
    assert.equal(ids.get(program.reference), program.manifest.digest);
    for (const { digest } of [program.config, program.manifest, ...program.layers])
      assert.ok(tars[1]!.get(`blobs/sha256/${digest.slice(7)}`)!.equals(blobs.get(digest)!));
  });

  test('breaks off at a blob that is another than its name says, before the store knows any name', async () => {
    for (const kind of ['classic', 'containerd'] as const) {
      for (const { digest } of [...store.layers, store.config]) {
        const { fake, broken, ids } = fakeStore(kind);
        const bytes = Buffer.from(blobs.get(digest)!);
        bytes[bytes.length - 1]! ^= 1;
        const spoilt = (asked: string) => (asked === digest ? oneByOne(bytes) : open(asked));
        await assert.rejects(loadImages(fake, [store], spoilt), { code: 'OBJECT_CORRUPTED' }, `${kind} ${digest}`);
        assert.deepEqual([broken, ids.size], [['false'], 0]);
      }
      const { fake } = fakeStore(kind);
      const longer = (asked: string) => oneByOne(Buffer.concat([blobs.get(asked)!, Buffer.from('x')]));
      await assert.rejects(loadImages(fake, [program], longer), { code: 'OBJECT_CORRUPTED' });
    }
  });

  test('takes no store’s word for it: an image is there when a container can be made of it', async () => {
    let tries = 0;
    const half = fakeStore('containerd', { canMake: async () => tries++ > 0 });
    half.ids.set(store.reference, store.manifest.digest);
    assert.equal((await loadImages(half.fake, [store], open))[0]!.how, 'loaded');
    const never = fakeStore('classic', { canMake: async () => false });
    await assert.rejects(loadImages(never.fake, [store], open), { code: 'SERVICE_UNAVAILABLE', kind: 'never' });
    const other = fakeStore('classic', { idOf: async () => 'sha256:other' });
    await assert.rejects(loadImages(other.fake, [store], open), /sha256:other/);
  });
});

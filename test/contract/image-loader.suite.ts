import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { blobPath } from '../../appliance/bundle/format/oci.ts';
import { lackingImages } from '../../appliance/control/engine/images/lacking.ts';
import { blobsToSend, loadImages } from '../../appliance/control/engine/images/load-images.ts';
import type { BroughtImage, ImageStore } from '../../appliance/control/engine/images/port.ts';
import { openImageStore } from '../../appliance/control/engine/images/store.ts';
import { fileHeader, filePadding, TAR_ENDS } from '../../appliance/control/engine/images/tar-stream.ts';
import { newId } from '../../appliance/kernel/ids.ts';
import type { PackedLayer } from '../../scripts/images/archive.ts';
import { type SmallImages, smallImages } from '../support/small-images.ts';

export interface EngineUnderTest {
  socket: string;
  docker(...args: string[]): string;
  end(): Promise<void>;
}

/** What the loader of images promises, whichever image store an engine has (spec 7, "Images"). */
export function imageLoaderContract(
  name: string,
  {
    kind,
    engine: expected,
    start,
    skip,
  }: {
    kind: 'classic' | 'containerd';
    /** Which engine that is, and what it keeps images with: on another the suite would say nothing of this one. */
    engine: { version: RegExp; driver: string };
    start(): Promise<EngineUnderTest>;
    skip: string | false;
  },
): void {
  describe(`loading images into ${name}`, { skip }, () => {
    /** An engine may keep what an earlier run left. */
    const run = newId();
    let engine: EngineUnderTest;
    let store: ImageStore;
    let small: SmallImages;
    let system: PackedLayer;
    let [one, two]: BroughtImage[] = [];
    before(async () => {
      engine = await start();
      store = openImageStore(engine.socket);
      small = smallImages();
      system = await small.layer('system', 'a system\n'.repeat(5000));
      one = small.image('one', [system, await small.layer('program', `one ${run}`)]);
      two = small.image('two', [system, await small.layer('program', `two ${run}`)]);
    });
    after(async () => {
      const left = engine?.docker('image', 'ls', '--format={{.Repository}}:{{.Tag}}').split('\n') ?? [];
      for (const tag of left.filter((each) => each.startsWith('frostbyte.local/small-')))
        engine.docker('image', 'rm', '--force', tag);
      small?.end();
      await engine?.end();
    });
    const idOf = ({ config, manifest }: BroughtImage) => (kind === 'classic' ? config : manifest).digest;
    const load = (...images: BroughtImage[]) => loadImages(store, images, small.open);
    const bytesOf = (image: BroughtImage) => image.layers.reduce((sum, { size }) => sum + size, 0);

    it('runs on the engine that it is meant for', () => {
      assert.match(engine.docker('version', '--format={{.Server.Version}}'), expected.version);
      assert.equal(engine.docker('info', '--format={{.Driver}}'), expected.driver);
    });

    it('knows which store it is, and gives each image its name and the id that was built', async () => {
      assert.equal(await store.kind(), kind);
      const loaded = await load(one!, two!);
      assert.deepEqual(
        loaded.map(({ how }) => how),
        ['loaded', 'loaded'],
      );
      for (const image of [one!, two!]) {
        const { Id, Config } = (JSON.parse(engine.docker('image', 'inspect', image.reference)) as [Inspected])[0];
        assert.deepEqual([Id, Config.User], [idOf(image), '6379:6379']);
        assert.equal(contentOf(image.reference), image === one ? `one ${run}` : `two ${run}`);
      }
    });

    it('sends nothing that is there', async () => {
      assert.deepEqual(
        (await load(one!, two!)).map(({ how, sent }) => [how, sent]),
        [
          ['there', 0],
          ['there', 0],
        ],
      );
    });

    it('names those that are not there, are something else, or can make no container', async () => {
      const other = small.image('one', [system, await small.layer('program', `other ${run}`)]);
      const absent = small.image('absent', [system]);
      const broken = small.image('broken', [await small.layer('program', `broken ${run}`)]);
      await store.load(withoutLayers(broken)).catch(() => undefined);
      assert.deepEqual(await lackingImages(store, [one!, two!]), []);
      assert.deepEqual(await lackingImages(store, [other, two!, absent, broken]), [
        other.reference,
        absent.reference,
        broken.reference,
      ]);
    });

    it('leaves out layers that it knows, where the store takes that, and what was loaded works', async () => {
      const newer = small.image('one', [system, await small.layer('program', `newer ${run}`)]);
      const [loaded] = await load(newer);
      assert.equal(loaded!.sent, kind === 'classic' ? newer.layers[1]!.size : bytesOf(newer));
      assert.equal(contentOf(newer.reference), `newer ${run}`);
      // Back again: the name goes to the image that it is asked for.
      await load(one!);
      assert.equal(await store.idOf(one!.reference), idOf(one!));
      assert.equal(contentOf(one!.reference), `one ${run}`);
    });

    it('gives what it has the name of a newer release, and sends nothing', async () => {
      const renamed = { ...one!, reference: one!.reference.replace(':1.2.3', ':1.2.4') };
      assert.deepEqual([...(await blobsToSend(store, [renamed]))], []);
      assert.deepEqual((await load(renamed))[0], { reference: renamed.reference, how: 'named', sent: 0 });
      assert.equal(contentOf(renamed.reference), `one ${run}`);
    });

    it('takes nothing of which a byte is another, and takes it once it is whole', async () => {
      const fresh = small.image('fresh', [await small.layer('program', `fresh ${run}`.repeat(4000))]);
      const spoilt = async function* (digest: string) {
        for await (const piece of small.open(digest)) {
          const bytes = Buffer.from(piece);
          if (digest === fresh.layers[0]!.digest) bytes[bytes.length - 1]! ^= 1;
          yield bytes;
        }
      };
      await assert.rejects(loadImages(store, [fresh], spoilt), { code: 'OBJECT_CORRUPTED' });
      assert.equal(await store.idOf(fresh.reference), null);
      assert.equal((await load(fresh))[0]!.how, 'loaded');
    });

    it('mends an image that the store names and does not have', async () => {
      const half = small.image('half', [await small.layer('program', `half ${run}`)]);
      await store.load(withoutLayers(half)).catch(() => undefined);
      assert.equal(await store.canMake(half.reference), false);
      assert.equal((await load(half))[0]!.how, 'loaded');
      assert.equal(contentOf(half.reference), `half ${run}`);
    });

    it('loads again what was removed, and a probe leaves no container behind', async () => {
      engine.docker('image', 'rm', two!.reference);
      assert.equal((await load(two!))[0]!.how, 'loaded');
      assert.equal(engine.docker('ps', '--all', '--quiet', '--filter=name=frostbyte-probe'), '');
    });

    /** What the image's one program is, as a container of it would find it. */
    function contentOf(reference: string): string {
      const id = engine.docker('create', '--network=none', reference);
      const copy = join(small.folder, 'program');
      try {
        engine.docker('cp', `${id}:/program`, copy);
        return readFileSync(copy, 'utf8');
      } finally {
        engine.docker('rm', id);
      }
    }

    async function* withoutLayers(image: BroughtImage): AsyncIterable<Uint8Array> {
      const files = new Map<string, Buffer>();
      for (const { digest } of [image.config, image.manifest])
        files.set(blobPath(digest), readFileSync(join(small.folder, blobPath(digest))));
      const { digest, size, media_type: mediaType } = image.manifest;
      const annotations = { 'io.containerd.image.name': image.reference };
      const index = { schemaVersion: 2, manifests: [{ mediaType, digest, size, annotations }] };
      files.set('index.json', Buffer.from(JSON.stringify(index)));
      files.set('oci-layout', Buffer.from('{"imageLayoutVersion":"1.0.0"}'));
      for (const [path, bytes] of files)
        yield Buffer.concat([fileHeader(path, bytes.length), bytes, filePadding(bytes.length)]);
      yield TAR_ENDS;
    }
  });
}

interface Inspected {
  Id: string;
  Config: { User: string };
}

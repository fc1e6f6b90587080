import { execFileSync } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { bundledImages } from '../appliance/bundle/build/oci-layout.ts';
import { readManifest } from '../appliance/bundle/format/manifest.ts';
import { openLayoutBlob } from '../appliance/bundle/format/oci-layout.ts';
import { loadImages } from '../appliance/control/engine/images/load-images.ts';
import { openImageStore } from '../appliance/control/engine/images/store.ts';
import { release } from '../scripts/images/build.ts';
import { stackCannotRun } from '../scripts/stack/requirements.ts';
import { ownEngine } from '../test/support/own-engine.ts';
import { atMost } from './bounds.ts';
import { median } from './support.ts';

const CACHE = resolve(import.meta.dirname, '../.cache');
const MADE = join(CACHE, `bundle/frostbyte-${release()}-linux-amd64`);
const seconds = (since: number) => (performance.now() - since) / 1000;

/** Loading against `docker load`, and what of a bundle are images. */
export async function measure(): Promise<string[]> {
  if (!existsSync(MADE)) return ['images                          not measured: make bundle first'];
  const reason = stackCannotRun();
  return [
    ...sizes(),
    ...(reason === null ? await loading() : [`loading images                  not measured: ${reason}`]),
  ];
}

function sizes(): string[] {
  const { files, images } = readManifest(readFileSync(join(MADE, 'MANIFEST.json'), 'utf8'));
  const megabytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  const whole = files.reduce((sum, { size }) => sum + size, 0);
  return [
    `size of the bundle              ${megabytes(whole)} in ${files.length} files`,
    ...images.map(({ name, size }) => `  image ${name.padEnd(24)}  ${megabytes(size)}`),
  ];
}

const ROUNDS = 3;
/** What is promised: of the time that `docker load` takes; and seconds where everything is there. */
const [BOUND, BOUND_SECONDS] = [1.1, 5];

/**
 * On an engine of its own, both ways in turns; the archive is what `docker save` writes of the same images. From a medium that
 * nobody has read yet, and once more where the host remembers both.
 */
async function loading(): Promise<string[]> {
  const folder = mkdtempSync(join(CACHE, 'bench-images-'));
  const engine = await ownEngine('bench', { core: false });
  try {
    const layout = join(MADE, 'images');
    const images = bundledImages(MADE, readManifest(readFileSync(join(MADE, 'MANIFEST.json'), 'utf8')));
    const store = openImageStore(engine.socket);
    const load = async () => {
      const started = performance.now();
      await loadImages(store, images, openLayoutBlob(layout));
      return seconds(started);
    };
    const names = images.map(({ reference }) => reference);
    await load();
    const archive = join(folder, 'images.tar');
    engine.docker('save', '--output', archive, ...names);
    const media = [archive, ...globSync(join(layout, 'blobs/sha256/*'))];
    const removed = (isRemembered: boolean) => {
      engine.docker('image', 'rm', ...names);
      // What the host still writes out of the load before would be measured with the next.
      execFileSync('sync');
      for (const file of media)
        if (isRemembered) execFileSync('cat', [file], { stdio: 'ignore' });
        else execFileSync('dd', [`if=${file}`, 'iflag=nocache', 'count=0'], { stdio: 'ignore' });
    };
    const again: number[] = [];
    const both = async (isRemembered: boolean) => {
      const times = { ours: [] as number[], theirs: [] as number[] };
      for (let round = 0; round < ROUNDS; round++) {
        removed(isRemembered);
        times.ours.push(await load());
        again.push(await load());
        removed(isRemembered);
        const started = performance.now();
        engine.docker('load', '--quiet', '--input', archive);
        times.theirs.push(seconds(started));
      }
      const [ours, theirs] = [median(times.ours), median(times.theirs)];
      return { ours, theirs, ratio: ours / theirs };
    };
    const [fresh, remembered] = [await both(false), await both(true)];
    const told = ({ ours, theirs, ratio }: typeof fresh) =>
      `${ours.toFixed(1)} s, ${ratio.toFixed(2)} × docker load (${theirs.toFixed(1)} s)`;
    const packed = images.flatMap(({ layers }) => layers).reduce((sum, { size }) => sum + size, 0);
    const there = median(again);
    return [
      `loading the images              ${told(fresh)}; ${atMost('loading the images, of docker load', fresh.ratio, BOUND)}`,
      `  read from the medium          ${(packed / 2 ** 20).toFixed(0)} MiB, of the archive ${(statSync(archive).size / 2 ** 20).toFixed(0)} MiB`,
      `  where the host remembers both ${told(remembered)}`,
      `  when everything is there      ${there.toFixed(1)} s; ${atMost('loading images that are there, s', there, BOUND_SECONDS)}`,
    ];
  } finally {
    await engine.end();
    rmSync(folder, { recursive: true, force: true });
  }
}

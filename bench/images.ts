import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
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

/** On an engine of its own, both ways in turns; the archive is what `docker save` writes of the same images. */
async function loading(): Promise<string[]> {
  const folder = mkdtempSync(join(CACHE, 'bench-images-'));
  const engine = await ownEngine('bench', { core: false });
  try {
    const images = bundledImages(MADE, readManifest(readFileSync(join(MADE, 'MANIFEST.json'), 'utf8')));
    const store = openImageStore(engine.socket);
    const load = async () => {
      const started = performance.now();
      await loadImages(store, images, openLayoutBlob(join(MADE, 'images')));
      return seconds(started);
    };
    const names = images.map(({ reference }) => reference);
    // Once for the disk's sake: what is measured lies in the page cache, for both.
    await load();
    const archive = join(folder, 'images.tar');
    engine.docker('save', '--output', archive, ...names);
    const times = { ours: [] as number[], again: [] as number[], theirs: [] as number[] };
    for (let round = 0; round < ROUNDS; round++) {
      engine.docker('image', 'rm', ...names);
      times.ours.push(await load());
      times.again.push(await load());
      engine.docker('image', 'rm', ...names);
      const started = performance.now();
      engine.docker('load', '--quiet', '--input', archive);
      times.theirs.push(seconds(started));
    }
    const [ours, again, theirs] = [median(times.ours), median(times.again), median(times.theirs)];
    const ratio = ours / theirs;
    const packed = images.flatMap(({ layers }) => layers).reduce((sum, { size }) => sum + size, 0);
    return [
      `loading the images              ${ours.toFixed(1)} s, ${ratio.toFixed(2)} × docker load (${theirs.toFixed(1)} s); ${atMost('loading the images, of docker load', ratio, BOUND)}`,
      `  read from the medium          ${(packed / 2 ** 20).toFixed(0)} MiB, of the archive ${(statSync(archive).size / 2 ** 20).toFixed(0)} MiB`,
      `  when everything is there      ${again.toFixed(1)} s; ${atMost('loading images that are there, s', again, BOUND_SECONDS)}`,
    ];
  } finally {
    await engine.end();
    rmSync(folder, { recursive: true, force: true });
  }
}

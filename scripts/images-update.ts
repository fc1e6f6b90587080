/**
 * `make images-update`: moves the pins of `images/lock.json` to what Debian has now, builds the images with them, writes
 * their digests down and shows what changed. With `--keep-pins` the pins stay, where they suffice: for a recipe or a file
 * of ours that was changed on purpose. `--move qdrant=v1.20.0` moves an image of others, or a program of
 * `scripts/go-programs.txt`, to a version that is named; with a registry what the lock lacks of others' images is written down.
 */
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { buildImage } from './images/build.ts';
import { openDebian } from './images/debian.ts';
import {
  changesOf,
  type ForeignImage,
  type ImageLock,
  LOCK_FILE,
  type LockedImage,
  type LockedPackage,
  readLock,
  versionOf,
  writeLock,
} from './images/lock.ts';
import { movedImage, moveProgram, movesOf } from './images/move.ts';
import { goVersion, imageNames, readRecipe } from './images/recipe.ts';

const SUITE = 'trixie';
const { values } = parseArgs({
  options: {
    'keep-pins': { type: 'boolean', default: false },
    move: { type: 'string', multiple: true, default: [] },
    registry: { type: 'string' },
  },
});
const moves = movesOf(values.move);

const arch = process.arch === 'x64' ? 'amd64' : 'arm64';
const before: ImageLock = existsSync(LOCK_FILE)
  ? readLock()
  : { format: 1, arch, go: goVersion().trim(), suite: SUITE, packages: [], images: [] };
const foreign = before.images.filter((image): image is ForeignImage => image.source !== 'recipe');
const programs = [...moves].filter(([name]) => !foreign.some((image) => image.name === name));
// Before anything is built: what is compiled goes into images.
for (const [name, version] of programs) console.log(moveProgram(name, version));
const others: ForeignImage[] = [];
for (const image of foreign) others.push(await movedImage(image, moves.get(image.name), { registry: values.registry }));
const recipes = imageNames().map((name) => readRecipe(name));
const suffice = recipes.every(({ name, packages }) => {
  const locked = before.images.find((image) => image.name === name);
  return locked?.source === 'recipe' && packages.every((one) => locked.packages.includes(one));
});
const pins = values['keep-pins'] && suffice ? null : resolvePins();
const system = `sha256:${'0'.repeat(64)}`;
const now: ImageLock = {
  ...before,
  arch,
  go: goVersion().trim(),
  packages:
    pins === null ? before.packages : [...new Map([...pins.values()].flat().map((one) => [one.name, one])).values()],
  images: [
    ...others,
    ...recipes.map((recipe): LockedImage => {
      const { name, appliance } = recipe;
      const known = before.images.find((image) => image.name === name);
      const packages = pins?.get(name)?.map((one) => one.name) ?? (known?.source === 'recipe' ? known.packages : []);
      return {
        name,
        source: 'recipe',
        version: appliance === undefined ? versionOf(recipe, pins?.get(name) ?? before.packages) : null,
        licence: known?.source === 'recipe' ? known.licence : null,
        packages: packages.sort(),
        system,
        config_digest: null,
        manifest_digest: null,
        size: null,
      };
    }),
  ],
};

for (const image of now.images) {
  if (image.source !== 'recipe') continue;
  const built = await buildImage(image.name, { lock: now, isHeld: false });
  image.system = built.system;
  if (readRecipe(image.name).appliance !== undefined) continue;
  Object.assign(image, {
    config_digest: built.config_digest,
    manifest_digest: built.manifest_digest,
    size: built.size,
  });
}
writeLock(now);
report();

/** The packages of each image, as Debian has them now. */
function resolvePins(): Map<string, LockedPackage[]> {
  const debian = openDebian(SUITE, arch);
  try {
    return new Map(recipes.map(({ name, from, packages }) => [name, from === SUITE ? debian.resolve(packages) : []]));
  } finally {
    debian.end();
  }
}

function report(): void {
  const changed = changesOf(before.packages, now.packages);
  console.log(changed.length === 0 ? 'no pin changed' : changed.join('\n'));
  for (const image of now.images) {
    const known = before.images.find(({ name }) => name === image.name);
    if (image.source !== 'recipe') {
      const [from, to] = [known, image].map((one) => `${one?.version} ${one?.manifest_digest ?? 'without a digest'}`);
      if (from !== to) console.log(`${image.name}: ${from} → ${to}`);
      continue;
    }
    const was = known?.source === 'recipe' ? known : null;
    const isSame = was?.system === image.system && was.manifest_digest === image.manifest_digest;
    if (!isSame)
      console.log(
        `${image.name}: ${was?.manifest_digest ?? was?.system ?? 'new'} → ${image.manifest_digest ?? image.system}`,
      );
  }
}

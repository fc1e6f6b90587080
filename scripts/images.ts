/**
 * `make images`: builds the images of `images/`, each by its recipe, or takes them from `.cache/images/`, and fetches those of
 * others by the digests of `images/lock.json`. Without names: all of them. With `--twice` each is built twice from nothing but
 * the pinned packages and modules, programs compiled anew, and it is a failure when the two are not the same. What cannot be had here is left out only where `--without` names it.
 */
import { relative } from 'node:path';
import { parseArgs } from 'node:util';
import { type BuiltImage, buildImage } from './images/build.ts';
import { takeForeign } from './images/foreign.ts';
import { readLock, requireArchitecture, requireCompiler } from './images/lock.ts';
import { goVersion, ROOT } from './images/recipe.ts';
import { buildTwice } from './images/twice.ts';
import { wantedImages } from './images/wanted.ts';

const { values, positionals } = parseArgs({
  options: {
    twice: { type: 'boolean', default: false },
    without: { type: 'string', multiple: true, default: [] },
    registry: { type: 'string' },
    objects: { type: 'string', default: 'objects' },
  },
  allowPositionals: true,
});
try {
  requireArchitecture(readLock());
  for (const wanted of wantedImages({ ...values, names: positionals })) {
    if (wanted.source === 'recipe') {
      requireCompiler(readLock(), compilerHere());
      await (values.twice ? compareTwo(wanted.name) : say(() => buildImage(wanted.name)));
    } else await say(() => takeForeign(wanted, { registry: values.registry }));
  }
} catch (error) {
  console.error(`images: ${(error as Error).message}`);
  process.exitCode = 1;
}

function compilerHere(): string | null {
  try {
    return goVersion();
  } catch {
    return null;
  }
}

async function say(get: () => Promise<BuiltImage>): Promise<void> {
  const started = performance.now();
  const { tag, manifest_digest, size, folder, fresh } = await get();
  const how = fresh ? `made in ${((performance.now() - started) / 1000).toFixed(0)} s` : 'from the cache';
  console.log(`${tag}  ${manifest_digest}  ${(size / 2 ** 20).toFixed(1)} MiB  ${relative(ROOT, folder)}  ${how}`);
}

async function compareTwo(name: string): Promise<void> {
  const digests = await buildTwice(name);
  const same = digests[0] === digests[1];
  console.log(
    `${name}: ${same ? `built twice, both times ${digests[0]}` : `built twice, and not the same: ${digests.join(', ')}`}`,
  );
  if (!same) process.exitCode = 1;
}

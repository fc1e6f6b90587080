/**
 * `make images`: builds the images of `images/`, each by its recipe, or takes them from `.cache/images/`.
 * Without names: all of them. Prints name, id, and where it lies. With `--twice` each is built twice from nothing, and
 * it is a failure when the two are not the same.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { buildImage } from './images/build.ts';
import { imageNames, ROOT } from './images/recipe.ts';

const { values, positionals } = parseArgs({
  options: { twice: { type: 'boolean', default: false } },
  allowPositionals: true,
});
for (const name of positionals.length > 0 ? positionals : imageNames())
  await (values.twice ? buildTwice(name) : build(name));

async function build(name: string): Promise<void> {
  const started = performance.now();
  const { tag, id, folder, fresh } = await buildImage(name);
  const how = fresh ? `built in ${((performance.now() - started) / 1000).toFixed(0)} s` : 'from the cache';
  console.log(`${tag}  ${id}  ${relative(ROOT, folder)}  ${how}`);
}

async function buildTwice(name: string): Promise<void> {
  const ids: string[] = [];
  for (const turn of ['first', 'second']) {
    const cache = mkdtempSync(join(ROOT, `.cache/${turn}-`));
    try {
      ids.push((await buildImage(name, cache)).id);
    } finally {
      rmSync(cache, { recursive: true, force: true });
    }
  }
  const same = ids[0] === ids[1];
  console.log(
    `${name}: ${same ? `built twice, both times ${ids[0]}` : `built twice, and not the same: ${ids.join(', ')}`}`,
  );
  if (!same) process.exitCode = 1;
}

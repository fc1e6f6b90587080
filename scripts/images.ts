/**
 * `make images`: builds the images of `images/`, each by its recipe, or takes them from `.cache/images/`.
 * Without names: all of them. Prints name, id, and where it lies.
 */
import { relative } from 'node:path';
import { buildImage } from './images/build.ts';
import { imageNames, ROOT } from './images/recipe.ts';

const asked = process.argv.slice(2);
for (const name of asked.length > 0 ? asked : imageNames()) {
  const started = performance.now();
  const { tag, id, folder, fresh } = await buildImage(name);
  const how = fresh ? `built in ${((performance.now() - started) / 1000).toFixed(0)} s` : 'from the cache';
  console.log(`${tag}  ${id}  ${relative(ROOT, folder)}  ${how}`);
}

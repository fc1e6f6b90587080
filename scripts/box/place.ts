/**
 * Where the sealed boxes of this tree lie. All names follow from the tree's path, so that two trees on one machine do not
 * meet, and what an earlier run left behind is found without a note of it.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { ROOT } from '../images/recipe.ts';

const cache = join(ROOT, '.cache/box');

export const PLACE = Object.freeze({
  cache,
  /** Of each box its record, its disk, and what it says while it boots. */
  boxes: join(cache, 'boxes'),
  /** The names of this tree's boxes begin so: machines, control groups, namespaces, mounts. */
  prefix: `frostbyte-box-${createHash('sha256').update(ROOT).digest('hex').slice(0, 8)}-`,
});

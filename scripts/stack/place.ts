/**
 * Where the test stack of this tree lies. All names follow from the tree's path, so that two trees on one machine do not
 * meet, and what an earlier run left behind is found without a note of it. `FROSTBYTE_STACK` names a second stack of the
 * same tree: the test that kills one has one of its own.
 */
import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';

export const ROOT = resolve(import.meta.dirname, '../..');
const ANOTHER = process.env.FROSTBYTE_STACK ? `-${process.env.FROSTBYTE_STACK}` : '';
const NAME = `frostbyte-${createHash('sha256').update(`${ROOT}${ANOTHER}`).digest('hex').slice(0, 8)}`;

const cache = join(ROOT, `.cache/stack${ANOTHER}`);
/** On memory, and short: a socket's path may have 107 characters. */
const run = join('/run', NAME);

export const PLACE = Object.freeze({
  /** Network namespace with nothing but loopback and the engine's bridges: no route leads out of it. */
  netns: NAME,
  netnsFile: join('/run/netns', NAME),
  /** Control group above all containers. */
  cgroup: NAME,
  run,
  socket: join(run, 'docker.sock'),
  cache,
  lock: `${cache}.lock`,
  /** The engine's images, containers and volumes. */
  data: join(cache, 'engine'),
  log: join(cache, 'engine.log'),
  secrets: join(cache, 'secrets'),
  hba: join(cache, 'hba'),
  signatures: join(cache, 'signatures'),
  /** What tests are told, as `TestStack`. */
  facts: join(cache, 'stack.json'),
});

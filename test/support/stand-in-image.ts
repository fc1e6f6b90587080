import { resolve } from 'node:path';
import type { OwnEngine } from './own-engine.ts';

const STAND_IN = resolve(import.meta.dirname, 'stand-in-plane.mjs');

/** Makes an image that runs the stand-in for a plane by this process's own Node, over a root that is there. Gives its name. */
export async function standInImage(own: OwnEngine): Promise<string> {
  const name = 'frostbyte.local/stand-in:test';
  const [base] = await own.load('redis');
  own.docker('create', '--name=stand-in', base!);
  own.docker('cp', process.execPath, 'stand-in:/usr/bin/node');
  own.docker('cp', STAND_IN, 'stand-in:/usr/bin/stand-in-plane.mjs');
  const entry = '["/usr/bin/node", "/usr/bin/stand-in-plane.mjs"]';
  own.docker('commit', `--change=ENTRYPOINT ${entry}`, '--change=HEALTHCHECK NONE', 'stand-in', name);
  own.docker('rm', 'stand-in');
  return name;
}

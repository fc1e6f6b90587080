import { resolve } from 'node:path';
import type { OwnEngine } from './own-engine.ts';

const STAND_IN = resolve(import.meta.dirname, 'stand-in-plane.mjs');

/**
 * Makes the image that ships with the stand-in for a plane in the place of its program: users, files, Node and the way it is
 * started are the real ones, and nothing has to be there that a real plane would ask for at its start. Gives its name.
 */
export async function standInImage(own: OwnEngine): Promise<string> {
  const name = 'frostbyte.local/stand-in:test';
  const [base] = await own.load('appliance');
  own.docker('create', '--name=stand-in', base!);
  own.docker('cp', STAND_IN, 'stand-in:/opt/frostbyte/cli.mjs');
  own.docker('commit', '--change=HEALTHCHECK NONE', 'stand-in', name);
  own.docker('rm', 'stand-in');
  return name;
}

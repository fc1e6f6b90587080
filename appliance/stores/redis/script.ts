import type { Redis } from 'ioredis';
import { sha256Hex } from '../../kernel/digest.ts';

/** A Lua script that touches its declared keys only, so that the server can hold it to the tenant's key pattern. */
export interface Script {
  /** The name under which the client knows it: made of the text too, so that two versions never meet. */
  name: string;
  lua: string;
}

export function script(name: string, lua: string): Script {
  return { name: `frostbyte:${name}:${sha256Hex(lua).slice(0, 8)}`, lua };
}

/** Runs a script by its hash; a server that has forgotten it (restarted, flushed) is sent the text again. */
export async function run(redis: Redis, script: Script, keys: string[], args: (string | number)[]): Promise<unknown> {
  const commands = redis as unknown as Record<string, (...values: (string | number)[]) => Promise<unknown>>;
  if (commands[script.name] === undefined) redis.defineCommand(script.name, { lua: script.lua });
  return commands[script.name]!(keys.length, ...keys, ...args);
}

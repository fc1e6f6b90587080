import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { docker } from './docker.ts';
import type { TestStack } from './stack.ts';

/** A Docker Engine of one test's own, in a namespace of its own: it may be restarted, and its networks are nobody else's. */
export interface OwnEngine {
  socket: string;
  netnsFile: string;
  /** A folder on memory that the engine sees, and that goes with it. */
  memory: string;
  docker(...args: string[]): string;
  /** Brings the core stack up, where it is not, with these words more for Compose. */
  coreUp(...more: string[]): void;
  /** Runs a program in the engine's network namespace, and answers what it said. */
  onHost(...command: string[]): { status: number | null; stdout: string };
  /** Runs a program among the engine's own mounts. */
  inEngine(...command: string[]): void;
  /** Names of images, as `images/` has them; built where they are not in the cache. Gives the names in the engine. */
  load(...names: string[]): Promise<string[]>;
  /** The name in the engine of an image that was loaded. */
  image(name: string): string;
  /** Ends the engine in order, its containers with it, and starts it again; the core stack too, and no other container. */
  restart(): Promise<void>;
  end(): Promise<void>;
}

const ROOT = resolve(import.meta.dirname, '../..');

/**
 * One of this name at a time; what an earlier run left is removed first. In a process of its own: names go by the
 * environment. `core`: with the core stack on it.
 */
export async function ownEngine(name: string, { core }: { core: boolean }): Promise<OwnEngine> {
  process.env.FROSTBYTE_STACK = name;
  const { PLACE } = await import('../../scripts/stack/place.ts');
  if (!PLACE.cache.endsWith(`-${name}`)) throw new Error('this process knows another stack already');
  const { endEngine, inNamespace, loadImage, runEngine, startEngine } = await import('../../scripts/stack/engine.ts');
  const { removeStack } = await import('../../scripts/stack/leftovers.ts');
  const { buildImage, release } = await import('../../scripts/images/build.ts');
  await removeStack();
  rmSync(PLACE.cache, { recursive: true, force: true });
  const coreUp = (...more: string[]) => {
    const { status, stderr } = spawnSync(process.execPath, [resolve(ROOT, 'scripts/stack.ts'), 'up', ...more], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`the core stack did not come up: ${stderr.trim()}`);
  };
  const memory = mkdtempSync('/dev/shm/frostbyte-');
  const end = async () => {
    await removeStack();
    for (const folder of [PLACE.cache, memory]) rmSync(folder, { recursive: true, force: true });
  };
  try {
    if (core) coreUp();
    else await startEngine();
  } catch (error) {
    await end();
    throw error;
  }
  const engine = { engine: { socket: PLACE.socket, netns: PLACE.netns } } as TestStack;
  return {
    socket: PLACE.socket,
    netnsFile: PLACE.netnsFile,
    memory,
    coreUp,
    docker: (...args) => docker(engine, ...args),
    onHost(...command) {
      const [program, args] = inNamespace(command);
      const { status, stdout } = spawnSync(program, args, { encoding: 'utf8' });
      return { status, stdout };
    },
    inEngine(...command) {
      const pid = readFileSync(join(PLACE.run, 'docker.pid'), 'utf8').trim();
      const { status, stderr } = spawnSync('nsenter', [`--mount=/proc/${pid}/ns/mnt`, ...command], {
        encoding: 'utf8',
      });
      if (status !== 0) throw new Error(`${command[0]}: ${stderr.trim()}`);
    },
    image: (image) => `frostbyte.local/${image}:${release()}`,
    async load(...names) {
      const tags: string[] = [];
      for (const image of names) {
        const built = await buildImage(image);
        await loadImage(built);
        tags.push(built.tag);
      }
      return tags;
    },
    async restart() {
      await endEngine();
      await runEngine();
      if (core) coreUp();
    },
    end,
  };
}

import type { Config } from '../config/schema.ts';
import { type Engine, openEngine } from '../control/engine/engine.ts';

/** Where the engine keeps images and volumes unless it is told otherwise: for whoever cannot ask it. */
const USUAL_ROOT = '/var/lib/docker';
/** Nobody moves it while the engine runs. */
const KNOWN_MS = 60_000;

type DiskConfig = Pick<Config['stack'], 'disk' | 'engine'>;

/**
 * A folder on the disk that the stores' volumes lie on: the one that is configured, or what the engine says is its root. What
 * it said last counts while it does not answer. Throws `SERVICE_UNAVAILABLE` where it never did.
 */
export function storesDisk(
  { disk, engine }: DiskConfig,
  asked: Pick<Engine, 'root'> = openEngine(engine),
): () => Promise<string> {
  if (disk !== null) return async () => disk;
  let known: { root: string; until: number } | null = null;
  return async () => {
    if (known !== null && performance.now() < known.until) return known.root;
    try {
      known = { root: await asked.root(), until: performance.now() + KNOWN_MS };
    } catch (error) {
      if (known === null) throw error;
    }
    return known.root;
  };
}

/** The same for whoever only shows it: where the engine does not answer, what is usual. */
export async function storesDiskOrUsual(config: DiskConfig): Promise<string> {
  return storesDisk(config)().catch(() => USUAL_ROOT);
}

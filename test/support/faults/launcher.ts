import { unpackShipped } from '../shipped.ts';

/**
 * What to start appliances with: the built program where `dist/` is there and not older than the sources, since it is up
 * twice as fast, else undefined: the sources. `into` must not exist yet.
 */
export function fastLauncher(into: string): string | undefined {
  try {
    return unpackShipped(into);
  } catch {
    return undefined;
  }
}

import type { Database } from 'better-sqlite3';
import { getLoadablePath } from 'sqlite-vec';
import { FrostbyteError } from '../../../kernel/errors.ts';

/**
 * Loads the vector functions from `path`, or from beside the `sqlite-vec` package. A bundled program has no packages
 * beside it and must give the path. Throws `STORE_UNAVAILABLE` where the file is absent or not for this machine.
 */
export function loadVectorFunctions(db: Database, path: string | undefined): void {
  try {
    db.loadExtension(path ?? getLoadablePath());
  } catch (cause) {
    throw new FrostbyteError('STORE_UNAVAILABLE', 'The vector extension cannot be loaded.', { kind: 'never', cause });
  }
}

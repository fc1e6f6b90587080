import { parentPort } from 'node:worker_threads';
import { serveSearches } from './wire/serve-searches.ts';

/**
 * A thread that searches: SQLite answers while its thread waits, so a scan of a large index would hold up everybody whom
 * the daemon serves.
 */
serveSearches(parentPort!);

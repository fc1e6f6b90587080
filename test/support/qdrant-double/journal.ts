import { appendFileSync, existsSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { readBody } from './body.ts';
import { routeOf } from './routes.ts';
import type { World } from './world.ts';

/** A request that changed something, as it came. */
export interface Change {
  /** When, in milliseconds since the epoch: names of snapshots hold it. */
  at: number;
  method: string;
  /** With its query. */
  path: string;
  body: string;
  /** The file of a multipart body, as Base64. */
  upload?: string;
}

/** What a double keeps on disk: every change, written before it is answered, so that it knows them all when it is started again. */
export interface Journal {
  /** Does again, in a world that is empty, all that stands there. */
  replay(world: World): void;
  append(change: Change): void;
}

export function journalIn(folder: string): Journal {
  const file = join(folder, 'changes.jsonl');
  return {
    replay(world) {
      const content = existsSync(file) ? readFileSync(file) : Buffer.alloc(0);
      // What was cut short while it was written was not answered, and did not happen.
      const whole = content.lastIndexOf('\n') + 1;
      if (whole < content.length) truncateSync(file, whole);
      for (const line of content.toString('utf8', 0, whole).split('\n').slice(0, -1))
        redo(world, JSON.parse(line) as Change);
    },
    append(change) {
      appendFileSync(file, `${JSON.stringify(change)}\n`);
    },
  };
}

function redo(world: World, { at, method, path, body, upload }: Change): void {
  const { pathname, searchParams: query } = new URL(path, 'http://double');
  const { work, names } = routeOf(method, pathname, query);
  work({
    world,
    // Whoever asked was allowed to.
    access: { over: 'everything', manage: true },
    name: names[0] ?? '',
    second: names[1] ?? '',
    query,
    body: readBody(body),
    upload: upload === undefined ? null : Buffer.from(upload, 'base64'),
    at,
  });
}

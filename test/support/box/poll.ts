import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Box } from '../../../scripts/box/box.ts';

/** A request of a client that asks every 100 ms. */
export interface Polled {
  /** Milliseconds from its own beginning. */
  at: number;
  took: number;
  /** 0: there was no answer. */
  status: number;
  why: string | null;
  retry_after: string | null;
  /** The documents that were found, where it was answered. */
  found: string[] | null;
}

/** Begins to search in a box every 100 ms; `stop` gives all that became of it. */
export function pollSearch(box: Box, tenant: string, token: string, words: string): { stop(): Promise<Polled[]> } {
  const url = `http://127.0.0.1:8080/api/v1/query/${tenant}/search`;
  const [command, ...args] = box.inNetwork([process.execPath, join(import.meta.dirname, 'poll.mjs'), url]);
  const child = spawn(command!, args, {
    env: { TOKEN: token, BODY: JSON.stringify({ query_text: words, top_k: 3 }) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const said = text(child.stdout);
  return {
    async stop() {
      child.kill('SIGTERM');
      const lines = (await said).trim().split('\n').filter(Boolean);
      return lines.map((line) => JSON.parse(line) as Polled).sort((a, b) => a.at - b.at);
    },
  };
}

/** The longest time from one good answer to the next, in seconds. */
export function downtimeOf(polled: readonly Polled[]): number {
  const good = polled
    .filter(({ status }) => status === 200)
    .map(({ at, took }) => at + took)
    .sort((a, b) => a - b);
  return Math.max(...good.slice(1).map((at, before) => at - good[before]!)) / 1000;
}

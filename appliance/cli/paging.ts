import type { Command } from 'commander';
import type { Answer } from './client.ts';

/** One page of a list, as its command was asked for it. */
export interface Place {
  limit: string;
  cursor?: string;
}

/** One page of what a document holds, as its command was asked for it. */
export interface Page {
  limit: string;
  page: string;
}

/** Adds `--limit` and `--cursor`: the command shows one page of a list, newest first, and says how to go on. */
export function addPlaceOptions(command: Command): Command {
  return command
    .option('--limit <number>', 'how many', '50')
    .option('--cursor <cursor>', 'those behind it, as the page before named it');
}

/** Adds `--page` and `--limit`, for what has numbered pages. */
export function addPageOptions(command: Command, what: string, limit = 200): Command {
  return command
    .option('--page <number>', `page of ${what}`, '1')
    .option('--limit <number>', 'how many on a page', String(limit));
}

/** How a list goes on behind this page; undefined where it ends. */
export function goOn({ cursor }: Place, { data, meta }: Pick<Answer<unknown[]>, 'data' | 'meta'>): string | undefined {
  if (!meta?.cursor) return undefined;
  // A page that is full may be the whole.
  if (cursor === undefined && data.length >= meta.total) return undefined;
  return `${meta.total} in all; go on with --cursor ${meta.cursor}`;
}

/** The same for numbered pages, of which this one shows so many of `total`. */
export function nextPage({ page, limit }: Page, shown: number, total: number): string | undefined {
  if (shown < Number(limit) || Number(page) * Number(limit) >= total) return undefined;
  return `${total} in all; go on with --page ${Number(page) + 1}`;
}

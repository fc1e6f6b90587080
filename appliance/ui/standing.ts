/** Where the files of a batch stand: the same for the server that draws a page and for the client that keeps it true. */

/** What both need of a file's status. */
export interface FileAsTold {
  /** Of the receipt. */
  status: string;
  /** Of the document; null where none came of it. */
  state: string | null;
}

/** In the order in which they ask for attention. */
export const STANDINGS = [
  'rejected',
  'failed',
  'quarantined',
  'missing',
  'held',
  'processing',
  'cancelled',
  'erased',
  'indexed',
] as const;
type Standing = (typeof STANDINGS)[number];

/** The tone in which each is shown. */
export const STANDING_TONES = Object.freeze({
  rejected: 'bad',
  failed: 'bad',
  missing: 'bad',
  quarantined: 'apart',
  held: 'waiting',
  processing: 'running',
  cancelled: 'quiet',
  erased: 'quiet',
  indexed: 'good',
} as const) satisfies Readonly<Record<Standing, string>>;

/** Where a file stands. What is known of its document counts more than its receipt; nothing known is on its way. */
export function standingOf({ status, state }: FileAsTold): Standing {
  if (status === 'rejected' || status === 'missing' || status === 'erased' || status === 'quarantined') return status;
  if (state === 'indexed' || state === 'held' || state === 'quarantined' || state === 'cancelled') return state;
  return state?.endsWith('_failed') ? 'failed' : 'processing';
}

/** The shares that a stage's bar shows, in their order. */
export const SHARES = ['good', 'running', 'waiting', 'apart', 'bad', 'quiet'] as const;
export type Share = (typeof SHARES)[number];

const SHARE_OF: Readonly<Record<string, Share>> = Object.freeze({
  completed: 'good',
  processing: 'running',
  held: 'waiting',
  quarantined: 'apart',
  failed: 'bad',
});

/** How many files a stage has in each share; what waits for it, or never comes to it, is the rest of its bar. */
export function sharesOf(statuses: readonly string[]): Record<Share, number> {
  const counts: Record<Share, number> = { good: 0, running: 0, waiting: 0, apart: 0, bad: 0, quiet: 0 };
  for (const status of statuses) {
    const share = SHARE_OF[status] ?? (status === 'queued' ? null : 'quiet');
    if (share !== null) counts[share] += 1;
  }
  return counts;
}

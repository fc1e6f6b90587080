import type { InboxReason } from '../../kernel/remedies.ts';
import type { Missing } from './look.ts';

/**
 * What is remembered of a tenant's inbox between two rounds. All of it can be found again: the folders by looking, the
 * batches in the record store. It is lost with the process, and nothing is taken twice for that.
 */
export interface InboxFolder {
  readonly name: string;
  state: 'waiting' | 'refused' | 'taken';
  /** Why it was not taken; null once it is. */
  reason: InboxReason | null;
  /** Of a refusal or a postponement. */
  code: string | null;
  message: string | null;
  batch_id: string | null;
  missing: Missing[];
  missing_count: number;
  /** When it was first seen in this state, by the server's clock. */
  since: string;
  /** What was seen last, and the moment (`elapsed`) from which on it has looked like this. */
  print: string | null;
  stillSince: number;
  /** Not looked at before. Grows with the time that nothing changed. */
  lookAt: number;
  /** The tenant's config that a refusal goes by: under another one it is looked at anew. */
  configVersion: number;
  /** How often in a row the batch could not be taken, or its results not be written. */
  failures: number;
  /** Why results cannot be written here (EROFS, EACCES, ENOSPC …), or null. */
  unwritable: string | null;
  /** Of a taken batch: the manifest it was taken by, and which state of it the results beside it show. */
  manifestPrint: string | null;
  delivered: string | null;
  /** Its results say that nothing more comes, unless it is opened again. */
  final: boolean;
}

/** Missing files of a folder that are kept for the status; the file beside the manifest lists more. */
const KEPT_MISSING = 10;
/** A postponed batch, or a folder that takes no results, is tried again after so long, doubled each time. */
const FIRST_WAIT_MS = 15_000;
const LONGEST_WAIT_MS = 15 * 60_000;
/** A folder in which nothing has changed for a while is looked at less often, down to the second of these. */
const STALE_MS = 60_000;
const LONGEST_LOOK_MS = 60_000;

export class InboxMemory {
  readonly folders = new Map<string, InboxFolder>();
  /** The whole inbox rests until then: its stores or the disk are in trouble. */
  restUntil = 0;
  rests = 0;
  /** Why the tenant's own folder cannot be used, or null. */
  trouble: string | null = null;
  /** More folders than are looked at. */
  crowded = false;
  lastRound: string | null = null;
  /** Where the last round left off, by name. */
  cursors = { looks: '', taken: '', states: '' };
  /** What was last logged of those that wait. */
  counts = '';

  folder(name: string, at: string, now: number): InboxFolder {
    const known = this.folders.get(name);
    if (known !== undefined) return known;
    const fresh: InboxFolder = {
      name,
      state: 'waiting',
      reason: 'STILL_CHANGING',
      code: null,
      message: null,
      batch_id: null,
      missing: [],
      missing_count: 0,
      since: at,
      print: null,
      stillSince: now,
      lookAt: 0,
      configVersion: 0,
      failures: 0,
      unwritable: null,
      manifestPrint: null,
      delivered: null,
      final: false,
    };
    this.folders.set(name, fresh);
    return fresh;
  }

  /** Puts a folder into a state; `since` moves only where state or reason do. */
  put(
    folder: InboxFolder,
    change: Partial<InboxFolder> & Pick<InboxFolder, 'state' | 'reason'>,
    at: string,
    now: number,
  ): void {
    if (folder.state !== change.state || folder.reason !== change.reason) folder.since = at;
    Object.assign(folder, { code: null, message: null, missing: [], missing_count: 0 }, change);
    folder.missing = folder.missing.slice(0, KEPT_MISSING);
    const stale = Math.max(0, now - folder.stillSince - STALE_MS);
    folder.lookAt = now + Math.min(LONGEST_LOOK_MS, stale / 10);
  }

  /** Remembers how a folder looks now. Answers for how long it has looked like this, in milliseconds. */
  still(folder: InboxFolder, print: string, now: number): number {
    if (folder.print !== print) {
      folder.print = print;
      folder.stillSince = now;
      folder.failures = 0;
    }
    return now - folder.stillSince;
  }

  /** Leaves a folder alone for a while, longer each time in a row. */
  backOff(folder: InboxFolder, now: number): void {
    folder.lookAt = now + wait(folder.failures++);
  }

  /** Leaves the whole inbox alone for a while, longer each time in a row. */
  rest(now: number): void {
    this.restUntil = now + wait(this.rests++);
  }
}

function wait(failures: number): number {
  return Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(failures, 10));
}

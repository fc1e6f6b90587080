import type { FileStatus } from '../../api/schemas/ingest.ts';
import { sha256Hex } from '../../kernel/digest.ts';

/** Files share this many sums: up to so many files a cursor is exact, beyond that a broken group is told again. */
const GROUPS = 32;
/** Hexadecimal digits of a sum, and one more than its largest value. */
const DIGITS = 6;
const MODULUS = 16 ** DIGITS;

const CURSOR = new RegExp(`^[0-9a-f]{${GROUPS * DIGITS}}$`);

/**
 * What a client has been told about the files of a batch, as it stands in the id of each event: one sum a group of
 * files, each file adding a hash of the state it was told in. So the server keeps nothing, and whoever comes back with
 * the id of any event, also from the middle of a round, is told what it misses.
 */
export class ProgressCursor {
  readonly #told = new Map<string, string>();
  readonly #sums = new Array<number>(GROUPS).fill(0);

  /** Takes up where the id of an event left off; an id that says nothing is as none. O(files). */
  resume(id: string | null, files: readonly FileStatus[]): void {
    if (id === null || !CURSOR.test(id)) return;
    const now = new Array<number>(GROUPS).fill(0);
    for (const [at, file] of files.entries()) now[at % GROUPS] = (now[at % GROUPS]! + share(file)) % MODULUS;
    for (const [at, file] of files.entries()) {
      const group = at % GROUPS;
      if (Number.parseInt(id.slice(group * DIGITS, (group + 1) * DIGITS), 16) === now[group]) this.tell(file, at);
    }
  }

  /** Whether the file, in its present state, is news. */
  isNews(file: FileStatus): boolean {
    return this.#told.get(file.file_id) !== stateOf(file);
  }

  /** Notes that the client is told of the file, which stands `at` this place of the batch. */
  tell(file: FileStatus, at: number): void {
    const group = at % GROUPS;
    const before = this.#told.get(file.file_id);
    const old = before === undefined ? 0 : shareOf(file.file_id, before);
    this.#told.set(file.file_id, stateOf(file));
    this.#sums[group] = (this.#sums[group]! - old + share(file) + MODULUS) % MODULUS;
  }

  /** The id of an event that is sent now. */
  id(): string {
    return this.#sums.map((sum) => sum.toString(16).padStart(DIGITS, '0')).join('');
  }
}

function stateOf({ status, state, stages, error }: FileStatus): string {
  return JSON.stringify([status, state, stages, error]);
}

function share(file: FileStatus): number {
  return shareOf(file.file_id, stateOf(file));
}

/** Never 0, so that a file that was told differs from one that was not. */
function shareOf(fileId: string, state: string): number {
  return 1 + (Number.parseInt(sha256Hex(`${fileId}\n${state}`).slice(0, 8), 16) % (MODULUS - 1));
}

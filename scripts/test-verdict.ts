/** What a run of the tests amounts to, beyond single tests that failed: layers that had to run, tests left out. */

export interface Count {
  passed: number;
  failed: number;
  seconds: number;
  skips: readonly Note[];
  failures: readonly Note[];
  files: readonly Timed[];
}

/** A file of tests, and how long they took. */
export interface Timed {
  /** Path below the project. */
  file: string;
  seconds: number;
}

/** A test, or a whole suite, that was left out or failed. */
export interface Note {
  /** Path below the project. */
  file: string;
  name: string;
  /** Why it was left out, or the first lines of its error. */
  reason: string;
}

/** A skip that a strict run puts up with. */
export interface AllowedSkip {
  file: string;
  /** Of the test or suite; absent: all of the file. */
  name?: string;
  /** What the test itself says; only this reason is put up with. */
  reason: RegExp;
  /** Why it cannot run in CI. */
  because: string;
}

/**
 * Everything that makes a run with required layers a failure: a required layer without a test that passed, and in it a
 * test that was skipped and is not on the list.
 */
export function complaints(
  required: readonly string[],
  counts: ReadonlyMap<string, Count>,
  allowed: readonly AllowedSkip[],
): string[] {
  return required.flatMap((layer) => {
    const count = counts.get(layer);
    if (!count || count.passed === 0) return [`the layer ${layer} is required and did not run`];
    return count.skips
      .filter((skip) => !allowed.some((one) => covers(one, skip)))
      .map(({ file, name, reason }) => `required, and skipped: ${file}: ${name} (${reason || 'no reason given'})`);
  });
}

function covers({ file, name, reason }: AllowedSkip, skip: Note): boolean {
  return file === skip.file && (name === undefined || name === skip.name) && reason.test(skip.reason);
}

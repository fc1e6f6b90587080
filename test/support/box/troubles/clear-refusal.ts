import assert from 'node:assert/strict';
import type { Ran } from '../../shipped.ts';

/** What nobody should be left alone with: a trace of our program, or what the system said in place of what it means. */
const RAW =
  /\n\s+at .+:\d+:\d+\)?$|node:internal|INTERNAL_ERROR|ENOSPC: |EIO: |EDQUOT: |ENOENT: |unhandled|UnhandledPromise/m;

/** Throws where a run that failed does not say by a code what it was, as `says` has it. */
export function assertClear({ code, out, err }: Ran, says: RegExp, where: string): void {
  const said = `${err}${out}`;
  assert.notEqual(code, 0, `${where}: it says that all is well: ${said}`);
  assert.doesNotMatch(said, RAW, where);
  assert.match(said, says, where);
}

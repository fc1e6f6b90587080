import { after, before } from 'node:test';
import { type Box, type BoxOptions, makeBox } from '../../../scripts/box/box.ts';
import { removeLeftovers } from '../../../scripts/box/leftovers.ts';
import { boxCannotRun } from '../../../scripts/box/requirements.ts';

/** Why no box can be had here, for a test's `skip`; false where one can. */
export const noBoxes: string | false = boxCannotRun() ?? false;

/** Makes boxes for the tests of a suite, and ends them behind it. Those of runs that were killed are removed first. */
export function boxes(): (options: BoxOptions) => Promise<Box> {
  const made: Box[] = [];
  before(async () => {
    if (!noBoxes) await removeLeftovers();
  });
  after(async () => {
    for (const box of made) await box.end();
  });
  return async (options) => {
    const box = await makeBox(options);
    made.push(box);
    return box;
  };
}

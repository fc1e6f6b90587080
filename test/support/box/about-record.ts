import type { About } from './deaths/record.ts';

/** What the record of the long runs says of itself: several tests write their lines into one page. */
export const RECORD: About = {
  title: 'Operations that died or met trouble, as recorded',
  command: 'make faults FAULTS=box KILL_RECORD=docs/recorded-kill-points.md',
  words: [
    'In a sealed box each operation dies as soon as its journal says that a phase began: by SIGKILL of it and all that it started, by',
    'the end of the whole box, or by a power cut (its disk is shut down, and what was not synced is gone). It is gone on with, dies in',
    'the next phase, and so on to its end. “Found” is how the journal on the disk left the phase: `done` where it was quicker than its',
    'death. Seconds are from the death to the end of that phase in the next run, the boot among them. “Data” was looked at once the',
    'operation was over, so it holds for all of its deaths together.',
    '',
    'Or it lives and meets trouble: the disk has no room left from the moment a phase begins to the end of that run, or the engine is',
    'restarted in it. “Found” is what that run came to: whether it went on by itself, or what it refused with; “after it” is what the',
    'next run did, once the trouble was over; seconds are from the trouble to the end of that phase. A medium is pulled out (its device',
    'answers nothing any more) or unmounted while the bundle is verified and copied off it, which is all that reads it: the',
    'installations that meet trouble go on without one.',
  ],
};

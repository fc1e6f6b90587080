import { existsSync } from 'node:fs';

/** Words before a command that is to run in a unit of its own, for as long as whoever started it waits; its name follows. */
export const IN_A_UNIT = [
  '/usr/bin/systemd-run',
  '--quiet',
  '--pipe',
  '--wait',
  '--collect',
  '--service-type=exec',
] as const;

/** Whether systemd runs this very process as one of its units. */
export const runsAsUnit = (): boolean => existsSync('/run/systemd/system') && process.env.INVOCATION_ID !== undefined;

import { existsSync } from 'node:fs';

export const SYSTEMD_RUN = '/usr/bin/systemd-run';

/** Whether systemd runs this very process as one of its units. */
export const runsAsUnit = (): boolean => existsSync('/run/systemd/system') && process.env.INVOCATION_ID !== undefined;

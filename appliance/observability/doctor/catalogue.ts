import { type Failure, GROUPS } from './failure.ts';
import { DATA_FAILURES, WORK_FAILURES } from './failures/data.ts';
import { ENGINE_FAILURES } from './failures/engine.ts';
import { HOST_FAILURES } from './failures/host.ts';
import { INSTALLATION_FAILURES } from './failures/installation.ts';
import { KEY_FAILURES } from './failures/keys.ts';
import { SERVICE_FAILURES } from './failures/services.ts';

/** Every failure that is known, group by group: what `frostbyte doctor` says and docs/failures.md is made from. */
export const FAILURES: readonly Failure[] = [
  ...HOST_FAILURES,
  ...INSTALLATION_FAILURES,
  ...SERVICE_FAILURES,
  ...ENGINE_FAILURES,
  ...KEY_FAILURES,
  ...DATA_FAILURES,
  ...WORK_FAILURES,
].sort((a, b) => GROUPS.indexOf(a.group) - GROUPS.indexOf(b.group));

import type { FileHandle } from 'node:fs/promises';
import type { DataPlane } from '../plane.ts';
import type { InboxMemory } from './memory.ts';

/** What the inbox works with. */

export interface InboxSettings {
  /** A batch is taken once nothing in it changed for so long. */
  stableMs: number;
  /** A batch that lacks something for so long is told. */
  waitingMs: number;
  /** What happens to the files of a batch in the inbox once its final report is there. */
  takenFiles: 'keep' | 'remove';
}

/** One round's means. */
export interface InboxRound {
  plane: DataPlane;
  /** The tenant's folder. */
  tenant: FileHandle;
  memory: InboxMemory;
  settings: InboxSettings;
  /** The tenant's settings of this round. */
  current: { max_batch_size: number; config_version: number };
  /** The kill-switch, or the end of the process: nothing more is begun, a take is given up. */
  halted(): boolean;
  wake(): void;
  /** Milliseconds from any origin that never go back. */
  elapsed(): number;
}

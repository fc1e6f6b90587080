/**
 * What an operation on the host is made of (spec 7, "Upgrade"): install, upgrade, rollback, restore and uninstall are each a
 * list of phases. What a phase keeps between its steps lies on the host, never in memory: it may be killed at any point.
 */

/** What a journal can hold beside an event. No secrets: a journal is read by people. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export interface Phase {
  /** Stands in journals: kebab-case, once in its operation, never given to something else. */
  readonly name: string;
  /** What it does, for people: `Copy the release beside the old one`. */
  readonly title: string;
  /** How long it takes by experience, for the time that is left. */
  readonly seconds: number;
  /**
   * Whether what the phase brings about is so already. Changes nothing, and is quick: it is asked in every run, also of phases
   * that are recorded as done, since a power cut or a reboot may have taken away what they did. One whose effect cannot be
   * seen answers `recorded`.
   */
  check(known: { recorded: boolean }): Promise<boolean>;
  /** What must be known to undo it, as it is before the phase first begins: it is on the disk before `do` is called. */
  before?(): Promise<Json>;
  /** Brings it about. Called again after a kill, it goes on from whatever it finds. */
  do(run: PhaseRun): Promise<void>;
  /**
   * Takes back what `do` did, also where that was killed halfway; called again it does no harm. Null: once it began there is
   * no way back, and the operation is finished by going on.
   */
  readonly undo: ((run: PhaseRun) => Promise<void>) | null;
}

/** What a phase is handed while it works. */
export interface PhaseRun {
  /** What `before` answered when the phase first began. */
  readonly before: Json;
  /** Aborted when the operator wants to stop: the phase may end early by throwing, and is gone on with later. */
  readonly signal: AbortSignal;
  /** How far it is: bytes, images, files. */
  progress(done: number, total: number): void;
  /** A sentence for the log that a person reads afterwards. No secrets. */
  note(text: string): void;
}

export interface Operation {
  /** `install`, `upgrade`, …: by this name its phases are found again. */
  readonly kind: string;
  /** What a person calls it: `Install 1.2.3`. */
  readonly title: string;
  /** What it was asked to do; the same words and the same phases continue it. */
  readonly parameters: { readonly [key: string]: Json };
  readonly phases: readonly Phase[];
  /** What happens when a phase fails: wait for the operator, who goes on or back, or go back at once. */
  readonly on_failure: 'wait' | 'roll-back';
  /** It takes away more than it writes: a full disk does not end its phases. */
  readonly makes_room?: true;
}

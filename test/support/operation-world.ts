import type { Happened, JournalEvent } from '../../appliance/bundle/operation/events.ts';
import type { Journal } from '../../appliance/bundle/operation/journal.ts';
import type { Operation, Phase } from '../../appliance/bundle/operation/phase.ts';
import type { RunOptions } from '../../appliance/bundle/operation/run.ts';
import { stateOf } from '../../appliance/bundle/operation/state.ts';

/** An operation over a small disk, whose every step can be the last one of a process. */

/** What outlives a process. */
export interface SmallDisk {
  get(key: string): string | null;
  set(key: string, value: string): void;
  remove(key: string): void;
}

/** Called between any two steps: what it throws, or does to the process, happens there. */
export type Between = (step: string) => void;

export const BY = { user: 'root', uid: 0, login: 'ops' };
export const NEW_KEYS = ['release/1', 'release/2', 'release/3'] as const;

/** What a disk holds when the operation is done, by what it held before. */
export function afterwards(before: Readonly<Record<string, string>>): Record<string, string> {
  const after: Record<string, string> = { ...before, current: 'new', smoke: 'passed', settings: 'there' };
  for (const key of NEW_KEYS) after[key] ??= 'copied';
  return after;
}

/** Install-like phases: files that may be there in part, a link that changes, settings that may exist, a proof of one run. */
export function smallOperation(
  disk: SmallDisk,
  between: Between,
  changes: Partial<Operation> & { calls?: string[] } = {},
): Operation {
  const { calls = [], ...rest } = changes;
  const step = (key: string, value: string | null) => {
    between(`before ${key}`);
    if (value === null) disk.remove(key);
    else disk.set(key, value);
    between(`after ${key}`);
  };
  const copy: Phase = {
    name: 'copy',
    title: 'Copy the release',
    seconds: 5,
    check: async () => NEW_KEYS.every((key) => disk.get(key) !== null),
    before: async () => NEW_KEYS.filter((key) => disk.get(key) !== null),
    async do({ progress }) {
      calls.push('copy');
      for (const [at, key] of NEW_KEYS.entries()) {
        if (disk.get(key) === null) step(key, 'copied');
        progress(at + 1, NEW_KEYS.length);
      }
    },
    async undo({ before }) {
      for (const key of NEW_KEYS) if (!(before as string[]).includes(key)) step(key, null);
    },
  };
  const settings: Phase = {
    name: 'settings',
    title: 'Write the settings',
    seconds: 1,
    check: async () => disk.get('settings') !== null,
    async do({ note }) {
      calls.push('settings');
      note('written as the bundle has them');
      step('settings', 'there');
    },
    undo: async () => step('settings', null),
  };
  const switchOver: Phase = {
    name: 'switch',
    title: 'Switch to the release',
    seconds: 1,
    check: async () => disk.get('current') === 'new',
    before: async () => disk.get('current'),
    async do() {
      calls.push('switch');
      step('current', 'new');
    },
    undo: async ({ before }) => step('current', before as string | null),
  };
  const smoke: Phase = {
    name: 'smoke',
    title: 'Send a document through',
    seconds: 3,
    check: async ({ recorded }) => recorded,
    before: async () => disk.get('smoke'),
    async do() {
      calls.push('smoke');
      step('smoke', 'passed');
    },
    undo: async ({ before }) => step('smoke', before as string | null),
  };
  return {
    kind: 'install',
    title: 'Install 1.2.3',
    parameters: { version: '1.2.3' },
    phases: [copy, settings, switchOver, smoke],
    on_failure: 'wait',
    ...rest,
  };
}

export function mapDisk(map: Map<string, string>): SmallDisk {
  return {
    get: (key) => map.get(key) ?? null,
    set: (key, value) => void map.set(key, value),
    remove: (key) => void map.delete(key),
  };
}

/** A journal whose events outlive a process in an array. */
export function memoryJournal(
  events: JournalEvent[],
  operation: Operation,
  between: Between = () => undefined,
): Journal {
  const append = (event: Happened) => {
    between(`before the event ${event.event}`);
    events.push({ n: events.length, at: new Date(1_790_000_000_000 + events.length * 1000).toISOString(), ...event });
    between(`after the event ${event.event}`);
  };
  if (events.length === 0) {
    append({
      event: 'planned',
      operation: '20260921T141320Z-install',
      kind: operation.kind,
      title: operation.title,
      parameters: { ...operation.parameters },
      version: '1.2.3',
      on_failure: operation.on_failure,
      phases: operation.phases.map(({ name, title, seconds, undo }) => ({
        name,
        title,
        seconds,
        reversible: undo !== null,
      })),
      by: BY,
    });
  }
  return {
    events,
    get state() {
      return stateOf(events);
    },
    append,
    close: () => undefined,
  };
}

/** What a run is given, beside its operation and journal. */
export function runWith(operation: Operation, journal: Journal, changes: Partial<RunOptions> = {}): RunOptions {
  let seconds = 0;
  return {
    operation,
    journal,
    by: BY,
    signal: new AbortController().signal,
    room: { full: () => null, pause: () => new Promise((resolve) => setImmediate(resolve)) },
    listen: () => undefined,
    elapsed: () => seconds++,
    ...changes,
  };
}

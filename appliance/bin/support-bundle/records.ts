import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readEvidence } from '../../bundle/evidence/log.ts';
import type { HostLayout } from '../../bundle/host-layout.ts';
import { JOURNAL, readJournal } from '../../bundle/operation/journal.ts';

/** What is recorded of operations on the host, without what people typed and who they are. */

/** People’s own words, and their names. */
const TYPED: ReadonlySet<string> = new Set([
  'because',
  'older_because',
  'reason',
  'login',
  'host',
  'evidence_to',
  'recovery_answer',
]);
/** What stands in their place. */
const LEFT_OUT = '▒';
/** What a phase remembers to undo itself may be files of the site. */
const MEMORY: ReadonlySet<string> = new Set(['before']);
/** What phases and programs say in sentences; everything else is in a form of its own. */
const SENTENCES: ReadonlySet<string> = new Set(['text', 'message', 'parameters']);
const MOST_OPERATIONS = 20;

/** The journals of the last operations, a text each; one that cannot be read throws when it is asked for. */
export function operationJournals(
  { operations }: HostLayout,
  redact: (text: string) => string,
): { name: string; read(): string }[] {
  if (!existsSync(operations)) return [];
  return readdirSync(operations)
    .filter((name) => existsSync(join(operations, name, JOURNAL)))
    .sort()
    .slice(-MOST_OPERATIONS)
    .map((name) => ({
      name,
      read: () =>
        readJournal(join(operations, name))
          .map((event) => `${JSON.stringify(pruned(event, redact))}\n`)
          .join(''),
    }));
}

/** Of the evidence who did what is left out: its own export has that, signed. */
export function evidenceOutline({ evidence }: HostLayout): object {
  const { records, head, torn } = readEvidence(evidence);
  return { head, torn, last: records.slice(-50).map(({ n, at, action, result }) => ({ n, at, action, result })) };
}

type Prune = (text: string) => string;

function pruned(value: unknown, redact: Prune, key = '', isSentence = false): unknown {
  if (TYPED.has(key) && value !== null) return LEFT_OUT;
  if (MEMORY.has(key)) return null;
  const free = isSentence || SENTENCES.has(key);
  if (typeof value === 'string') return free ? redact(value) : value;
  if (Array.isArray(value)) return value.map((one) => pruned(one, redact, '', free));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, pruned(one, redact, name, free)]));
}

import type { InboxQuery, InboxStatus } from '../../api/schemas/inbox.ts';
import { INBOX_REMEDIES, inboxRemedy } from '../../kernel/remedies.ts';
import type { InboxFolder, InboxMemory } from './memory.ts';

/** What the daemon knows of a tenant's inbox now, for people: what waits and why, what was taken. O(folders). */
export function inboxStatus(
  memory: InboxMemory | null,
  settings: { poll_seconds: number; stable_seconds: number } | null,
  query: InboxQuery,
): InboxStatus {
  const all = [...(memory?.folders.values() ?? [])].sort((a, b) => (a.name < b.name ? -1 : 1));
  const count = (state: InboxFolder['state']) => all.filter((folder) => folder.state === state).length;
  const found = all.filter(
    ({ name, state }) =>
      (query.state === undefined || query.state === state) && (query.cursor === undefined || name > query.cursor),
  );
  const page = found.slice(0, query.limit);
  return {
    watched: settings !== null,
    trouble: memory?.trouble ?? null,
    crowded: memory?.crowded ?? false,
    last_round_at: memory?.lastRound ?? null,
    poll_seconds: settings?.poll_seconds ?? null,
    stable_seconds: settings?.stable_seconds ?? null,
    counts: { waiting: count('waiting'), refused: count('refused'), taken: count('taken') },
    folders: page.map(line),
    cursor: found.length > page.length ? page.at(-1)!.name : null,
  };
}

function line(folder: InboxFolder): InboxStatus['folders'][number] {
  const { name, state, reason, code, message, batch_id, since, missing, missing_count, unwritable } = folder;
  const words = reason === null ? null : INBOX_REMEDIES[reason];
  return {
    folder: name,
    state,
    batch_id,
    since,
    reason,
    code,
    message: message ?? words?.message ?? null,
    remediation: reason === null ? null : inboxRemedy(reason, code),
    missing_count,
    missing,
    results:
      unwritable !== null
        ? 'unwritable'
        : state === 'waiting'
          ? 'none'
          : state === 'refused' || folder.final
            ? 'written'
            : 'pending',
    results_code: unwritable,
  };
}

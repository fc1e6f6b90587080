import type { FileHandle } from 'node:fs/promises';
import { noticeWords } from '../../kernel/remedies.ts';
import { OUTBOX } from './disk-names.ts';
import {
  closeFile,
  ensureFolder,
  errnoOf,
  namesIn,
  openFolder,
  placeOf,
  readPlain,
  removeName,
  syncFolder,
  writeBeside,
} from './handles.ts';

/** What a tenant is to be told (spec 3, `notify_tenant`). */
export interface Notice {
  kind: string;
  created_at: string;
  /** Who did what it tells, why, and until when, where that is known. */
  actor?: string | null;
  reason?: string | null;
  until?: string | null;
}

/** Names that this module writes: the moment and the kind. */
const OURS = /^\d{8}T\d{9}Z-[a-z_]{1,40}\.(?:txt|json)$/;
const MOST_NOTICES = 100;
const MOST_NAMES = 10_000;

/**
 * Puts the notices of a tenant into the outbox of its inbox folder, each as text for people and as JSON, and takes out
 * those that were withdrawn; one that changed is written anew. Only names of this form are touched. Repeating changes nothing. Throws the system's own
 * errors: EROFS, EACCES, ENOSPC, and ENOTDIR where the outbox is a link.
 */
export async function writeNotices(tenant: FileHandle, tenantId: string, notices: readonly Notice[]): Promise<void> {
  if (notices.length === 0 && (await placeOf(tenant, OUTBOX)) === null) return;
  const outbox = notices.length === 0 ? await openFolder(tenant, OUTBOX) : await ensureFolder(tenant, OUTBOX);
  try {
    const wanted = new Map(notices.slice(-MOST_NOTICES).flatMap((notice) => filesOf(tenantId, notice)));
    const there = new Set<string>();
    let removed = false;
    for (const { name } of (await namesIn(outbox, MOST_NAMES)).names) {
      if (wanted.has(name)) there.add(name);
      else if (OURS.test(name)) removed = (await removeName(outbox, name)) || removed;
    }
    for (const [name, text] of wanted) {
      const bytes = Buffer.from(text);
      if (!there.has(name) || !(await says(outbox, name, bytes))) await writeBeside(outbox, name, bytes);
    }
    if (removed) await syncFolder(outbox);
  } finally {
    await closeFile(outbox);
  }
}

/** Whether the file holds these bytes; what is no plain file any more does not. */
async function says(outbox: FileHandle, name: string, bytes: Buffer): Promise<boolean> {
  const read = await readPlain(outbox, name, bytes.length).catch((error: unknown) => {
    if (errnoOf(error) === undefined) throw error;
    return null;
  });
  return read?.bytes.equals(bytes) ?? false;
}

function filesOf(tenant_id: string, { kind, created_at, ...told }: Notice): [string, string][] {
  const { message, remediation } = noticeWords(kind);
  const base = `${created_at.replaceAll(/[-:.]/g, '')}-${kind.replaceAll(/[^a-z_]/g, '_').slice(0, 40)}`;
  const about = (['actor', 'reason', 'until'] as const).flatMap((name) => (told[name] ? [[name, told[name]]] : []));
  const content = { tenant_id, kind, created_at, ...Object.fromEntries(about), message, remediation };
  const lines = about.map(([name, value]) => `${name}: ${value}\n`).join('');
  return [
    [`${base}.txt`, `${message}\n${remediation}\n\n${lines}Tenant ${tenant_id}, ${created_at}\n`],
    [`${base}.json`, `${JSON.stringify(content, null, 2)}\n`],
  ];
}

import { join } from 'node:path';
import type { TenantInBackup } from '../../../bundle/backup/manifest.ts';
import type { Write } from '../../../bundle/backup/write-tar.ts';
import { canonicalKey } from '../../../data/keys.ts';
import type { Clock } from '../../../kernel/clock.ts';
import { CopiedObjects, changedMeanwhile } from './copied-objects.ts';
import { SealedPart } from './sealed-part.ts';
import type { BackupSource, CopiedRows, NamedObjects, TenantSource } from './source.ts';

/** The last entry of a tenant's part: what a restore must know beside. */
export const STATE = 'state.json';

/** What is known of a tenant's part once it is written. */
export type PartCounts = Pick<TenantInBackup, 'documents' | 'chunks' | 'objects' | 'object_bytes' | 'rows_at'>;

export interface PartParts {
  source: BackupSource;
  clock: Clock;
  /** A folder of this backup's own. */
  temporary: string;
  progress(objects: number): void;
}

/** Documents that are looked up at once. */
const PAGE = 500;

/**
 * Writes a tenant's part, consistent while its ingestion runs: rows first, as they are at one moment; then vectors, which
 * a restore holds against the rows; then objects, which never change under their names. So whatever the rows name is there,
 * but for what was erased meanwhile, and that is written down (docs/decisions/0042). Throws `SERVICE_UNAVAILABLE` where a
 * document was erased and sent again in between: the part is made anew then.
 */
export async function writeTenantPart(
  { source, clock, temporary, progress }: PartParts,
  tenantId: string,
  recipient: string,
  write: Write,
): Promise<PartCounts> {
  const part = await SealedPart.begin(recipient, write);
  const tenant = await source.tenant(tenantId, temporary);
  const copied = new CopiedObjects(tenant.objects, part, join(temporary, 'copied.sqlite'));
  try {
    const rows_at = clock.iso();
    const rows = await tenant.addRows(part);
    await tenant.addVectors(part);
    await copied.all(progress);
    const gone = await goneMeanwhile(rows, tenantId, copied, tenant);
    await part.addBytes(STATE, Buffer.from(`${JSON.stringify({ gone })}\n`));
    await part.end();
    const { documents, chunks } = rows;
    return { rows_at, documents, chunks, objects: copied.objects, object_bytes: copied.bytes };
  } finally {
    copied.close();
    await tenant.close();
  }
}

/** Documents that the rows name and that are erased by now: a restore erases them once more. O(documents). */
async function goneMeanwhile(
  rows: CopiedRows,
  tenantId: string,
  copied: CopiedObjects,
  tenant: TenantSource,
): Promise<string[]> {
  const gone: string[] = [];
  const look = async (page: NamedObjects[]) => {
    const missing = await tenant.gone(page.map(({ doc_id }) => doc_id));
    for (const { doc_id, storage_path, canonical } of page) {
      if (missing.has(doc_id)) {
        gone.push(doc_id);
        continue;
      }
      const keys = [storage_path, ...(canonical === null ? [] : [canonicalKey(tenantId, doc_id, canonical)])];
      for (const key of keys) if (!(await copied.one(key))) throw changedMeanwhile(`A document of ${tenantId}`);
    }
  };
  const page: NamedObjects[] = [];
  for await (const each of rows.named()) {
    page.push(each);
    if (page.length === PAGE) await look(page.splice(0));
  }
  await look(page);
  return gone;
}

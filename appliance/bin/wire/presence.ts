import type { TenantResources } from '../../control/provisioning/port.ts';
import type { RecordStore } from '../../stores/record/port.ts';

type Presence = Awaited<ReturnType<TenantResources['presence']>>;

/** Whether a batch or a document is in these records. */
export async function presenceIn(
  records: Pick<RecordStore, 'batch' | 'document' | 'erasing'>,
  kind: 'batch' | 'document',
  id: string,
): Promise<Presence> {
  if (kind === 'batch') return (await records.batch(id)) === null ? 'missing' : 'there';
  if ((await records.document(id)) !== null) return 'there';
  return (await records.erasing([id])).length > 0 ? 'going' : 'missing';
}

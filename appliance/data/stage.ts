import type { AuditEntry } from '../kernel/audit-event.ts';
import type { WorkStage } from '../kernel/pipeline.ts';
import type { DocumentPatch, Publication } from '../stores/record/port.ts';
import type { DocumentRow } from '../stores/record/rows.ts';
import type { DataPlane } from './plane.ts';

/**
 * What a stage is: a function from a document at rest to what should be recorded about it. It may write objects and
 * vectors under content-addressed names (writing them twice is the same as once); rows and audit entries it only
 * returns, and the worker commits them in one transaction, fenced by document, run and stage. So every stage can be
 * killed and repeated.
 */
export interface StageContext {
  plane: DataPlane;
  document: DocumentRow;
  /** Aborts when the lease is lost, the tenant is suspended beyond its drain, or the worker stops. */
  signal: AbortSignal;
}

export type StageResult =
  /** `again`: the index that it was embedded for is not served any more, so it is embedded anew. */
  | { kind: 'advance' | 'again' | 'held' | 'quarantined'; patch: DocumentPatch; entries: AuditEntry[] }
  | { kind: 'published'; publication: Omit<Publication, 'job' | 'at'> };

export interface Stage {
  name: WorkStage;
  run(context: StageContext): Promise<StageResult>;
  /** The audit entries of a document that this stage gave up on. */
  failed(
    plane: Pick<DataPlane, 'tenant_id' | 'clock'>,
    document: DocumentRow,
    error: { code: string; retry_count: number },
  ): AuditEntry[];
}

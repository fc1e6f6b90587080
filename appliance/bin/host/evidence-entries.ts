import type { ReadChain } from '../../bundle/evidence/chain.ts';
import { actorInWords } from '../../bundle/operation/readable-log.ts';
import type { EvidenceEntry } from '../../control/verbs.ts';

/** The host's record as people read it, the newest last. */
export function entriesOf({ records }: Pick<ReadChain, 'records'>): EvidenceEntry[] {
  return records.map(({ n, at, by, action, bundle, result, hash }) => ({
    ...{ n, at, action, result, hash },
    by: actorInWords(by),
    bundle: bundle === null ? null : `${bundle.version} (${bundle.counter})`,
  }));
}

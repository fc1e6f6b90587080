import { leafHash } from '../../../audit/leaf.ts';
import { TreeRoot } from '../../../audit/tree-root.ts';
import type { TreeHead } from '../../../bundle/backup/manifest.ts';
import { FrostbyteError } from '../../../kernel/errors.ts';
import type { AuditLog } from '../../../stores/log/port.ts';

const PAGE = 4096;

/** The head of a log's tree over its first `size` leaves, or all. O(leaves). */
export async function treeHead(log: Pick<AuditLog, 'size' | 'leaves'>, size?: number): Promise<TreeHead> {
  const until = size ?? (await log.size());
  const tree = new TreeRoot();
  for (let from = 0; from < until; from += PAGE) {
    const leaves = await log.leaves(from, Math.min(until, from + PAGE));
    for (const leaf of leaves) tree.add(leaf);
  }
  return { size: tree.size, root: tree.hex() };
}

/**
 * Proves that a log holds the tree with this head, and that every event is what its leaf says. Throws `AUDIT_CHAIN_BROKEN`.
 * O(events).
 */
export async function proveLog(log: Pick<AuditLog, 'size' | 'leaves' | 'range'>, head: TreeHead): Promise<void> {
  const found = await treeHead(log, head.size);
  if (found.size !== head.size || found.root !== head.root)
    throw broken('does not hold the tree whose head the backup names');
  const size = await log.size();
  for (let from = 0; from < size; from += PAGE) {
    const until = Math.min(size, from + PAGE);
    const leaves = await log.leaves(from, until);
    let at = 0;
    for await (const { log_index: _, references: __, ...event } of log.range(from, until)) {
      if (Buffer.compare(leafHash(event), leaves[at] ?? new Uint8Array()) !== 0)
        throw broken(`has another event at ${from + at}`);
      at += 1;
    }
    if (at !== leaves.length) throw broken('lacks an event');
  }
}

function broken(how: string): FrostbyteError {
  return new FrostbyteError('AUDIT_CHAIN_BROKEN', `An audit log ${how}.`);
}

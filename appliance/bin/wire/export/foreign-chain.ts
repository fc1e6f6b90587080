import { createHash } from 'node:crypto';
import { leafHash } from '../../../audit/leaf.ts';
import { TreeRoot } from '../../../audit/tree-root.ts';
import {
  EXPORT_IDENTITY,
  EXPORT_NAMESPACE,
  type ExportManifest,
  KEY,
  LOG,
  MANIFEST,
  readManifest,
  SIGNATURE,
  SUMS,
} from '../../../bundle/export/format.ts';
import { checkSignature } from '../../../bundle/sshsig/check-signature.ts';
import { fingerprint, readPublicLine } from '../../../bundle/sshsig/keys.ts';
import type { Config } from '../../../config/schema.ts';
import type { AuditEvent } from '../../../kernel/audit-event.ts';
import { FrostbyteError } from '../../../kernel/errors.ts';
import { controlPaths } from '../../../kernel/names.ts';
import { openRootKey } from '../../../secrets/keyring.ts';
import type { ObjectStore } from '../../../stores/object/port.ts';
import { heldClock } from '../held-clock.ts';
import { unsealedRoot } from '../unseal.ts';
import { readingTenant } from './reading-tenant.ts';

/** Where the files of a foreign chain lie among a tenant's objects, sealed as they all are. */
export const foreignKey = (tenantId: string, exportId: string, path: string): string =>
  `exports/${tenantId}/foreign/${exportId}/${path}`;

/** A log of another appliance, kept beside the tenant's own. */
export interface ForeignChain {
  export_id: string;
  from_tenant: string;
  made_at: string;
  tree_size: number;
  tree_root: string;
  /** Fingerprint of the key that signed. Whose it is, the event of the import says. */
  signer: string;
}

/**
 * The foreign chains that were imported into a tenant, each verified anew: what was signed, and the tree of the log. Throws
 * `AUDIT_CHAIN_BROKEN`, `OBJECT_MISSING` and `OBJECT_CORRUPTED` for one that does not hold any more.
 */
export async function foreignChains(config: Config, tenantId: string): Promise<ForeignChain[]> {
  const paths = controlPaths(config.data_folder);
  const clock = heldClock(paths.clock);
  const root = await openRootKey(paths.rootKey, unsealedRoot(config));
  const tenant = await readingTenant({ config, root, clock }, tenantId);
  try {
    const prefix = foreignKey(tenantId, '', '').slice(0, -1);
    const ids = new Set<string>();
    for await (const { key } of tenant.objects.list(prefix)) ids.add(key.slice(prefix.length).split('/')[0]!);
    const chains: ForeignChain[] = [];
    for (const id of ids) chains.push(await heldChain(tenant.objects, (path) => foreignKey(tenantId, id, path)));
    return chains;
  } finally {
    await tenant.close();
  }
}

async function heldChain(objects: ObjectStore, at: (path: string) => string): Promise<ForeignChain> {
  const read = (path: string) => objects.read(at(path), 512 << 20);
  const [sums, signature, line, bytes] = [
    await read(SUMS),
    await read(SIGNATURE),
    await read(KEY),
    await read(MANIFEST),
  ];
  const key = readPublicLine(Buffer.from(line).toString('utf8'));
  const only = { principals: [EXPORT_IDENTITY], key, namespaces: null, validAfter: null, validBefore: null };
  checkSignature(
    { name: SUMS, bytes: [sums], signature: Buffer.from(signature).toString('latin1') },
    { signers: [only], revoked: [], identity: EXPORT_IDENTITY, namespace: EXPORT_NAMESPACE, at: Date.now() },
  );
  const list = Buffer.from(sums).toString('utf8');
  const manifest = readManifest(bytes);
  const listed = (path: string, sha256: string) => {
    if (!list.includes(`${sha256}  ${path}\n`)) throw broken(manifest, `${path} is not what was signed`);
  };
  listed(MANIFEST, createHash('sha256').update(bytes).digest('hex'));
  const { sha256, size, root } = await treeOf(objects, at(LOG));
  listed(LOG, sha256);
  if (size !== manifest.log.size || root !== manifest.log.root) throw broken(manifest, 'its log has another tree');
  return {
    export_id: manifest.export_id,
    from_tenant: manifest.tenant_id,
    made_at: manifest.made_at,
    tree_size: size,
    tree_root: root,
    signer: fingerprint(key),
  };
}

async function treeOf(objects: ObjectStore, key: string): Promise<{ sha256: string; size: number; root: string }> {
  const hash = createHash('sha256');
  const tree = new TreeRoot();
  let held = Buffer.alloc(0);
  for await (const bytes of await objects.get(key)) {
    hash.update(bytes as Buffer);
    held = Buffer.concat([held, bytes as Buffer]);
    let from = 0;
    for (let at = held.indexOf(10); at !== -1; at = held.indexOf(10, from)) {
      const { log_index: _, ...event } = JSON.parse(held.toString('utf8', from, at)) as AuditEvent & {
        log_index: number;
      };
      tree.add(leafHash(event));
      from = at + 1;
    }
    held = held.subarray(from);
  }
  return { sha256: hash.digest('hex'), size: tree.size, root: tree.hex() };
}

function broken({ export_id }: ExportManifest, how: string): FrostbyteError {
  return new FrostbyteError('AUDIT_CHAIN_BROKEN', `The foreign chain ${export_id} does not hold any more: ${how}.`);
}

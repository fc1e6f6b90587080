import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { HostLayout } from '../../bundle/host-layout.ts';
import { sha256Hex } from '../../kernel/digest.ts';
import { controlPaths } from '../../kernel/names.ts';

/** What goes with the data of a host, as far as it can be told with everything ended. */
export interface Losses {
  /** Ids of tenants that are not deprovisioned; null: the registry cannot be read. */
  tenants: string[] | null;
  /** Tenants whose keys lie here, those of which only keys are left too. */
  keys: string[];
  /** Whether the root key is here: without it nothing of the rest can be read. */
  root_key: boolean;
  /** Bytes below the data folder; what the engine’s volumes hold comes on top. */
  bytes: number;
}

/** Looks at the files alone: nothing has to run. */
export function lossesOf({ data }: Pick<HostLayout, 'data'>): Losses {
  const { registry, rootKey } = controlPaths(data);
  return {
    tenants: tenantsOf(registry),
    keys: namesIn(join(data, 'secrets/tenants')),
    root_key: existsSync(rootKey),
    bytes: existsSync(data) ? bytesBelow(data) : 0,
  };
}

/**
 * What somebody types who means it: another one once there are other tenants or keys, so that nobody confirms what he has not
 * seen, and another one on another host.
 */
export function confirmationPhrase(host: string, { tenants, keys, root_key }: Losses): string {
  const hash = sha256Hex(JSON.stringify([host, tenants, keys, root_key]));
  return `erase-${hash.slice(0, 4)}-${hash.slice(4, 8)}-${hash.slice(8, 12)}`;
}

function tenantsOf(file: string): string[] | null {
  if (!existsSync(file)) return [];
  try {
    const database = new Database(file, { readonly: true, fileMustExist: true, timeout: 2000 });
    try {
      const rows = database.prepare("SELECT tenant_id FROM tenants WHERE state <> 'DEPROVISIONED' ORDER BY tenant_id");
      return (rows.all() as { tenant_id: string }[]).map(({ tenant_id }) => tenant_id);
    } finally {
      database.close();
    }
  } catch {
    return null;
  }
}

const namesIn = (folder: string): string[] => (existsSync(folder) ? readdirSync(folder).sort() : []);

function bytesBelow(folder: string): number {
  let bytes = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    bytes += statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0;
  }
  return bytes;
}

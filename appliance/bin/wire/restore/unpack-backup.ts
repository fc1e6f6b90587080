import { APPLIANCE_PART, tenantLog, tenantPart } from '../../../bundle/backup/manifest.ts';
import { readTar, type TarFile } from '../../../bundle/backup/read-tar.ts';
import type { Clock } from '../../../kernel/clock.ts';
import { FrostbyteError } from '../../../kernel/errors.ts';
import { controlPaths, logPath } from '../../../kernel/names.ts';
import { CLOCK, LOGS, REGISTRY } from '../backup/appliance-part.ts';
import { entriesOf, type OpenedBackup, unsealed } from '../backup/open-backup.ts';
import { type UnpackedPart, writeFile } from '../backup/unpack-tenant.ts';
import type { RestoredStores } from './restored-stores.ts';

/** Where a backup is taken apart into. */
export interface UnpackingInto {
  /** Laid out as a data folder is. */
  folder: string;
  /** Where the tenants' parts go. */
  into: RestoredStores;
  clock: Clock;
  /** Tenants that are left out. */
  without: readonly string[];
}

/**
 * Takes a backup apart into a folder that is laid out as a data folder is. Tenants that are left out, or whose key is not
 * there, are passed over. Everything is on the disk on return. Throws `OBJECT_CORRUPTED`, and what the stores throw.
 */
export async function unpackBackup(
  opened: OpenedBackup,
  { folder, into, clock, without }: UnpackingInto,
  progress: (done: number, total: number) => void,
): Promise<Map<string, UnpackedPart>> {
  const { manifest, keys, identity, file } = opened;
  const parts = new Map<string, UnpackedPart>();
  const total = manifest.entries.reduce((sum, { size }) => sum + size, 0);
  const wanted = manifest.tenants
    .map(({ tenant_id }) => tenant_id)
    .filter((tenantId) => keys.has(tenantId) && !without.includes(tenantId));
  let done = 0;
  for await (const entry of entriesOf(file, manifest)) {
    if (entry.path === APPLIANCE_PART) await unpackAppliance(unsealed(entry, identity), folder);
    for (const tenantId of wanted) {
      const key = keys.get(tenantId)!.backup!.identity;
      if (entry.path === tenantLog(tenantId))
        await writeFile(logPath(folder, tenantId), { content: () => unsealed(entry, key) });
      if (entry.path === tenantPart(tenantId))
        parts.set(tenantId, await into.take(tenantId, unsealed(entry, key), clock));
    }
    done += entry.size;
    progress(done, total);
  }
  return parts;
}

async function unpackAppliance(plain: AsyncIterable<Uint8Array>, dataFolder: string): Promise<void> {
  const paths = controlPaths(dataFolder);
  for await (const file of readTar(plain)) await writeFile(placeOf(file, paths, dataFolder), file);
}

function placeOf({ path }: TarFile, paths: ReturnType<typeof controlPaths>, dataFolder: string): string {
  if (path === REGISTRY) return paths.registry;
  if (path === CLOCK) return paths.clock;
  const logId = path.startsWith(LOGS) ? /^([a-z0-9_]{3,32})\.sqlite$/.exec(path.slice(LOGS.length))?.[1] : undefined;
  if (logId !== undefined) return logPath(dataFolder, logId);
  throw new FrostbyteError('OBJECT_CORRUPTED', `The appliance’s part of the backup holds ${path}, which none does.`);
}

import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { APPLIANCE_PART, tenantLog, tenantPart } from '../../../bundle/backup/manifest.ts';
import { readTar, type TarFile } from '../../../bundle/backup/read-tar.ts';
import { FrostbyteError } from '../../../kernel/errors.ts';
import { besideFile, controlPaths, logPath, tenantPaths } from '../../../kernel/names.ts';
import { openFilesystemObjects } from '../../../stores/object/filesystem.ts';
import { CLOCK, LOGS, REGISTRY } from '../backup/appliance-part.ts';
import { entriesOf, type OpenedBackup, unsealed } from '../backup/open-backup.ts';
import { ROWS, VECTORS } from '../backup/tenant-part.ts';
import { ObjectsInto, type UnpackedPart, unpackTenant, writeFile } from '../backup/unpack-tenant.ts';

/**
 * Takes a backup apart into a folder that is laid out as a data folder is. Tenants that are left out, or whose key is not
 * there, are passed over. Everything is on the disk on return. Throws `OBJECT_CORRUPTED`, and what the stores throw.
 */
export async function unpackBackup(
  opened: OpenedBackup,
  dataFolder: string,
  leftOut: readonly string[],
  progress: (done: number, total: number) => void,
): Promise<Map<string, UnpackedPart>> {
  const { manifest, keys, identity, file } = opened;
  const parts = new Map<string, UnpackedPart>();
  const total = manifest.entries.reduce((sum, { size }) => sum + size, 0);
  const wanted = manifest.tenants
    .map(({ tenant_id }) => tenant_id)
    .filter((tenantId) => keys.has(tenantId) && !leftOut.includes(tenantId));
  let done = 0;
  for await (const entry of entriesOf(file, manifest)) {
    if (entry.path === APPLIANCE_PART) await unpackAppliance(unsealed(entry, identity), dataFolder);
    for (const tenantId of wanted) {
      const key = keys.get(tenantId)!.backup!.identity;
      if (entry.path === tenantLog(tenantId))
        await writeFile(logPath(dataFolder, tenantId), { content: () => unsealed(entry, key) });
      if (entry.path === tenantPart(tenantId))
        parts.set(tenantId, await unpackPart(unsealed(entry, key), dataFolder, tenantId));
    }
    done += entry.size;
    progress(done, total);
  }
  return parts;
}

async function unpackPart(
  plain: AsyncIterable<Uint8Array>,
  dataFolder: string,
  tenantId: string,
): Promise<UnpackedPart> {
  const paths = tenantPaths(dataFolder, tenantId);
  mkdirSync(dirname(paths.objects), { recursive: true, mode: 0o700 });
  const store = openFilesystemObjects(paths.objects);
  const objects = new ObjectsInto(store);
  try {
    const part = await unpackTenant(plain, {
      fileOf: (name) => (name === ROWS ? paths.records : name === VECTORS ? paths.vectors : besideFile(paths.vectors)),
      object: (key, file) => objects.add(key, file),
    });
    await objects.end();
    return part;
  } finally {
    await store.close();
  }
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

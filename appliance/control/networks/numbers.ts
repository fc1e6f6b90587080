import { link, mkdir, open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FrostbyteError } from '../../kernel/errors.ts';
import { newId } from '../../kernel/ids.ts';

/** Tenants that fit on a box: a /24 of the configured range each, and one more for the stores (spec 3, step 4). */
export const MOST_NETWORKS = 254;

/**
 * Which tenant has which network: a file a number, named by it, with the tenant's id inside. A file is linked into its
 * place, so that no two tenants ever get one number, whenever a process is killed. O(tenants) for each look.
 */
export interface NetworkNumbers {
  /** The tenant's number, or null. */
  of(tenantId: string): Promise<number | null>;
  /** The tenant's number; the lowest free one where it has none. Throws `QUOTA_EXCEEDED` where all are taken. */
  take(tenantId: string): Promise<number>;
  giveBack(tenantId: string): Promise<void>;
  all(): Promise<Map<string, number>>;
}

export function networkNumbers(folder: string): NetworkNumbers {
  const all = async (): Promise<Map<string, number>> => {
    const found = new Map<string, number>();
    const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
    for (const name of names.filter((one) => /^\d{1,3}$/.test(one))) {
      found.set((await readFile(join(folder, name), 'utf8')).trim(), Number(name));
    }
    return found;
  };
  const of = async (tenantId: string) => (await all()).get(tenantId) ?? null;
  return {
    all,
    of,
    async take(tenantId) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const taken = await all();
      const known = taken.get(tenantId);
      if (known !== undefined) return known;
      const numbers = new Set(taken.values());
      for (let number = 1; number <= MOST_NETWORKS; number++) {
        if (!numbers.has(number) && (await placed(folder, number, tenantId))) return number;
      }
      throw new FrostbyteError(
        'QUOTA_EXCEEDED',
        `This box has networks for ${MOST_NETWORKS} tenants, and all are taken. Delete a tenant, or use another box.`,
      );
    },
    async giveBack(tenantId) {
      const number = await of(tenantId);
      if (number === null) return;
      await rm(join(folder, String(number)), { force: true });
      await synced(folder);
    },
  };
}

/** False where somebody else was first. */
async function placed(folder: string, number: number, tenantId: string): Promise<boolean> {
  const beside = join(folder, `.${newId()}`);
  const handle = await open(beside, 'wx', 0o600);
  try {
    await handle.writeFile(`${tenantId}\n`);
    await handle.sync();
    await link(beside, join(folder, String(number)));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await handle.close();
    await rm(beside, { force: true });
  }
  await synced(folder);
  return true;
}

async function synced(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

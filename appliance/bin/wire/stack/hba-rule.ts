import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFolder } from '../../../secrets/secret-file.ts';

/**
 * Says in a file of its own who may come in to PostgreSQL, and from where. Whole and durable before it takes its place: the
 * server reads the folder whenever it is told to.
 */
export async function writeHbaRule(file: string, line: string): Promise<void> {
  const beside = `${file}.new`;
  const handle = await open(beside, 'w', 0o644);
  try {
    await handle.writeFile(line);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(beside, file);
  await syncFolder(dirname(file));
}

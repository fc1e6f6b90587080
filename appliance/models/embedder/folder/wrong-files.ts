import { join } from 'node:path';
import type { LockedModel } from '../lock.ts';
import { checkFile } from './check-file.ts';

/** A file of a model that is not the locked one. */
export interface WrongFile {
  file: string;
  problem: string;
}

/** The files of a model that are not the locked ones; by size alone, or by hash too. */
export async function wrongFiles(folder: string, model: LockedModel, whole: boolean): Promise<WrongFile[]> {
  const wrong: WrongFile[] = [];
  for (const file of model.files) {
    const problem = await checkFile(join(folder, model.name, file.name), file, { whole });
    if (problem !== null) wrong.push({ file: file.name, problem });
  }
  return wrong;
}

import { lstat, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FrostbyteError } from '../../../kernel/errors.ts';
import { type LockedModel, MODEL_LOCK, type ModelLock } from '../lock.ts';
import { importModel, type OnBytes } from './import-model.ts';
import { type WrongFile, wrongFiles } from './wrong-files.ts';

export interface ModelState {
  model: LockedModel;
  /** `damaged`: some of it is there, or not of the locked size. */
  state: 'present' | 'damaged' | 'absent';
}

/** The folder that models are kept in, a folder each by its name. What lies there is believed only by its hashes. */
export interface ModelFolder {
  readonly folder: string;
  /** Every model of the lock, the best first, by one look at its files: hashes are what `verify` asks. */
  list(): Promise<ModelState[]>;
  /** Takes the model whose files lie in `from`; see `importModel`. */
  import(from: string, onBytes?: OnBytes): Promise<string>;
  /** Every file that is not the locked one, each hashed. Throws `RESOURCE_NOT_FOUND` for a name that the lock has not. */
  verify(name: string): Promise<WrongFile[]>;
  /** Answers whether there was anything. Throws `RESOURCE_NOT_FOUND` for a name that the lock has not. */
  remove(name: string): Promise<boolean>;
}

export function modelFolder(folder: string, lock: ModelLock = MODEL_LOCK): ModelFolder {
  const locked = (name: string): LockedModel => {
    const model = lock.models.find((one) => one.name === name);
    if (model !== undefined) return model;
    const known = lock.models.map((one) => one.name).join(', ');
    throw new FrostbyteError('RESOURCE_NOT_FOUND', `There is no model ${name}. Known are ${known}.`);
  };
  return {
    folder,
    list: () =>
      Promise.all(
        lock.models.map(async (model): Promise<ModelState> => {
          const wrong = await wrongFiles(folder, model, false);
          const absent = wrong.filter(({ problem }) => problem === 'is not there').length;
          const state = wrong.length === 0 ? 'present' : absent === model.files.length ? 'absent' : 'damaged';
          return { model, state };
        }),
      ),
    import: (from, onBytes) => importModel(folder, lock, from, onBytes),
    verify: async (name) => wrongFiles(folder, locked(name), true),
    async remove(name) {
      const model = locked(name);
      const place = join(folder, model.name);
      const wasThere = await lstat(place).then(
        () => true,
        () => false,
      );
      await rm(place, { recursive: true, force: true });
      return wasThere;
    },
  };
}

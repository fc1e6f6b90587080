import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FrostbyteError } from '../../kernel/errors.ts';
import { writeSecretFile } from '../engine/secret-files.ts';

/** Users that the stores' containers run as, by what the names of their files begin with; control's own else. */
const OWNERS: Readonly<Record<string, number>> = Object.freeze({ postgres: 5432, objects: 9000, redis: 6379 });
const NAME = /^(?:(?:stores|clients)_authority|(postgres|objects|redis|qdrant|client)_(?:certificate|key))$/;

/**
 * Takes the stores' certificates and keys (docs/decisions/0028) from the folder where the site keeps them to where containers
 * find them: keys for their store's user alone, the rest for all. Other files in the folder are left alone. Throws
 * `CONFIG_INVALID` where the folder cannot be read, and as `writeSecretFile` does.
 */
export async function placeCoreCertificates(from: string, folder: string): Promise<void> {
  const names = await readdir(from).catch((cause: unknown) => {
    throw unreadable(from, cause);
  });
  for (const name of names) {
    const [known, store] = NAME.exec(name) ?? [];
    if (known === undefined) continue;
    const text = await readFile(join(from, name), 'utf8').catch((cause: unknown) => {
      throw unreadable(join(from, name), cause);
    });
    await writeSecretFile(join(folder, name), text, OWNERS[store ?? ''] ?? 0, name.endsWith('_key') ? 0o400 : 0o444);
  }
}

function unreadable(path: string, cause: unknown): FrostbyteError {
  return new FrostbyteError(
    'CONFIG_INVALID',
    `The stores’ certificates cannot be read: ${path}. Name their folder with stack.certificates_folder.`,
    { cause },
  );
}

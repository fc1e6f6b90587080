import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FrostbyteError } from '../../kernel/errors.ts';
import { writeSecretFile } from '../engine/secret-files.ts';
import { CORE_SERVICES, QDRANT_SERVICE } from '../stack/core-services.ts';
import { IMAGE_USERS } from '../stack/images.ts';

const NAME = /^(?:(?:stores|clients)_authority|(?:postgres|objects|redis|qdrant|client)_(?:certificate|key))$/;

/** The user that each one's container runs as, where one is alone to read it. */
const OWNERS = new Map<string, number>(
  [...CORE_SERVICES, QDRANT_SERVICE].flatMap(({ image, tlsSecrets = [] }) =>
    tlsSecrets.map((name) => [name, IMAGE_USERS[image]] as const),
  ),
);

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
    if (!NAME.test(name)) continue;
    const text = await readFile(join(from, name), 'utf8').catch((cause: unknown) => {
      throw unreadable(join(from, name), cause);
    });
    const isSecret = name.endsWith('_key');
    await writeSecretFile(join(folder, name), text, OWNERS.get(name) ?? 0, isSecret ? 0o400 : 0o444);
  }
}

function unreadable(path: string, cause: unknown): FrostbyteError {
  return new FrostbyteError(
    'CONFIG_INVALID',
    `The stores’ certificates cannot be read: ${path}. Name their folder with stack.certificates_folder.`,
    { cause },
  );
}

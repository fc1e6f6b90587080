import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FrostbyteError } from '../../kernel/errors.ts';
import { CHECKSUMS, MANIFEST } from '../format/checksums.ts';
import { readManifest } from '../format/manifest.ts';
import { openKeyFile } from '../sshsig/key-file.ts';
import { BUNDLE_NAMESPACE } from '../verify/trust.ts';

/**
 * Signs the two lists of a bundle's folder with the key in a file; one that is locked, or that an agent holds (then the
 * file is its public half), signs by `ssh-keygen`. Answers the files that were signed. Signing again replaces. Throws
 * `KEY_UNAVAILABLE`, `BUNDLE_MANIFEST_INVALID`, `BUNDLE_FILE_MISSING`.
 */
export async function signBundle(folder: string, keyFile: string): Promise<string[]> {
  const read = (name: string) => {
    try {
      return readFileSync(join(folder, name));
    } catch (cause) {
      throw new FrostbyteError('BUNDLE_FILE_MISSING', `${folder} holds no bundle: there is no ${name}.`, {
        cause,
        details: [{ field: 'path', value: name, constraint: 'there' }],
      });
    }
  };
  readManifest(read(MANIFEST).toString('utf8'));
  const key = openKeyFile(keyFile);
  const signed = [MANIFEST, CHECKSUMS];
  for (const name of signed) {
    read(name);
    await key.sign(join(folder, name), BUNDLE_NAMESPACE);
  }
  return signed;
}

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FrostbyteError } from '../../kernel/errors.ts';
import { CHECKSUMS, MANIFEST } from '../format/checksums.ts';
import { readManifest } from '../format/manifest.ts';
import { readPrivateKey } from '../sshsig/keys.ts';
import { signMessage } from '../sshsig/signature.ts';
import { signWithSshKeygen } from '../sshsig/ssh-keygen.ts';
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
  const key = keyOf(keyFile);
  const signed = [MANIFEST, CHECKSUMS];
  for (const name of signed) {
    const file = join(folder, name);
    const bytes = read(name);
    if (key !== null) writeFileSync(`${file}.sig`, signMessage(bytes, key, BUNDLE_NAMESPACE));
    else {
      // It asks before it overwrites.
      rmSync(`${file}.sig`, { force: true });
      await signWithSshKeygen(file, keyFile, BUNDLE_NAMESPACE);
    }
  }
  return signed;
}

function keyOf(file: string) {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new FrostbyteError('KEY_UNAVAILABLE', `The key ${file} cannot be read.`, { cause });
  }
  return text.startsWith('ssh-ed25519 ') ? null : readPrivateKey(text);
}

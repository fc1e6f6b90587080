import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { FrostbyteError } from '../../kernel/errors.ts';
import { KEY_TYPE, type PublicKey, publicHalfOf, publicOf, readPrivateKey, readPublicLine } from './keys.ts';
import { signMessage } from './signature.ts';
import { signWithSshKeygen } from './ssh-keygen.ts';

/** A key that signs, by its file: one that is locked, or that an agent holds (then the file is its public half), too. */
export interface KeyFile {
  /** Throws `KEY_UNAVAILABLE` where the file does not say, and no `.pub` lies beside it. */
  public(): PublicKey;
  /** Leaves the signature beside the file that it is of, as `FILE.sig`; replaces one. Throws `KEY_UNAVAILABLE`. */
  sign(file: string, namespace: string): Promise<void>;
}

/** Throws `KEY_UNAVAILABLE` for what cannot be read, or is no key. */
export function openKeyFile(path: string): KeyFile {
  const text = read(path);
  const key = text.startsWith(`${KEY_TYPE} `) ? null : readPrivateKey(text);
  return {
    public() {
      if (key !== null) return publicOf(key);
      return publicHalfOf(text) ?? readPublicLine(read(`${path}.pub`));
    },
    async sign(file, namespace) {
      if (key !== null) return writeFileSync(`${file}.sig`, signMessage(readFileSync(file), key, namespace));
      // It asks before it overwrites.
      rmSync(`${file}.sig`, { force: true });
      await signWithSshKeygen(file, path, namespace);
    },
  };
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new FrostbyteError('KEY_UNAVAILABLE', `The key ${path} cannot be read.`, { cause });
  }
}

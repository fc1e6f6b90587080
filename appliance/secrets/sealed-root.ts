import { Decrypter, Encrypter } from 'age-encryption';
import { sha256Hex } from '../kernel/digest.ts';
import { FrostbyteError } from '../kernel/errors.ts';
import { open, seal } from './age-file.ts';
import { identityFile, type KeyPair, parseIdentityFile } from './identities.ts';

/**
 * The root key's file when it is sealed (spec 3): its identity file as an age file, under a passphrase or for a recipient
 * whose private half is kept off the box. The `age` tool opens both.
 */

/** What opens it: a passphrase, or the text of an identity file. Secret, both. */
export type RootOpener = { passphrase: string } | { identity: string };

/** Shorter ones are guessed, however slow each guess is. */
export const SHORTEST_PASSPHRASE = 12;
/** A guess costs about a second and 256 MiB. */
const WORK_FACTOR = 18;
const MAGIC = Buffer.from('age-encryption.org/v1\n');

/** Whether the bytes of a root key's file are sealed, rather than the key itself. */
export function isSealedRoot(bytes: Uint8Array): boolean {
  return MAGIC.equals(bytes.subarray(0, MAGIC.length));
}

/** What lies opened of a sealed root key: an identity file that names, by its digest, the sealed file that it belongs to. */
export function openedFile(root: KeyPair, at: string, sealed: Uint8Array): Buffer {
  return Buffer.from(`${belongsTo(sealed)}${identityFile(root, at)}`);
}

/**
 * Whether an opened file was made of this sealed one. The opened key of another data folder, or of before a restore, would
 * seal what is new for a key that the next boot does not have.
 */
export function isOpenedOf(opened: Uint8Array, sealed: Uint8Array): boolean {
  const first = Buffer.from(belongsTo(sealed));
  return first.equals(opened.subarray(0, first.length));
}

function belongsTo(sealed: Uint8Array): string {
  return `# opened of: ${sha256Hex(sealed)}\n`;
}

/**
 * The sealed file of a root key, proven to open by what was given. `at` is ISO 8601. Throws `VALIDATION_ERROR` for a
 * passphrase that is too short, and `KEY_UNAVAILABLE` for what is no identity.
 */
export async function sealRoot(root: KeyPair, at: string, opener: RootOpener, recipient?: string): Promise<Buffer> {
  const plain = Buffer.from(identityFile(root, at));
  const sealed =
    'passphrase' in opener ? await underPassphrase(plain, opener.passphrase) : await seal([recipient!], plain);
  if ((await openSealedRoot(sealed, opener)).identity === root.identity) return sealed;
  throw new FrostbyteError('KEY_UNAVAILABLE', 'What was sealed does not give the root key back. Nothing was changed.');
}

/** Opens a sealed root key. Throws `KEY_UNAVAILABLE` for the wrong passphrase or identity, and for a damaged file. */
export async function openSealedRoot(sealed: Uint8Array, opener: RootOpener): Promise<KeyPair> {
  if ('identity' in opener) {
    const { identity } = await parseIdentityFile(Buffer.from(opener.identity));
    return parseIdentityFile(await open([identity], sealed));
  }
  const decrypter = new Decrypter();
  decrypter.addPassphrase(opener.passphrase);
  let plain: Uint8Array;
  try {
    plain = await decrypter.decrypt(sealed);
  } catch (cause) {
    throw new FrostbyteError(
      'KEY_UNAVAILABLE',
      'The passphrase does not open the root key, or the root key was sealed for a recipient.',
      { cause },
    );
  }
  return parseIdentityFile(plain);
}

async function underPassphrase(plain: Uint8Array, passphrase: string): Promise<Buffer> {
  if ([...passphrase].length < SHORTEST_PASSPHRASE) {
    throw new FrostbyteError(
      'VALIDATION_ERROR',
      `A passphrase has at least ${SHORTEST_PASSPHRASE} characters; five or six words that nobody would put together are good.`,
    );
  }
  const encrypter = new Encrypter();
  encrypter.setPassphrase(passphrase);
  encrypter.setScryptWorkFactor(WORK_FACTOR);
  return Buffer.from(await encrypter.encrypt(plain));
}

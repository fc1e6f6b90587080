/** Who signs: lists and keys that somebody brings, or, for a trial, keys of this build host's own. */
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Input } from '../../appliance/bundle/build/write-bundle.ts';
import { signerFiles } from '../../appliance/bundle/build/write-signers.ts';
import { readSigners } from '../../appliance/bundle/signers/folder.ts';
import { fingerprint, publicOf, readPrivateKey } from '../../appliance/bundle/sshsig/keys.ts';
import { signMessage } from '../../appliance/bundle/sshsig/signature.ts';
import { ROOT } from '../images/recipe.ts';
import { folderInputs } from './contents.ts';

const TRIAL = join(ROOT, '.cache/trial-keys');
const NEEDED = ['allowed_signers', 'allowed_signers.sig', 'revoked_keys', 'revoked_keys.sig', 'root.pub'];

export interface Signers {
  inputs: Input[];
  /** The release key of a trial; null: it is signed by whoever has the key (`make sign`). */
  trialKey: string | null;
  /** The root key's, for a trial. */
  fingerprint: string | null;
}

/** The lists of a folder that the root key has signed; `readSigners` throws where it has not. */
export function broughtSigners(folder: string): Signers {
  // What its root key did not sign would be found only on the first host.
  readSigners(folder);
  const inputs = folderInputs(folder, 'signers').filter(({ path }) => NEEDED.includes(path.replace('signers/', '')));
  return { inputs, trialKey: null, fingerprint: null };
}

/** Keys that this build host makes once and keeps: good for a trial, and for nothing that leaves the house. */
export async function trialSigners(folder = TRIAL): Promise<Signers> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const [root, release] = ['root', 'release'].map((name) => {
    const file = join(folder, `${name}.key`);
    if (!existsSync(file)) {
      const { privateKey } = generateKeyPairSync('ed25519');
      writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600, flag: 'wx' });
    }
    return { file, key: readPrivateKey(readFileSync(file, 'utf8'))! };
  });
  const signer = { key: publicOf(release!.key), comment: 'trial', valid_after: null, valid_before: null };
  const inputs = await signerFiles(
    { serial: 1, none_before: null, signers: [signer], revocations: [] },
    {
      key: publicOf(root!.key),
      sign: async (text, namespace) => signMessage(Buffer.from(text), root!.key, namespace),
    },
  );
  return { inputs, trialKey: release!.file, fingerprint: fingerprint(publicOf(root!.key)) };
}

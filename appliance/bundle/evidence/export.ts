import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { replaceFile } from '../../kernel/durable-file.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { checkSignature, type Trust } from '../sshsig/check-signature.ts';
import { fingerprint, type PublicKey, publicLine, publicOf, readPrivateKey, readPublicLine } from '../sshsig/keys.ts';
import { signMessage } from '../sshsig/signature.ts';
import { type Head, type ReadChain, readChain } from './chain.ts';
import { lineOf } from './record.ts';

/** Evidence that leaves the host: the log, signed by a key of the host's own, as `ssh-keygen -Y verify` checks it. */

export const EVIDENCE_NAMESPACE = 'frostbyte-evidence';
/** Whom a host’s own key is known as. */
export const EVIDENCE_IDENTITY = 'frostbyte-host';
const FILES = Object.freeze({ log: 'evidence.jsonl', signature: 'evidence.jsonl.sig', key: 'evidence.pub' });

/** The key that signs a host's exports; made when it is first asked for. */
export function hostKey(file: string): KeyObject {
  if (!existsSync(file)) {
    const { privateKey } = generateKeyPairSync('ed25519');
    mkdirSync(dirname(file), { recursive: true, mode: 0o755 });
    replaceFile(file, privateKey.export({ format: 'pem', type: 'pkcs8' }), 0o600);
  }
  const key = readPrivateKey(readFileSync(file, 'utf8'));
  if (key !== null) return key;
  throw new FrostbyteError('KEY_UNAVAILABLE', `${file} is locked with a passphrase; the host’s own key never is.`);
}

/** Whom a reader trusts who knows a host's key: that key, for what hosts sign under this namespace. */
export function trustIn(key: PublicKey, namespace: string): Trust {
  const signer = { principals: [EVIDENCE_IDENTITY], key, namespaces: null, validAfter: null, validBefore: null };
  return { signers: [signer], revoked: [], identity: EVIDENCE_IDENTITY, namespace, at: Date.now() };
}

/** What an export holds, once its signature and its chain hold. */
export interface Exported {
  chain: ReadChain;
  head: Head;
  signer: string;
}

/** Writes an export into a folder of the stick, which is made. Answers the fingerprint that the reader must know. */
export function exportEvidence({ records, head }: ReadChain, key: KeyObject, to: string): Exported {
  const log = records.map(lineOf).join('');
  const signer = publicOf(key);
  mkdirSync(to, { recursive: true });
  const write = (name: string, text: string) => writeFileSync(join(to, name), text, { flush: true });
  write(FILES.log, log);
  write(FILES.signature, signMessage(Buffer.from(log), key, EVIDENCE_NAMESPACE));
  write(FILES.key, `${publicLine(signer, EVIDENCE_IDENTITY)}\n`);
  write('README.txt', readme(signer));
  return { chain: readChain(log), head, signer: fingerprint(signer) };
}

/**
 * Verifies an export: that it is signed by the key with this fingerprint, and that its chain holds. Throws as
 * `checkSignature`, and `AUDIT_CHAIN_BROKEN`.
 */
export function verifyExport(folder: string, expected: string): Exported {
  const [log, signature, line] = [FILES.log, FILES.signature, FILES.key].map((name) => fileOf(folder, name));
  const key = readPublicLine(line!.toString('utf8'));
  if (fingerprint(key) !== expected.trim()) {
    throw new FrostbyteError(
      'BUNDLE_SIGNER_UNKNOWN',
      'The evidence is signed by another host’s key than the one whose fingerprint was given.',
      { details: [{ field: 'fingerprint', value: expected, constraint: `the export’s is ${fingerprint(key)}` }] },
    );
  }
  checkSignature(
    { name: FILES.log, bytes: [log!], signature: signature!.toString('latin1') },
    trustIn(key, EVIDENCE_NAMESPACE),
  );
  const chain = readChain(log!.toString('utf8'));
  return { chain, head: chain.head, signer: fingerprint(key) };
}

function fileOf(folder: string, name: string): Buffer {
  try {
    return readFileSync(join(folder, name));
  } catch (cause) {
    throw new FrostbyteError('VALIDATION_ERROR', `There is no evidence in ${folder}: ${name} cannot be read.`, {
      cause,
      details: [{ field: 'export', value: folder, constraint: 'a folder that frostbyte evidence export wrote' }],
    });
  }
}

function readme(key: PublicKey): string {
  return `Evidence of a Frostbyte host: who verified, installed, upgraded and rolled back which bundle, and with what result.

${FILES.log} holds one record a line. Each has the hash of the one before, so that none can be changed, taken away or put in
without all that follow; the signature is over the whole file. The key's fingerprint, which you should have had by another
way than this medium:

    ${fingerprint(key)}

    $ head -n 1 ${FILES.key} | grep -x -E 'ssh-ed25519 [A-Za-z0-9+/=]+ ${EVIDENCE_IDENTITY}' > ~/frostbyte-host.pub
    $ ssh-keygen -l -f ~/frostbyte-host.pub
    $ printf '${EVIDENCE_IDENTITY} %s\\n' "$(cat ~/frostbyte-host.pub)" > ~/frostbyte-host
    $ ssh-keygen -Y verify -f ~/frostbyte-host -I ${EVIDENCE_IDENTITY} -n ${EVIDENCE_NAMESPACE} -s ${FILES.signature} < ${FILES.log}

With Frostbyte, the chain too, and on the host itself that its log goes on from here:

    $ frostbyte evidence verify --export . --fingerprint "$FINGERPRINT"
`;
}

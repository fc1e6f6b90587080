import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { syncFile, syncFolder } from '../../kernel/durable-file.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { checkSignature } from '../sshsig/check-signature.ts';
import { type KeyFile, openKeyFile } from '../sshsig/key-file.ts';
import { fingerprint, type PublicKey, publicLine, readPublicLine } from '../sshsig/keys.ts';
import { ROOT_IDENTITY, SIGNERS_NAMESPACE } from '../verify/trust.ts';
import { type ListTexts, listTexts, readLists, type SignerLists } from './lists.ts';

/** A folder of lists as it is: whose root key, and what that says. */
export interface SignersFolder {
  root: PublicKey;
  lists: SignerLists;
}

/** What an edition is signed with. */
export interface Signing {
  /** The root key's file. */
  key: string;
  /** Where the highest serial that this root key has signed is kept; by default beside the key. */
  record?: string | undefined;
}

const LISTS = ['allowed_signers', 'revoked_keys'] as const;
const ROOT = 'root.pub';
const FILES = [ROOT, ...LISTS.flatMap((name) => [name, `${name}.sig`])];
/** Hidden: a folder in which an edition is half in its place goes into no bundle. */
const NEXT = '.next';

/**
 * Reads the lists of a folder, and holds the root key's signatures against them. An edition that was made and not yet put
 * in its place is put there first. Throws `BUNDLE_FILE_MISSING`, a `BUNDLE_SIGN…` code.
 */
export function readSigners(folder: string): SignersFolder {
  finish(folder);
  return readFolder(folder);
}

/** Begins lists: no signer, nothing revoked. Throws `VALIDATION_ERROR` where the folder holds something, `BUNDLE_OLDER`. */
export async function createSigners(folder: string, signing: Signing): Promise<SignersFolder> {
  finish(folder);
  if (existsSync(folder) && readdirSync(folder).length > 0) {
    throw new FrostbyteError('VALIDATION_ERROR', `${folder} is there already and not empty. Name another folder.`, {
      details: [{ field: 'folder', value: folder, constraint: 'not there yet, or empty' }],
    });
  }
  const key = openKeyFile(signing.key);
  const made: SignersFolder = {
    root: key.public(),
    lists: { serial: 1, none_before: null, signers: [], revocations: [] },
  };
  refuseOlder(0, signing);
  mkdirSync(folder, { recursive: true });
  await write(folder, made, key, signing);
  return made;
}

/**
 * Makes the next edition of a folder's lists and signs it with the root key. Cut short at any moment, the folder holds the
 * one edition or the other. Throws `KEY_UNAVAILABLE`, also for another root key; `BUNDLE_OLDER` where the root key has signed
 * a later edition than the folder's; what `readSigners` and `change` throw.
 */
export async function changeSigners(
  folder: string,
  signing: Signing,
  change: (lists: SignerLists) => SignerLists,
): Promise<SignersFolder> {
  const { root, lists } = readSigners(folder);
  const key = openKeyFile(signing.key);
  if (!key.public().bytes.equals(root.bytes)) {
    throw new FrostbyteError(
      'KEY_UNAVAILABLE',
      `The key ${signing.key} (${fingerprint(key.public())}) is not the root key of ${folder} (${fingerprint(root)}).`,
    );
  }
  refuseOlder(lists.serial, signing);
  const made = { root, lists: change(lists) };
  await write(folder, made, key, signing);
  return made;
}

async function write(folder: string, { root, lists }: SignersFolder, key: KeyFile, signing: Signing): Promise<void> {
  const next = join(folder, NEXT);
  mkdirSync(next);
  try {
    writeFileSync(join(next, ROOT), `${publicLine(root)}\n`);
    const texts = listTexts(lists);
    for (const name of LISTS) {
      writeFileSync(join(next, name), texts[name]);
      await key.sign(join(next, name), SIGNERS_NAMESPACE);
    }
    for (const name of FILES) syncFile(join(next, name));
    syncFolder(next);
    // What an agent or a token signed with is what was asked for.
    readFolder(next);
    keepRecord(lists.serial, signing);
  } catch (error) {
    rmSync(next, { recursive: true, force: true });
    throw error;
  }
  settle(folder);
}

/** An edition that was cut short: made to its end it counts, else it never was. */
function finish(folder: string): void {
  const next = join(folder, NEXT);
  if (!existsSync(next)) return;
  if (isWhole(next)) settle(folder);
  else rmSync(next, { recursive: true });
}

/** Puts the next edition in its place, file by file. */
function settle(folder: string): void {
  const next = join(folder, NEXT);
  for (const name of FILES) if (existsSync(join(next, name))) renameSync(join(next, name), join(folder, name));
  syncFolder(folder);
  rmSync(next, { recursive: true });
}

/** Whether an edition was made to its end; some of it may be in its place by now. */
function isWhole(next: string): boolean {
  const left = FILES.filter((name) => existsSync(join(next, name)));
  // They go one after the other, so what is left is the end of the list.
  if (left.length < FILES.length)
    return left.join() === FILES.slice(FILES.length - left.length).join() && left.length > 0;
  try {
    readFolder(next);
    return true;
  } catch {
    return false;
  }
}

function readFolder(folder: string): SignersFolder {
  const read = (name: string): Buffer => {
    try {
      return readFileSync(join(folder, name));
    } catch (cause) {
      throw new FrostbyteError(
        'BUNDLE_FILE_MISSING',
        `${folder} has no ${name}. frostbyte bundle signers create begins one.`,
        {
          cause,
          details: [{ field: 'path', value: name, constraint: 'there' }],
        },
      );
    }
  };
  const root = readPublicLine(read(ROOT).toString('latin1'));
  const trust = {
    signers: [{ principals: [ROOT_IDENTITY], key: root, namespaces: null, validAfter: null, validBefore: null }],
    revoked: [],
    identity: ROOT_IDENTITY,
    namespace: SIGNERS_NAMESPACE,
    at: Date.now(),
  };
  const texts: Partial<ListTexts> = {};
  for (const name of LISTS) {
    const bytes = read(name);
    checkSignature({ name, bytes: [bytes], signature: read(`${name}.sig`).toString('latin1') }, trust);
    texts[name] = bytes.toString('utf8');
  }
  return { root, lists: readLists(texts as ListTexts) };
}

/** An older copy of the folder would give a serial twice, and hosts would keep whichever they saw first. */
function refuseOlder(serial: number, signing: Signing): void {
  const file = recordOf(signing);
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '0\n';
  if (!/^\d{1,9}\n$/.test(text)) {
    throw new FrostbyteError('BUNDLE_SIGNERS_INVALID', `${file} does not hold the number of an edition.`, {
      details: [{ field: 'record', value: file, constraint: 'a number' }],
    });
  }
  const signed = Number(text);
  if (signed <= serial) return;
  throw new FrostbyteError(
    'BUNDLE_OLDER',
    `This root key has signed edition ${signed}; the lists here are ${serial === 0 ? 'new' : `edition ${serial}`}. Take the newest lists: hosts that have seen edition ${signed} believe no lower one.`,
    { details: [{ field: 'serial', value: serial, constraint: `at least ${signed}` }] },
  );
}

function keepRecord(serial: number, signing: Signing): void {
  const file = recordOf(signing);
  try {
    writeFileSync(`${file}.new`, `${serial}\n`, { mode: 0o600 });
    syncFile(`${file}.new`);
    renameSync(`${file}.new`, file);
  } catch (cause) {
    throw new FrostbyteError(
      'VALIDATION_ERROR',
      `The number of the edition cannot be kept in ${file}. Name a file that can be written with --record.`,
      { cause, details: [{ field: 'record', value: file, constraint: 'can be written' }] },
    );
  }
}

function recordOf({ key, record }: Signing): string {
  return record ?? `${key.replace(/\.pub$/, '')}.serial`;
}

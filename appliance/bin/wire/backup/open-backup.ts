import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type CheckedFile, checkBackupFile, keysFolder } from '../../../bundle/backup/check-file.ts';
import { type BackupManifest, MANIFEST } from '../../../bundle/backup/manifest.ts';
import { readTar, type TarFile } from '../../../bundle/backup/read-tar.ts';
import { FrostbyteError, isFrostbyteError } from '../../../kernel/errors.ts';
import { openStream } from '../../../secrets/age-file.ts';
import { type EscrowedKeys, openEscrow } from '../../../secrets/escrow.ts';
import { parseIdentityFile } from '../../../secrets/identities.ts';

/** What opens a backup. */
export interface BackupOpeners {
  /** The text of the identity file whose public half is the recovery recipient. */
  identity: string;
  /** Where the tenants' escrow files lie; beside the backup unless it is said. */
  keys?: string;
}

/** A backup whose file holds, and what opens its parts. */
export interface OpenedBackup extends CheckedFile {
  file: string;
  /** `AGE-SECRET-KEY-1…` of the recovery recipient. */
  identity: string;
  keys: Map<string, EscrowedKeys>;
  /** Tenants whose escrow file is not there: nobody can open their parts. */
  without_key: string[];
}

/**
 * Holds a backup's file against itself, and opens the tenants' keys. Throws `OBJECT_CORRUPTED`, and `KEY_UNAVAILABLE` with an
 * identity that is not the recovery recipient's, or keys of another backup.
 */
export async function openBackup(file: string, openers: BackupOpeners): Promise<OpenedBackup> {
  const pair = await parseIdentityFile(Buffer.from(openers.identity));
  const checked = await checkBackupFile(file);
  const { recovery_recipient, tenants } = checked.manifest;
  if (pair.recipient !== recovery_recipient) {
    throw new FrostbyteError(
      'KEY_UNAVAILABLE',
      `This is the identity of ${pair.recipient}. The backup was made for ${recovery_recipient}.`,
    );
  }
  const folder = openers.keys ?? keysFolder(file);
  const keys = new Map<string, EscrowedKeys>();
  const without_key: string[] = [];
  for (const { tenant_id, backup_recipient } of tenants) {
    const path = join(folder, `${tenant_id}.age`);
    if (!existsSync(path)) {
      without_key.push(tenant_id);
      continue;
    }
    const escrowed = await openEscrow(readFileSync(path), pair.identity);
    if (escrowed.tenant_id !== tenant_id || escrowed.backup?.recipient !== backup_recipient)
      throw new FrostbyteError('KEY_UNAVAILABLE', `${path} does not hold the key of ${tenant_id} in this backup.`);
    keys.set(tenant_id, escrowed);
  }
  return { ...checked, file, identity: pair.identity, keys, without_key };
}

/**
 * The entries of a backup that was checked, read anew. Their bytes are held against the manifest once more, since a medium
 * may answer a second read differently: an entry whose content was taken to its end is what was checked.
 */
export async function* entriesOf(file: string, manifest: BackupManifest): AsyncGenerator<TarFile> {
  let at = 0;
  for await (const entry of readTar(createReadStream(file, { highWaterMark: 1 << 20 }))) {
    if (entry.path === MANIFEST) return;
    const wanted = manifest.entries[at++];
    if (wanted?.path !== entry.path) throw changed(entry.path);
    yield { ...entry, content: () => held(entry, wanted.sha256) };
  }
}

/** What is in a sealed entry. Throws `KEY_UNAVAILABLE`, naming the entry, with another's identity. */
export async function* unsealed(entry: TarFile, identity: string): AsyncGenerator<Buffer> {
  try {
    for await (const bytes of openStream([identity], Readable.from(entry.content()))) yield bytes as Buffer;
  } catch (error) {
    if (!isFrostbyteError(error, 'KEY_UNAVAILABLE')) throw error;
    throw new FrostbyteError('KEY_UNAVAILABLE', `The key that is given does not open ${entry.path} of the backup.`, {
      cause: error,
    });
  }
}

async function* held(entry: TarFile, sha256: string): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  for await (const bytes of entry.content()) {
    hash.update(bytes);
    yield bytes;
  }
  if (hash.digest('hex') !== sha256) throw changed(entry.path);
}

function changed(path: string): FrostbyteError {
  return new FrostbyteError(
    'OBJECT_CORRUPTED',
    `${path} of the backup reads differently than a moment ago. The medium is failing: copy the backup off it and check it.`,
  );
}

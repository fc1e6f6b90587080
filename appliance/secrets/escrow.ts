import type { Clock } from '../kernel/clock.ts';
import { prefixedSha256 } from '../kernel/digest.ts';
import { FrostbyteError } from '../kernel/errors.ts';
import { open, seal } from './age-file.ts';
import { openBackupKey } from './backup-key.ts';
import { type KeyPair, keyPair } from './identities.ts';
import { identityNumbers, openIdentity } from './key-folder.ts';
import { openTenantKeys } from './keyring.ts';
import { writeSecret } from './secret-file.ts';
import type { NumberedPair } from './tenant-secrets.ts';

/** An escrow file as it was made. */
export interface Escrowed {
  recipient: string;
  /** Of the file, with its prefix. */
  sha256: string;
  /** Public keys of the identities in it. */
  public_keys: string[];
}

/** What an escrow file holds of a tenant. */
export interface EscrowedKeys {
  tenant_id: string;
  /** Newest first. */
  storage: NumberedPair[];
  /** Opens the tenant's part of a backup; null in a file of before its first one. */
  backup: KeyPair | null;
}

interface At {
  root: KeyPair;
  folder: string;
  clock: Clock;
}

/**
 * Writes a tenant's escrow file (spec 3): its identities, storage identities and backup key, encrypted to the recovery
 * recipient alone, so that the box itself cannot read it. Decrypted it is an identity file for `age -d -i`. `coming` are
 * pairs that are about to be used: they are escrowed before anything is written for them. Durable on return.
 */
export async function writeEscrow(
  at: At,
  file: string,
  recipient: string,
  tenantId: string,
  coming: readonly NumberedPair[] = [],
): Promise<Escrowed> {
  const { bytes, ...escrowed } = await escrowBytes(at, recipient, tenantId, coming);
  await writeSecret(file, bytes, { replace: true });
  return escrowed;
}

/** The bytes of a tenant's escrow file as its keys are now. */
export async function escrowBytes(
  at: At,
  recipient: string,
  tenantId: string,
  coming: readonly NumberedPair[] = [],
): Promise<Escrowed & { bytes: Buffer }> {
  const keys = await openTenantKeys(at.root, at.folder);
  const identities: NumberedPair[] = [];
  for (const number of await identityNumbers(at.folder)) {
    const pair = await openIdentity(at.root, at.folder, number);
    if (pair !== null) identities.push({ number, pair });
  }
  const known = new Set(keys.storage.recipients);
  const storage = [...coming.filter(({ pair }) => !known.has(pair.recipient)), ...keys.secrets.storage];
  const backup = await openBackupKey(at.root, at.folder);
  const backups = backup === null ? [] : [{ number: 1, pair: backup }];
  const lines = [
    `# Keys of the tenant ${tenantId}, ${at.clock.iso()}`,
    ...identities.flatMap((entry) => described('identity', entry)),
    ...storage.flatMap((entry) => described('storage', entry)),
    ...backups.flatMap((entry) => described('backup', entry)),
  ];
  const bytes = await seal([recipient], Buffer.from(`${lines.join('\n')}\n`));
  return {
    bytes,
    recipient,
    sha256: prefixedSha256(bytes),
    public_keys: [...identities, ...storage, ...backups].map(({ pair }) => pair.recipient),
  };
}

const TITLE = /^# Keys of the tenant ([a-z][a-z0-9]{2,31}), /;
const DESCRIBED = /^# (identity|storage|backup) (\d{1,6}), public key: (age1[0-9a-z]+)$/;

/**
 * Opens an escrow file with the private half of the recovery recipient. Throws `KEY_UNAVAILABLE` with another identity, and
 * `OBJECT_CORRUPTED` for what is no escrow file.
 */
export async function openEscrow(bytes: Uint8Array, identity: string): Promise<EscrowedKeys> {
  const lines = (await open([identity], bytes)).toString('utf8').trimEnd().split('\n');
  const tenant_id = TITLE.exec(lines[0] ?? '')?.[1];
  if (tenant_id === undefined) throw notEscrow();
  const found: EscrowedKeys = { tenant_id, storage: [], backup: null };
  for (let at = 1; at < lines.length; at += 2) {
    const [, kind, number, recipient] = DESCRIBED.exec(lines[at] ?? '') ?? [];
    const pair = await keyPair(lines[at + 1] ?? '');
    if (kind === undefined || pair.recipient !== recipient) throw notEscrow();
    if (kind === 'storage') found.storage.push({ number: Number(number), pair });
    if (kind === 'backup') found.backup = pair;
  }
  found.storage.sort((a, b) => b.number - a.number);
  return found;
}

function described(kind: string, { number, pair }: NumberedPair): string[] {
  return [`# ${kind} ${number}, public key: ${pair.recipient}`, pair.identity];
}

function notEscrow(): FrostbyteError {
  return new FrostbyteError('OBJECT_CORRUPTED', 'This file opens, but is not the escrow file of a tenant.');
}

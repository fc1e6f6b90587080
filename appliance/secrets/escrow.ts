import type { Clock } from '../kernel/clock.ts';
import { prefixedSha256 } from '../kernel/digest.ts';
import { seal } from './age-file.ts';
import type { KeyPair } from './identities.ts';
import { identityNumbers, openIdentity } from './key-folder.ts';
import { openTenantKeys } from './keyring.ts';
import { writeSecret } from './secret-file.ts';
import type { NumberedPair } from './tenant-secrets.ts';

/** An escrow file as it was written. */
export interface Escrowed {
  recipient: string;
  /** Of the file, with its prefix. */
  sha256: string;
  /** Public keys of the identities in it. */
  public_keys: string[];
}

/**
 * Writes a tenant's escrow file (spec 3): its identities and storage identities, encrypted to the recovery recipient alone,
 * so that the box itself cannot read it. Decrypted it is an identity file for `age -d -i`. `coming` are pairs that are
 * about to be used: they are escrowed before anything is written for them. Durable on return.
 */
export async function writeEscrow(
  at: { root: KeyPair; folder: string; clock: Clock },
  file: string,
  recipient: string,
  tenantId: string,
  coming: readonly NumberedPair[] = [],
): Promise<Escrowed> {
  const keys = await openTenantKeys(at.root, at.folder);
  const identities: NumberedPair[] = [];
  for (const number of await identityNumbers(at.folder)) {
    const pair = await openIdentity(at.root, at.folder, number);
    if (pair !== null) identities.push({ number, pair });
  }
  const known = new Set(keys.storage.recipients);
  const storage = [...coming.filter(({ pair }) => !known.has(pair.recipient)), ...keys.secrets.storage];
  const lines = [
    `# Keys of the tenant ${tenantId}, ${at.clock.iso()}`,
    ...identities.flatMap((entry) => described('identity', entry)),
    ...storage.flatMap((entry) => described('storage', entry)),
  ];
  const sealed = await seal([recipient], Buffer.from(`${lines.join('\n')}\n`));
  await writeSecret(file, sealed, { replace: true });
  return {
    recipient,
    sha256: prefixedSha256(sealed),
    public_keys: [...identities, ...storage].map(({ pair }) => pair.recipient),
  };
}

function described(kind: string, { number, pair }: NumberedPair): string[] {
  return [`# ${kind} ${number}, public key: ${pair.recipient}`, pair.identity];
}

import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EVIDENCE_IDENTITY, hostKey } from '../../../bundle/evidence/export.ts';
import type { HostLayout } from '../../../bundle/host-layout.ts';
import { checkSignature } from '../../../bundle/sshsig/check-signature.ts';
import { fingerprint, publicOf } from '../../../bundle/sshsig/keys.ts';
import type { BoundaryReport } from '../../../control/verbs.ts';
import { replaceFile } from '../../../kernel/durable-file.ts';
import { sectionsOf, verdictOf } from './sections.ts';
import { BOUNDARY_NAMESPACE, type SignedBoundary } from './signed.ts';
import type { BoundaryStatement } from './statement.ts';

/** The statement that was made last, on the box itself: what its pages show. */

const FOLDER = 'boundary';
const [STATEMENT, SIGNATURE] = ['boundary.json', 'boundary.json.sig'];

/** Keeps it in the place of the one before. */
export function keepBoundary(files: SignedBoundary['files'], { data }: Pick<HostLayout, 'data'>): void {
  const folder = join(data, FOLDER);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const name of [STATEMENT, SIGNATURE]) replaceFile(join(folder, name), files.get(name)!, 0o600);
}

/** Reads it, by the signature of this host's own key. Null: there is none. Throws as `checkSignature`. */
export function keptBoundary({
  data,
  evidenceKey,
}: Pick<HostLayout, 'data' | 'evidenceKey'>): Omit<BoundaryReport, 'being_made'> | null {
  const [file, signature] = [STATEMENT, SIGNATURE].map((name) => join(data, FOLDER, name));
  if (!existsSync(file!) || !existsSync(signature!) || !existsSync(evidenceKey)) return null;
  const bytes = readFileSync(file!);
  const key = publicOf(hostKey(evidenceKey));
  const own = { principals: [EVIDENCE_IDENTITY], key, namespaces: null, validAfter: null, validBefore: null };
  checkSignature(
    { name: STATEMENT, bytes: [bytes], signature: readFileSync(signature!, 'latin1') },
    { signers: [own], revoked: [], identity: EVIDENCE_IDENTITY, namespace: BOUNDARY_NAMESPACE, at: Date.now() },
  );
  const statement = JSON.parse(bytes.toString('utf8')) as BoundaryStatement;
  const { made_at, host, version, closed } = statement;
  return {
    ...{ made_at, host, version, closed },
    verdict: verdictOf(statement),
    signer: fingerprint(key),
    sections: sectionsOf(statement).map(({ title, columns, rows }) => ({
      title,
      columns: [...columns],
      rows: rows.map((row) => [...row]),
    })),
  };
}

import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { hostKey, trustIn } from '../../../bundle/evidence/export.ts';
import type { HostLayout } from '../../../bundle/host-layout.ts';
import { checkSignature } from '../../../bundle/sshsig/check-signature.ts';
import { fingerprint, publicOf } from '../../../bundle/sshsig/keys.ts';
import type { BoundaryKept } from '../../../control/verbs.ts';
import { replaceFile } from '../../../kernel/durable-file.ts';
import { FrostbyteError } from '../../../kernel/errors.ts';
import { sectionsOf, verdictOf } from './sections.ts';
import { BOUNDARY_NAMESPACE, type SignedBoundary } from './signed.ts';
import type { BoundaryStatement } from './statement.ts';

/** The statement that was made last, on the box itself: what its pages show. */

/** Text and signature in one file: replaced at once, they never disagree. */
const FILE = 'boundary.json';
const Kept = z.strictObject({ statement: z.string(), signature: z.string() });

/** Keeps it in the place of the one before. */
export function keepBoundary(files: SignedBoundary['files'], { data }: Pick<HostLayout, 'data'>): void {
  mkdirSync(data, { recursive: true });
  const kept = { statement: files.get('boundary.json')!, signature: files.get('boundary.json.sig')! };
  replaceFile(join(data, FILE), JSON.stringify(kept), 0o600);
}

/** Reads it, by the signature of this host's own key. Null: there is none. Throws as `checkSignature`, and `STORE_CORRUPTED`. */
export function keptBoundary({ data, evidenceKey }: Pick<HostLayout, 'data' | 'evidenceKey'>): BoundaryKept | null {
  const file = join(data, FILE);
  if (!existsSync(file) || !existsSync(evidenceKey)) return null;
  const { statement: text, signature } = readKept(file);
  const bytes = Buffer.from(text);
  const key = publicOf(hostKey(evidenceKey));
  checkSignature({ name: FILE, bytes: [bytes], signature }, trustIn(key, BOUNDARY_NAMESPACE));
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

function readKept(file: string): z.infer<typeof Kept> {
  try {
    return Kept.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (cause) {
    throw new FrostbyteError('STORE_CORRUPTED', `${file} is damaged. Have a new statement made.`, { cause });
  }
}

import { createHash } from 'node:crypto';
import { z } from 'zod';
import { canonicalJson } from '../../kernel/canonical-json.ts';
import { Actor } from '../operation/events.ts';

/** What the host keeps as evidence (spec 7, "Evidence"): who did what with which bundle, and with what result. */

/** What stands before the first record. */
export const BEGINNING = '0'.repeat(64);
/** Domain of leaves in RFC 6962 §2.1, as in the logs of tenants. */
const LEAF_DOMAIN = new Uint8Array([0]);

const hash = z.string().regex(/^[0-9a-f]{64}$/);

/** A bundle, told from every other one. */
export const BundleIdentity = z.strictObject({
  version: z.string().max(100),
  arch: z.string().max(20),
  counter: z.number().int().min(0),
  manifest_sha256: hash,
  /** The fingerprint of the release key. */
  signer: z.string().max(100),
});
export type BundleIdentity = z.infer<typeof BundleIdentity>;

const fields = {
  by: Actor,
  /** As the host called itself then. */
  host: z.string().max(256),
  action: z.enum([
    'verify',
    'verify-installation',
    'preflight',
    'install',
    'upgrade',
    'update',
    'rollback',
    'backup',
    'restore',
    'export',
    'uninstall',
    'log-mended',
  ]),
  bundle: BundleIdentity.nullable(),
  /** `overridden`: a check failed, and the operator went on with a reason. */
  result: z.enum(['ok', 'refused', 'failed', 'rolled-back', 'stopped', 'overridden']),
  detail: z.record(z.string(), z.json()),
};

/** A record as whoever adds it knows it. */
export const Happening = z.strictObject(fields);
export type Happening = z.infer<typeof Happening>;

const EvidenceRecord = z.strictObject({
  n: z.number().int().min(0),
  at: z.iso.datetime({ precision: 3 }),
  ...fields,
  /** The hash of the record before. */
  previous: hash,
});
export type EvidenceRecord = z.infer<typeof EvidenceRecord>;
export type Chained = EvidenceRecord & { hash: string };

/** SHA-256 over 0x00 ‖ RFC 8785 JSON of the record, which holds the hash of the one before: RFC 6962's leaf. */
export function hashOf(record: EvidenceRecord): string {
  return createHash('sha256').update(LEAF_DOMAIN).update(canonicalJson(record)).digest('hex');
}

/** A record as its line in the log. */
export const lineOf = (record: Chained): string => `${canonicalJson(record)}\n`;

/** A line held against the format; null for anything else. Its hash is not checked. */
export function readRecord(line: string): Chained | null {
  try {
    const { hash: own, ...rest } = JSON.parse(line) as Record<string, unknown>;
    const record = EvidenceRecord.safeParse(rest);
    const checked = hash.safeParse(own);
    if (!record.success || !checked.success) return null;
    const chained = { ...record.data, hash: checked.data };
    // One form of everything: no byte of a line is free.
    return lineOf(chained) === `${line}\n` ? chained : null;
  } catch {
    return null;
  }
}

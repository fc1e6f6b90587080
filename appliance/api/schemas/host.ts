import { z } from '../zod.ts';
import { Timestamp } from './common.ts';

/** What the box says of its host (spec 7): what is installed, what is wrong, where data go. */

export const InstallationAnswer = z
  .object({
    release: z
      .object({
        version: z.string(),
        counter: z.number().int(),
        arch: z.string(),
        manifest_sha256: z.string(),
        signer: z.string().nullable(),
      })
      .nullable(),
    images: z.array(z.object({ name: z.string(), digest: z.string(), bytes: z.number().int() })),
    containers: z
      .array(z.object({ name: z.string(), image: z.string(), image_id: z.string(), running: z.boolean() }))
      .nullable(),
    networks: z
      .array(
        z.object({
          name: z.string(),
          internal: z.boolean(),
          subnets: z.array(z.string()),
          members: z.number().int(),
        }),
      )
      .nullable(),
    evidence: z
      .object({
        count: z.number().int(),
        head: z.string(),
        records: z.array(
          z.object({
            n: z.number().int(),
            at: Timestamp,
            by: z.string(),
            action: z.string(),
            bundle: z.string().nullable(),
            result: z.string(),
            hash: z.string(),
          }),
        ),
      })
      .nullable(),
  })
  .openapi('Installation');

export const DiagnosisAnswer = z
  .object({
    looked_for: z.number().int(),
    ok: z.boolean(),
    findings: z.array(
      z.object({
        code: z.string(),
        title: z.string(),
        why: z.string(),
        mend: z.string(),
        severity: z.string(),
        found: z.array(z.string()),
      }),
    ),
    blind: z.array(z.object({ what: z.string(), why: z.string() })),
  })
  .openapi('Diagnosis');

export const SupportListingAnswer = z
  .object({
    files: z.array(z.object({ path: z.string(), bytes: z.number().int(), cut: z.boolean() })),
    /** Packed. */
    bytes: z.number().int(),
    missing: z.array(z.object({ path: z.string(), why: z.string() })),
  })
  .openapi('SupportListing');

export const BoundaryAnswer = z
  .object({
    statement: z
      .object({
        made_at: Timestamp,
        host: z.string(),
        version: z.string(),
        closed: z.boolean(),
        verdict: z.string(),
        signer: z.string(),
        sections: z.array(
          z.object({ title: z.string(), columns: z.array(z.string()), rows: z.array(z.array(z.string())) }),
        ),
      })
      .nullable(),
    being_made: z.boolean(),
    failed: z.object({ at: Timestamp, code: z.string(), message: z.string() }).nullable(),
  })
  .openapi('BoundaryStatement');

import { BATCH_ID, CHUNK_ID, DOC_ID, SHA256_HEX, TENANT_ID } from '../../kernel/ids.ts';
import { z } from '../zod.ts';

/** Building blocks of request and answer schemas (spec 4). */

export const TenantId = z.string().regex(TENANT_ID).openapi({ example: 'nordlaw' });
export const LogId = z.string().regex(/^(?:[a-z][a-z0-9]{2,31}|_appliance)$/);
export const BatchId = z.string().regex(BATCH_ID);
export const DocId = z.string().regex(DOC_ID);
export const ChunkId = z.string().regex(CHUNK_ID);
export const Uuid = z.uuid();
export const Sha256 = z.string().regex(SHA256_HEX);
export const Timestamp = z.string().openapi({ example: '2026-01-31T12:00:00.000Z' });
const REASON = 'must be one line of 1 to 500 characters';
/** A human reason: one line of plain text. It stands in the log for good, and in terminals. */
export const Reason = z
  .string(REASON)
  .trim()
  .min(1, REASON)
  .max(500, REASON)
  .refine((text) => !/\p{Cc}/u.test(text), REASON);

/** ISO 8601, date or date-time, as query filters take it. */
export const DateFilter = z.union([z.iso.datetime({ offset: true }), z.iso.date()], {
  error: 'must be a date such as 2026-01-31, or one with time and offset such as 2026-01-31T12:00:00Z',
});

/** The end of a plain date's day, or the moment itself. */
const lastMoment = (value: string) => Date.parse(value.length === 10 ? `${value}T23:59:59.999Z` : value);

/** Whether a range of two filters, each optional, has a beginning that is not behind its end. */
export function isRange(start: string | undefined, end: string | undefined): boolean {
  return start === undefined || end === undefined || Date.parse(start) <= lastMoment(end);
}

export const pageOf = (defaultLimit: number, maxLimit: number) => ({
  page: z.coerce.number().int().min(1).max(1_000_000).default(1),
  limit: z.coerce.number().int().min(1).max(maxLimit).default(defaultLimit),
});

/** A page as a list route was asked for it. */
export interface PageQuery {
  page: number;
  limit: number;
  cursor?: string;
}

/** The page as stores take it: behind a cursor, or by its number. */
export function placeOf({ page, limit, cursor }: PageQuery): { limit: number; offset?: number; after?: string } {
  return { limit, ...(cursor === undefined ? { offset: (page - 1) * limit } : { after: cursor }) };
}

/** The cursor behind a full page, null behind the last one. */
export function cursorOf<K extends string>(rows: readonly Record<K, string>[], limit: number, key: K): string | null {
  return rows.length < limit ? null : rows.at(-1)![key];
}

export const ListMeta = z
  .object({
    total: z.number().int(),
    page: z.number().int(),
    limit: z.number().int(),
    pages: z.number().int(),
    filters_applied: z.record(z.string(), z.unknown()),
    cursor: z.string().nullable().optional(),
  })
  .openapi('ListMeta');
export type ListMeta = z.infer<typeof ListMeta>;

/** `meta` of a list (spec 4, "Bodies"). */
export function listMeta(
  total: number,
  page: { page: number; limit: number },
  filters: Record<string, unknown>,
  cursor?: string | null,
): ListMeta {
  const applied = Object.fromEntries(Object.entries(filters).filter(([, value]) => value !== undefined));
  return {
    total,
    page: page.page,
    limit: page.limit,
    pages: Math.ceil(total / page.limit),
    filters_applied: applied,
    ...(cursor === undefined ? {} : { cursor }),
  };
}

import { FrostbyteError } from '../../kernel/errors.ts';

/** The success envelope of spec 4. */
export function answer(
  data: unknown,
  init: { status?: number; meta?: unknown; headers?: Record<string, string> } = {},
): Response {
  const body = { success: true, data, ...(init.meta ? { meta: init.meta } : {}) };
  return Response.json(body, { status: init.status ?? 200, ...(init.headers ? { headers: init.headers } : {}) });
}

/** The value, or 404: what belongs to another tenant is not there (spec 4). */
export function found<T>(value: T | null, what: string): T {
  if (value !== null) return value;
  throw new FrostbyteError('RESOURCE_NOT_FOUND', `There is no such ${what}.`);
}

import type { Dependency } from '../../../api/plane/tables.ts';
import { FrostbyteError, isFrostbyteError } from '../../../kernel/errors.ts';

/** How long one of them may take to answer. Whoever asks for health waits for the slowest. */
const ANSWER_MS = 5000;

/** A server that tenants are kept on, as `/ready` calls it, and what shows that it answers. */
export interface SharedServer {
  name: string;
  check(): Promise<unknown>;
}

/**
 * Whether each answers control itself, all at once: also where no tenant's data plane runs that would find out. One that
 * says nothing at all is not waited for any longer. Never throws.
 */
export function serversHealth(servers: readonly SharedServer[], withinMs = ANSWER_MS): Promise<Dependency[]> {
  return Promise.all(
    servers.map(async ({ name, check }) => {
      try {
        await answered(check, withinMs);
        return { name: `servers.${name}`, ok: true, message: 'answers' };
      } catch (error) {
        const message = isFrostbyteError(error) ? error.message : 'does not answer';
        return { name: `servers.${name}`, ok: false, message };
      }
    }),
  );
}

async function answered(check: () => Promise<unknown>, withinMs: number): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const late = setTimeout(
    () => reject(new FrostbyteError('STORE_UNAVAILABLE', 'It gave no answer in time.')),
    withinMs,
  );
  try {
    await Promise.race([check(), promise]);
  } finally {
    clearTimeout(late);
  }
}

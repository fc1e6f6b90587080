import type { Context, MiddlewareHandler } from 'hono';
import { CHECKER, CLOSED_RETRY_SECONDS } from '../kernel/closed-door.ts';
import { FrostbyteError } from '../kernel/errors.ts';
import type { Caller } from '../kernel/identity.ts';

/** What tells about the API and nothing of what is kept: answered also while the door is closed. */
const TOLD = new Set(['/api/v1/openapi.json', '/api/v1/reference']);

/**
 * Sends away everybody but the checks of the installation while the door is closed, with `SERVICE_UNAVAILABLE` and when to come
 * again. Of a request nothing is read but whose it is; where control is not there to say so, it is nobody's that is let in.
 */
export function behindClosedDoor(
  isClosed: () => boolean,
  identify: (c: Context) => Promise<Pick<Caller, 'subject'>>,
): MiddlewareHandler {
  return async (c, next) => {
    if (!isClosed() || TOLD.has(c.req.path)) return next();
    const caller = await within(identify(c)).catch(() => null);
    if (caller?.subject !== CHECKER) throw closed();
    return next();
  };
}

/** Control may be ending just now, and answer never. */
const LONGEST_MS = 2000;

function within<T>(answer: Promise<T>): Promise<T | null> {
  const { promise: late, resolve } = Promise.withResolvers<null>();
  const timer = setTimeout(() => resolve(null), LONGEST_MS);
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}

function closed(): FrostbyteError {
  return new FrostbyteError(
    'SERVICE_UNAVAILABLE',
    `The appliance is changed over to another release. Nothing of this was taken; try again in ${CLOSED_RETRY_SECONDS} s.`,
    { retryAfter: CLOSED_RETRY_SECONDS },
  );
}

import type { Route } from '../api/routes.ts';
import type { BreakGlassStanding, ControlVerbs } from '../control/verbs.ts';
import { FrostbyteError } from '../kernel/errors.ts';
import type { Caller } from '../kernel/identity.ts';

/** The header by which a look opens break-glass itself. */
export const REASON_HEADER = 'x-break-glass-reason';

/** How long a download by break-glass goes on before the grant is looked at again, in milliseconds. */
const LOOK_EVERY_MS = 1000;

const REASON = /^[\p{L}\p{N}\p{P}\p{Zs}\p{S}]{1,500}$/u;

/** Whether this caller's call is a look at content that needs break-glass (spec 4, table of roles). */
export function needsBreakGlass(route: Route, caller: Caller): boolean {
  return route.breakGlass === true && caller.role === 'admin';
}

/**
 * The reason to open break-glass with for this look, or null where nothing is to be opened: it is not needed, or the
 * caller has a live grant. Throws `INSUFFICIENT_PERMISSIONS` with what to do, for a look without either.
 */
export async function reasonToOpen(
  control: Pick<ControlVerbs, 'breakGlassStanding'>,
  route: Route,
  caller: Caller,
  tenantId: string | undefined,
  header: string | undefined,
): Promise<string | null> {
  if (!needsBreakGlass(route, caller)) return null;
  const reason = asSent(header ?? '').trim();
  if (REASON.test(reason)) return reason;
  if (reason !== '') throw refusal('The reason in X-Break-Glass-Reason is one line of 1 to 500 characters.');
  const standing: BreakGlassStanding =
    tenantId === undefined
      ? { grant: null, ended_at: null }
      : await control.breakGlassStanding(tenantId, caller.subject);
  if (standing.grant !== null) return null;
  throw refusal(
    standing.ended_at === null
      ? 'An administrator reads a tenant’s content by break-glass only.'
      : `Your break-glass for this tenant ended at ${standing.ended_at}.`,
  );
}

/** A header as its sender wrote it: Node reads its bytes as Latin-1, and most clients send UTF-8. */
function asSent(header: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(header, 'latin1'));
  } catch {
    return header;
  }
}

/**
 * The answer to a look, which goes on while there is a live grant and no longer: when it was closed or is over, the
 * connection breaks instead of ending as if all had come. `now` counts milliseconds.
 */
export function whileOpen(
  control: Pick<ControlVerbs, 'breakGlassStanding'>,
  caller: Caller,
  tenantId: string,
  answer: Response,
  now: () => number = () => performance.now(),
): Response {
  if (answer.body === null) return answer;
  let looked = now();
  return new Response(ReadableStream.from(watched(answer.body)) as ReadableStream<Uint8Array>, answer);

  async function* watched(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of body) {
      if (now() - looked >= LOOK_EVERY_MS) {
        const { grant } = await control.breakGlassStanding(tenantId, caller.subject);
        if (grant === null) throw refusal('Your break-glass for this tenant ended while the answer was on its way.');
        looked = now();
      }
      yield chunk;
    }
  }
}

function refusal(what: string): FrostbyteError {
  return new FrostbyteError(
    'INSUFFICIENT_PERMISSIONS',
    `${what} Open it with a reason (frostbyte tenant break-glass open), or name the reason in X-Break-Glass-Reason. The tenant is told, and every look is in its audit log.`,
  );
}

import type { Context } from 'hono';

/** The peer's address, as the Node adapter binds it; `local` where there is no socket. */
export function sourceOf(c: Pick<Context, 'env'>): string {
  const incoming = (c.env as { incoming?: { socket?: { remoteAddress?: string } } } | undefined)?.incoming;
  return incoming?.socket?.remoteAddress ?? 'local';
}

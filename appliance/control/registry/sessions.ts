import type { Registry } from './open.ts';
import type { TokenRow } from './rows.ts';

/** A session with the token that it is. */
export interface SessionRow extends TokenRow {
  seen_at: number;
}

/** Writes down a session; its token's row is there. Inside `registry.write`. */
export function insertSession(registry: Registry, row: { session_sha256: string; jti: string; seen_at: number }): void {
  registry.run('INSERT INTO sessions (session_sha256, jti, seen_at) VALUES (:session_sha256, :jti, :seen_at)', {
    ...row,
  });
}

/** A session by its hash, whether or not it still counts. Two keyed reads. */
export function findSession(registry: Registry, sha256: string): SessionRow | undefined {
  return registry.get<SessionRow>(
    'SELECT t.*, s.seen_at FROM sessions s JOIN tokens t ON t.jti = s.jti WHERE s.session_sha256 = ?',
    [sha256],
  );
}

/** Notes that a session was used. Inside `registry.write`. */
export function touchSession(registry: Registry, jti: string, nowSeconds: number): void {
  registry.run('UPDATE sessions SET seen_at = ? WHERE jti = ? AND seen_at < ?', [nowSeconds, jti, nowSeconds]);
}

import type { Registry } from './open.ts';

/** One row of `one_time_codes`; times in seconds since the epoch, scopes separated by blanks. */
export interface OneTimeCodeRow {
  code_id: string;
  code_sha256: string;
  subject: string;
  role: string;
  scopes: string;
  tenant_id: string | null;
  ttl_seconds: number;
  expires_at: number;
}

/** Writes down a code that is given out. Inside `registry.write`. */
export function insertCode(registry: Registry, row: OneTimeCodeRow): void {
  registry.run(
    `INSERT INTO one_time_codes (code_id, code_sha256, subject, role, scopes, tenant_id, ttl_seconds, expires_at)
     VALUES (:code_id, :code_sha256, :subject, :role, :scopes, :tenant_id, :ttl_seconds, :expires_at)`,
    { ...row },
  );
}

/** A code that can still be exchanged, by its hash. */
export function openCode(registry: Registry, sha256: string, nowSeconds: number): OneTimeCodeRow | undefined {
  return registry.get<OneTimeCodeRow>(
    `SELECT code_id, code_sha256, subject, role, scopes, tenant_id, ttl_seconds, expires_at FROM one_time_codes
     WHERE code_sha256 = ? AND redeemed_at IS NULL AND expires_at > ?`,
    [sha256, nowSeconds],
  );
}

/** Marks a code as exchanged; false where it was already. Inside `registry.write`. */
export function spendCode(registry: Registry, codeId: string, at: string): boolean {
  return (
    registry.run('UPDATE one_time_codes SET redeemed_at = ? WHERE code_id = ? AND redeemed_at IS NULL', [
      at,
      codeId,
    ]) === 1
  );
}

/** Takes back the codes of a subject or a tenant that wait to be exchanged. Inside `registry.write`. */
export function withdrawCodes(registry: Registry, of: { subject?: string; tenant_id?: string }): void {
  for (const column of ['subject', 'tenant_id'] as const) {
    const value = of[column];
    if (value !== undefined)
      registry.run(`DELETE FROM one_time_codes WHERE ${column} = ? AND redeemed_at IS NULL`, [value]);
  }
}

/** Forgets codes that were over before `seconds`. */
export function forgetCodes(registry: Registry, seconds: number): void {
  registry.run('DELETE FROM one_time_codes WHERE expires_at < ?', [seconds]);
}

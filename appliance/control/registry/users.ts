import type { Role } from '../../kernel/identity.ts';
import type { Registry } from './open.ts';

/** One row of `users`. */
export interface UserRow {
  username: string;
  role: Role;
  tenant_id: string | null;
  /** Null: locked until a password is set. */
  password: string | null;
  created_at: string;
  changed_at: string;
}

/** Writes down a new user; false where there is one of that name. Inside `registry.write`. */
export function insertUser(registry: Registry, row: UserRow): boolean {
  return (
    registry.run(
      `INSERT INTO users (username, role, tenant_id, password, created_at, changed_at)
       VALUES (:username, :role, :tenant_id, :password, :created_at, :changed_at) ON CONFLICT DO NOTHING`,
      { ...row },
    ) === 1
  );
}

/** A user by name. */
export function findUser(registry: Registry, username: string): UserRow | undefined {
  return registry.get<UserRow>('SELECT * FROM users WHERE username = ?', [username]);
}

/** All users, by name. O(users). */
export function allUsers(registry: Registry): UserRow[] {
  return registry.all<UserRow>('SELECT * FROM users ORDER BY username');
}

/** Puts another password in place of the one before; false where there is no such user. Inside `registry.write`. */
export function replacePassword(registry: Registry, username: string, password: string, at: string): boolean {
  return (
    registry.run('UPDATE users SET password = ?, changed_at = ? WHERE username = ?', [password, at, username]) === 1
  );
}

/** Forgets a user; false where there is none. Inside `registry.write`. */
export function deleteUser(registry: Registry, username: string): boolean {
  return registry.run('DELETE FROM users WHERE username = ?', [username]) === 1;
}

/** Takes every password away: a restore does not know which were changed since. Inside `registry.write`. */
export function lockUsers(registry: Registry, at: string): void {
  registry.run('UPDATE users SET password = NULL, changed_at = ? WHERE password IS NOT NULL', [at]);
}

/** Forgets the users of a tenant that is no more. Inside `registry.write`. */
export function deleteUsersOf(registry: Registry, tenantId: string): void {
  registry.run('DELETE FROM users WHERE tenant_id = ?', [tenantId]);
}

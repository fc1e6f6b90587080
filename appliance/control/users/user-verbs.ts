import { z } from 'zod';
import { auditEntry } from '../../audit/entry.ts';
import type { EventName } from '../../audit/events.ts';
import { APPLIANCE_LOG } from '../../kernel/audit-event.ts';
import type { Clock } from '../../kernel/clock.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { ROLES, type Role } from '../../kernel/identity.ts';
import { TENANT_ID } from '../../kernel/ids.ts';
import { checked } from '../checked.ts';
import type { Registry } from '../registry/open.ts';
import { appendEntries } from '../registry/outbox.ts';
import { needTenant } from '../registry/tenants.ts';
import { allUsers, deleteUser, findUser, insertUser, replacePassword, type UserRow } from '../registry/users.ts';
import { SUBJECT } from '../tokens/claims.ts';
import { revokeTokens } from '../tokens/revoke.ts';
import { ROLE_RULES } from '../tokens/roles.ts';
import { checkPassword, hashPassword } from './password.ts';

/** Somebody who signs in at the user interface by name and password. */
export interface User {
  username: string;
  role: Role;
  tenant_id: string | null;
  /** Nothing opens it until a password is set. */
  locked: boolean;
  created_at: string;
  changed_at: string;
}

export interface NewUser {
  username: string;
  role: Role;
  /** Required for `tenant_user` and `tenant_admin`, refused for the others. */
  tenant_id?: string;
  password: string;
}

/** What whoever stands at the box does with users: not for the gateway. */
export interface UserVerbs {
  /** Throws `VALIDATION_ERROR`, `RESOURCE_NOT_FOUND` for a tenant that is not there. */
  addUser(user: NewUser, actor: string): Promise<User>;
  users(): Promise<User[]>;
  /** Another password; sessions that live end. Throws `VALIDATION_ERROR`, `RESOURCE_NOT_FOUND`. */
  setPassword(username: string, password: string, actor: string): Promise<User>;
  /** Forgets a user, and ends sessions, tokens and codes of that name. Throws `RESOURCE_NOT_FOUND`. */
  removeUser(username: string, actor: string): Promise<void>;
}

const Request = z
  .strictObject({
    username: z.string().regex(SUBJECT, 'must be letters, digits and . _ @ : + - only, at most 128'),
    role: z.enum(ROLES),
    tenant_id: z.string().regex(TENANT_ID).optional(),
    password: z.string(),
  })
  .superRefine(({ role, tenant_id }, context) => {
    const complain = (message: string) => context.addIssue({ code: 'custom', path: ['tenant_id'], message });
    if (ROLE_RULES[role].needsTenant && tenant_id === undefined) complain(`is required for ${role}`);
    if (!ROLE_RULES[role].needsTenant && tenant_id !== undefined) complain(`is refused for ${role}`);
  });

/** The verbs about users. `wake`: events wait to be relayed. */
export function userVerbs({ registry, clock }: { registry: Registry; clock: Clock }, wake: () => void): UserVerbs {
  const tell = (type: EventName, { username, role, tenant_id }: UserRow, actor: string) => {
    const log = tenant_id ?? APPLIANCE_LOG;
    const about = { tenant_id: log, actor, resource_type: tenant_id === null ? 'appliance' : 'tenant' } as const;
    appendEntries(registry, [
      auditEntry(clock, type, { ...about, resource_id: log, adds: { subject: username, role } }),
    ]);
    wake();
  };
  return {
    async addUser(user, actor) {
      const { password, ...asked } = checked(Request, user);
      checkPassword(password, asked.username);
      if (asked.tenant_id !== undefined) needTenant(registry, asked.tenant_id);
      const kept = await hashPassword(password);
      const at = clock.iso();
      const row: UserRow = {
        username: asked.username,
        role: asked.role,
        tenant_id: asked.tenant_id ?? null,
        password: kept,
        created_at: at,
        changed_at: at,
      };
      registry.write(() => {
        if (!insertUser(registry, row)) throw taken(row.username);
        tell('USER_ADDED', row, actor);
      });
      return userOf(row);
    },
    users: async () => allUsers(registry).map(userOf),
    async setPassword(username, password, actor) {
      const row = need(registry, username);
      checkPassword(password, username);
      const kept = await hashPassword(password);
      registry.write(() => {
        if (!replacePassword(registry, username, kept, clock.iso())) throw absent(username);
        tell('PASSWORD_SET', row, actor);
        revokeTokens(registry, clock, { subject: username }, 'a new password was set', actor);
      });
      return userOf(need(registry, username));
    },
    async removeUser(username, actor) {
      const row = need(registry, username);
      registry.write(() => {
        if (!deleteUser(registry, username)) throw absent(username);
        tell('USER_REMOVED', row, actor);
        revokeTokens(registry, clock, { subject: username }, 'the user was removed', actor);
      });
    },
  };
}

function need(registry: Registry, username: string): UserRow {
  const row = findUser(registry, username);
  if (row === undefined) throw absent(username);
  return row;
}

function userOf({ password, ...row }: UserRow): User {
  return { ...row, locked: password === null };
}

function absent(username: string): FrostbyteError {
  return new FrostbyteError('RESOURCE_NOT_FOUND', `There is no user ${username}. frostbyte user list names them.`);
}

function taken(username: string): FrostbyteError {
  return new FrostbyteError(
    'VALIDATION_ERROR',
    `There is a user ${username} already. Remove it first, or set another password with frostbyte user password.`,
    { details: [{ field: 'username', value: username, constraint: 'must be new' }] },
  );
}

import type { Command } from 'commander';
import type { Control } from '../../control/create-control.ts';
import type { User } from '../../control/users/user-verbs.ts';
import type { Role } from '../../kernel/identity.ts';
import { output } from '../context.ts';
import { table } from '../output.ts';
import { readPassphrase } from '../read-passphrase.ts';
import { configOf } from './box.ts';

/** `frostbyte user`: who signs in at the user interface by name and password. On the box itself. */
export function userCommands(program: Command): void {
  const user = program.command('user').description('People who sign in at the user interface by name and password');

  user
    .command('add <username>')
    .description('Add a user; the password is typed, or stands on standard input')
    .requiredOption('--role <role>', 'tenant_user, tenant_admin, admin or auditor')
    .option('--tenant <tenant_id>', 'for tenant_user and tenant_admin')
    .addHelpText('after', '\nExample:\n  frostbyte user add dana --role tenant_admin --tenant nordlaw')
    .action(async (username: string, { role, tenant }: { role: Role; tenant?: string }, command: Command) => {
      const password = await readPassphrase(`Password of ${username}`, { twice: true });
      const request = { username, role, password, ...(tenant ? { tenant_id: tenant } : {}) };
      const added = await onTheBox(command, (control) => control.addUser(request, 'operator'));
      output(command).answer(added, () => `${username} can sign in now`);
    });

  user
    .command('list')
    .description('Name the users, their roles, and whose password must be set')
    .addHelpText('after', '\nExample:\n  frostbyte user list')
    .action(async (_options: unknown, command: Command) => {
      const users = await onTheBox(command, (control) => control.users());
      output(command).answer(users, listed);
    });

  user
    .command('password <username>')
    .description('Set another password; the user’s sessions and tokens end')
    .addHelpText('after', '\nExample:\n  frostbyte user password dana')
    .action(async (username: string, _options: unknown, command: Command) => {
      const password = await readPassphrase(`New password of ${username}`, { twice: true });
      const changed = await onTheBox(command, (control) => control.setPassword(username, password, 'operator'));
      output(command).answer(changed, () => `the password of ${username} is set; their sessions and tokens have ended`);
    });

  user
    .command('remove <username>')
    .description('Remove a user; their sessions, tokens and one-time codes end at once')
    .addHelpText('after', '\nExample:\n  frostbyte user remove dana')
    .action(async (username: string, _options: unknown, command: Command) => {
      await onTheBox(command, (control) => control.removeUser(username, 'operator'));
      output(command).answer({ removed: username }, () => `${username} is removed`);
    });
}

async function onTheBox<T>(command: Command, use: (control: Control) => Promise<T>): Promise<T> {
  const { withControl } = await import('../../bin/wire/embedded.ts');
  return withControl(configOf(command), use);
}

function listed(users: User[]): string {
  if (users.length === 0) return 'There are no users. frostbyte user add makes one.';
  return table([
    ['user', 'role', 'tenant', 'password set at'],
    ...users.map(({ username, role, tenant_id, changed_at, locked }) => [
      username,
      role,
      tenant_id,
      locked ? 'locked: frostbyte user password sets one' : changed_at,
    ]),
  ]);
}

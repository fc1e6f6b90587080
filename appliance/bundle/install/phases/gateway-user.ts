import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FrostbyteError } from '../../../kernel/errors.ts';
import type { HostLayout } from '../../host-layout.ts';
import type { Phase } from '../../operation/phase.ts';
import { GATEWAY_USER } from '../units.ts';

interface Users {
  addUser(name: string): Promise<void>;
  /** One that is not there is no error. */
  removeUser(name: string): Promise<void>;
}

/** The user that the gateway runs as: it owns nothing, and control knows it by its number. */
export function addGatewayUser(layout: HostLayout, users: Users): Phase {
  const has = (file: 'passwd' | 'group') => found(layout, file, GATEWAY_USER) !== null;
  return {
    name: 'gateway-user',
    title: 'Make the user of the gateway',
    seconds: 0.5,
    check: async () => has('passwd') && has('group'),
    async do() {
      // One of the two alone is what a kill left.
      if (has('passwd') || has('group')) await users.removeUser(GATEWAY_USER);
      await users.addUser(GATEWAY_USER);
    },
    undo: () => users.removeUser(GATEWAY_USER),
  };
}

/** Whether anything of the gateway’s user is there: itself, or its group alone. */
export function isUserThere(layout: HostLayout): boolean {
  return (['passwd', 'group'] as const).some((file) => found(layout, file, GATEWAY_USER) !== null);
}

/** The number of a user. Throws `OPERATION_FAILED` where there is none of this name. */
export function uidOf(layout: HostLayout, name: string): number {
  const uid = found(layout, 'passwd', name);
  if (uid !== null) return uid;
  throw new FrostbyteError('OPERATION_FAILED', `There is no user ${name} on this host.`);
}

/** The number of a user, or null where the host has none of this name. */
export const uidIfThere = (layout: HostLayout, name: string): number | null => found(layout, 'passwd', name);

/** passwd(5), group(5): name, password, number, … */
function found({ root }: HostLayout, of: 'passwd' | 'group', name: string): number | null {
  const file = join(root, 'etc', of);
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
  const fields = lines.map((line) => line.split(':')).find(([its]) => its === name);
  return fields?.[2] === undefined ? null : Number(fields[2]);
}

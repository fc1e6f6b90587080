import type { Command } from 'commander';
import type { KeyRotation, OutsideCopy, Reencryption, TenantKeyReport } from '../../control/verbs.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import type { Client } from '../client.ts';
import { client, globals, output } from '../context.ts';
import { CheckFailed } from '../exit.ts';
import { table } from '../output.ts';
import { askUntil } from '../waiting.ts';

/** `frostbyte tenant rotate-keys|keys|reencrypt|purge-key`. */
export function tenantKeyCommands(tenant: Command): void {
  because(tenant.command('rotate-keys <tenant_id>'))
    .description('Rotate a tenant’s key (done by itself every 90 days); documents stay readable')
    .option('--emergency', 'the key may be known to others: also a new storage key and new store credentials', false)
    .addHelpText(
      'after',
      '\nExample:\n  frostbyte tenant rotate-keys nordlaw --emergency --because "a laptop was lost"\n  frostbyte tenant reencrypt nordlaw --because "a laptop was lost"',
    )
    .action(async (id: string, options: { emergency: boolean; because?: string }, command: Command) => {
      const body = { reason: reasonOf(command, options), emergency: options.emergency };
      const { data } = await client(command).send<KeyRotation>('POST', `/admin/tenants/${id}/rotate-keys`, body);
      output(command).answer(data, describeRotation);
    });

  tenant
    .command('keys <tenant_id>')
    .description('A tenant’s keys: history, what is being done, copies outside the box')
    .addHelpText('after', '\nExample:\n  frostbyte tenant keys nordlaw')
    .action(async (id: string, _options: unknown, command: Command) => {
      output(command).answer(await keysOf(client(command), id), describeKeys);
    });

  because(tenant.command('reencrypt <tenant_id>'))
    .description('Move a tenant’s objects to its newest storage key and wait until they are; may be interrupted')
    .option('--no-wait', 'begin, and leave it to the appliance')
    .addHelpText('after', '\nExample:\n  frostbyte tenant reencrypt nordlaw --because "after the emergency rotation"')
    .action(async (id: string, options: { wait: boolean; because?: string }, command: Command) => {
      const api = client(command);
      const body = { reason: reasonOf(command, options) };
      const { data: from } = await api.send<Reencryption>('POST', `/admin/tenants/${id}/reencrypt`, body);
      const speak = output(command);
      const seen = ({ status, examined, moved }: Reencryption) => {
        if (options.wait && status === 'running') speak.warn(`${examined} objects looked at, ${moved} moved`);
      };
      const ask = async () => (await keysOf(api, id)).reencryption ?? from;
      const walk = await askUntil(ask, ({ status }) => !options.wait || status !== 'running', { from, seen });
      speak.answer(walk, describeWalk);
      if (walk.failed > 0) throw new CheckFailed(`${walk.failed} objects cannot be opened by any key; they were left.`);
    });

  because(tenant.command('purge-key <tenant_id>'))
    .description('Destroy an archived key; refused while an object or a kept backup needs it')
    .option('--identity <version>', 'an identity that opened the tenant’s secrets')
    .option('--storage <version>', 'a storage key that objects were written for')
    .addHelpText('after', '\nExample:\n  frostbyte tenant purge-key nordlaw --storage 1 --because "incident 4711"')
    .action(
      async (id: string, options: { identity?: string; storage?: string; because?: string }, command: Command) => {
        const body = { ...keyOf(options), reason: reasonOf(command, options) };
        const { data } = await client(command).send<TenantKeyReport>('POST', `/admin/tenants/${id}/keys/purge`, body);
        output(command).answer(data, describeKeys);
      },
    );
}

/** What the site must destroy, as a person reads it; empty where nothing is known to lie outside. */
export function describeCopies(copies: readonly OutsideCopy[]): string {
  if (copies.length === 0) return '';
  return [
    'Outside this box, to be destroyed by the site; until then they can be read:',
    table([
      ['KIND', 'WHERE', 'SINCE', 'COPY'],
      ...copies.map(({ kind, label, made_at, copy_id }) => [kind, label, made_at, copy_id]),
    ]),
  ].join('\n');
}

/** The report about a tenant's keys. */
export async function keysOf(api: Client, id: string): Promise<TenantKeyReport> {
  return (await api.get<TenantKeyReport>(`/admin/tenants/${id}/keys`)).data;
}

/** A reason under either name: `--because` as everywhere, `--reason` as in the program's own option. */
function because(command: Command): Command {
  return command.option('--because <reason>', 'why; goes into the audit log (or --reason)');
}

function reasonOf(command: Command, { because: given }: { because?: string }): string {
  const reason = given ?? globals(command).reason;
  if (reason !== undefined) return reason;
  throw new FrostbyteError('VALIDATION_ERROR', 'A reason is required.', {
    details: [{ field: '--because', constraint: 'required; goes into the audit log' }],
  });
}

function keyOf({ identity, storage }: { identity?: string; storage?: string }) {
  if ((identity === undefined) === (storage === undefined)) {
    throw new FrostbyteError('VALIDATION_ERROR', 'Name one key: --identity VERSION or --storage VERSION.', {
      details: [{ field: '--identity', constraint: 'exactly one of --identity and --storage' }],
    });
  }
  return identity === undefined
    ? { kind: 'storage', version: Number(storage) }
    : { kind: 'identity', version: Number(identity) };
}

function describeRotation(rotated: KeyRotation): string {
  return [
    `${rotated.tenant_id}: key ${rotated.previous_key_version} → ${rotated.key_version}, next due ${rotated.key_rotation_due_at}`,
    ...(rotated.emergency
      ? [
          `  objects are written for storage key ${rotated.storage_version} now; older ones are moved by frostbyte tenant reencrypt ${rotated.tenant_id}`,
          '  store credentials are new, the old ones are dead',
        ]
      : []),
  ].join('\n');
}

function describeWalk({
  tenant_id,
  examined,
  moved,
  moved_bytes,
  failed,
  status,
  storage_version,
}: Reencryption): string {
  const state = status === 'running' ? 'are being moved' : 'are';
  return `${tenant_id}: objects ${state} under storage key ${storage_version}; ${examined} looked at, ${moved} moved (${moved_bytes} bytes), ${failed} not opened`;
}

function describeKeys(report: TenantKeyReport): string {
  const { identities, storage, rotation, reencryption, escrow } = report;
  return [
    table([
      ['KEY', 'STATUS', 'SINCE', 'ARCHIVED', 'PURGE DUE', 'PURGED', 'PUBLIC KEY HASH', 'REASON'],
      ...identities.map((key) => [...row('identity', key.key_version, key), key.rotation_reason]),
      ...storage.map((key) => [...row('storage', key.storage_version, key), null]),
    ]),
    ...(report.key_rotation_due_at === null ? [] : [`next rotation due ${report.key_rotation_due_at}`]),
    ...(rotation === null ? [] : [`rotation to key ${rotation.key_version} under way ${rotation.error_code ?? ''}`]),
    ...(reencryption === null ? [] : [describeWalk(reencryption)]),
    escrow === null ? 'no escrow file' : `escrow file for ${escrow.recipient}, ${escrow.written_at}`,
    describeCopies(report.outside_copies),
  ]
    .filter((line) => line !== '')
    .join('\n');
}

function row(
  kind: string,
  version: number,
  key: TenantKeyReport['storage'][number] | TenantKeyReport['identities'][number],
) {
  return [
    `${kind} ${version}`,
    key.status,
    key.created_at,
    key.archived_at,
    key.purge_due_at,
    key.purged_at,
    key.public_key_hash,
  ];
}

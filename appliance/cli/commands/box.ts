import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Command, Option } from 'commander';
import { stringify } from 'yaml';
import { modelsHere, ownBundle, PARSER_SOCKET } from '../../bin/where.ts';
import { hostLayout } from '../../bundle/host-layout.ts';
import { frostbyteVariables } from '../../config/environment.ts';
import { loadConfig } from '../../config/load.ts';
import { masked } from '../../config/masked.ts';
import type { Config } from '../../config/schema.ts';
import { CHECKER } from '../../kernel/closed-door.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import type { Role, Scope } from '../../kernel/identity.ts';
import { globals, output } from '../context.ts';
import { codeCommands } from './token-codes.ts';

/** Commands that work on the box itself: the daemon, workers, configuration, tokens. */
export function boxCommands(program: Command): void {
  program
    .command('serve')
    .description('Run the appliance: all roles in one process, each in one of its own, or one role alone')
    .addOption(
      new Option('--arrangement <arrangement>', 'one process, or gateway, control and data planes as processes')
        .choices(['single', 'split'])
        .default('single'),
    )
    .addOption(new Option('--role <role>', 'this role alone').choices([...ROLES]))
    .option('--tenant <tenant_id>', 'for the roles data-plane and worker: whose')
    .option(
      '--handover <file>',
      'for the roles data-plane and worker: the file (on tmpfs) with what it gets to know, or fd:3',
    )
    .option('--socket <path>', 'for the role parser: where it listens', PARSER_SOCKET)
    .option('--listen <host:port>', 'for the role scanner: where it listens')
    .option('--clamd <address>', 'for the role scanner: where clamd listens, or the path of its socket')
    .option('--order <file>', 'for the roles isolation and embedder: the file (on tmpfs) with what it is told')
    .option('--answer <file>', 'for the role isolation: where it writes what it found')
    .option('--stream-max-mb <number>', 'for the role scanner: what is larger is not scanned', '4000')
    .addHelpText('after', '\nExample:\n  frostbyte serve --data /var/lib/frostbyte')
    .action(async (options: ServeOptions, command: Command) => {
      await serveAs(options, command);
    });

  program
    .command('worker')
    .description('Run one more worker on the same data folder')
    .addHelpText('after', '\nExample:\n  frostbyte worker --data /var/lib/frostbyte')
    .action(async (_options: unknown, command: Command) => {
      const { work } = await import('../../bin/run-worker.ts');
      await work(configOf(command));
    });

  const config = program.command('config').description('The configuration: check it, print it');
  config
    .command('check')
    .description('Name every mistake in file and environment at once')
    .addHelpText('after', '\nExample:\n  frostbyte config check --config frostbyte.yaml')
    .action((_options: unknown, command: Command) => {
      configOf(command);
      output(command).answer({ ok: true }, () => 'the configuration is in order');
    });
  config
    .command('print')
    .description('Print what is in force, secrets masked')
    .addHelpText('after', '\nExample:\n  frostbyte config print > frostbyte.yaml')
    .action((_options: unknown, command: Command) => {
      output(command).answer(masked(configOf(command)), (value) => stringify(value).trimEnd());
    });

  const token = program.command('token').description('Tokens, issued and revoked on the box itself');
  token
    .command('issue')
    .description('Issue a token; it is printed once')
    .requiredOption('--role <role>', 'tenant_user, tenant_admin, admin or auditor')
    .option('--tenant <tenant_id>', 'for tenant_user and tenant_admin')
    .option('--subject <name>', 'whose it is', 'operator')
    .option('--scopes <list>', 'ingest,query,admin,audit; all of the role unless given')
    .option('--ttl <seconds>', 'seconds to live', '43200')
    .addHelpText('after', '\nExample:\n  export FROSTBYTE_TOKEN=$(frostbyte token issue --role admin --subject frode)')
    .action(
      async (
        options: { role: Role; tenant?: string; subject: string; scopes?: string; ttl: string },
        command: Command,
      ) => {
        const { withControl } = await import('../../bin/wire/embedded.ts');
        const issued = await withControl(
          configOf(command),
          (control) =>
            control.issueToken(
              {
                subject: options.subject,
                role: options.role,
                ttl_seconds: Number(options.ttl),
                ...(options.tenant ? { tenant_id: options.tenant } : {}),
                ...(options.scopes ? { scopes: options.scopes.split(',') as Scope[] } : {}),
              },
              'operator',
            ),
          { whileClosed: options.subject === CHECKER },
        );
        output(command).answer(issued, ({ token: text }) => text);
      },
    );
  token
    .command('revoke')
    .description('Revoke tokens by id, subject or tenant; they die at once')
    .option('--jti <id>', 'one token')
    .option('--subject <name>', 'all of a subject')
    .option('--tenant <tenant_id>', 'all of a tenant')
    .requiredOption('--because <reason>', 'why; goes into the audit log')
    .addHelpText('after', '\nExample:\n  frostbyte token revoke --subject dana --because "left the company"')
    .action(
      async (
        { because, tenant, ...which }: { jti?: string; subject?: string; tenant?: string; because: string },
        command: Command,
      ) => {
        const { withControl } = await import('../../bin/wire/embedded.ts');
        const revoked = await withControl(configOf(command), (control) =>
          control.revokeTokens({ ...which, ...(tenant ? { tenant_id: tenant } : {}) }, because, 'operator'),
        );
        output(command).answer({ revoked }, () => `${revoked} token(s) revoked`);
      },
    );
  codeCommands(token);
  rotateCommand(token);
}

const ROLES = ['control', 'gateway', 'data-plane', 'worker', 'parser', 'scanner', 'embedder', 'isolation'] as const;

interface ServeOptions {
  arrangement: 'single' | 'split';
  role?: (typeof ROLES)[number];
  tenant?: string;
  handover?: string;
  socket: string;
  listen?: string;
  clamd?: string;
  order?: string;
  answer?: string;
  streamMaxMb: string;
}

/**
 * Runs what was asked for. Roles of the host read their settings; a tenant's role has them from its handover, and parser,
 * scanner, embedder and isolation have none: files and environment are not read for them.
 */
async function serveAs(options: ServeOptions, command: Command): Promise<void> {
  const { arrangement, role } = options;
  if (role === 'data-plane' || role === 'worker') {
    const { tenant, handover } = options;
    if (tenant === undefined || handover === undefined) {
      throw new FrostbyteError('VALIDATION_ERROR', `The role ${role} needs --tenant and --handover.`);
    }
    if (role === 'worker') return (await import('../../bin/roles/worker.ts')).serveWorker(tenant, handover);
    return (await import('../../bin/roles/data-plane.ts')).serveDataPlane(tenant, handover);
  }
  if (role === 'parser') return (await import('../../bin/roles/parser.ts')).serveParser(options.socket);
  if (role === 'scanner') {
    const { listen, clamd } = options;
    if (listen === undefined || clamd === undefined) {
      throw new FrostbyteError('VALIDATION_ERROR', 'The role scanner needs --listen and --clamd.');
    }
    const streamMaxMb = Number(options.streamMaxMb);
    return (await import('../../bin/roles/scanner.ts')).serveScanner({ listen, clamd, streamMaxMb });
  }
  if (role === 'embedder') {
    const { order } = options;
    if (order === undefined) throw new FrostbyteError('VALIDATION_ERROR', 'The role embedder needs --order.');
    return (await import('../../bin/roles/embedder.ts')).serveEmbedders(order);
  }
  if (role === 'isolation') {
    const { order, answer } = options;
    if (order === undefined || answer === undefined) {
      throw new FrostbyteError('VALIDATION_ERROR', 'The role isolation needs --order and --answer.');
    }
    return (await import('../../bin/roles/isolation.ts')).runIsolation(order, answer);
  }
  const config = configOf(command);
  if (role === 'control') return (await import('../../bin/roles/control.ts')).serveControlRole(config);
  if (role === 'gateway') return (await import('../../bin/roles/gateway.ts')).serveGateway(config);
  if (arrangement === 'split') return (await import('../../bin/roles/split.ts')).serveSplit(config);
  await (await import('../../bin/daemon.ts')).serve(config);
}

/** `frostbyte token rotate-key`. */
function rotateCommand(token: Command): void {
  token
    .command('rotate-key')
    .description('Sign tokens with a new key from now on (done by itself every 90 days); tokens that live stay good')
    .requiredOption('--because <reason>', 'why; goes into the audit log')
    .addHelpText('after', '\nExample:\n  frostbyte token rotate-key --because "an administrator left"')
    .action(async ({ because }: { because: string }, command: Command) => {
      const { withControl } = await import('../../bin/wire/embedded.ts');
      const kid = await withControl(configOf(command), (control) => control.rotateSigningKey(because, 'operator'));
      output(command).answer({ kid }, () => `tokens are signed with ${kid} now`);
    });
}

/** The configuration as file, environment and `--data` make it. */
export function configOf(command: Command): Readonly<Config> {
  const loaded = settingsOf(command);
  if (loaded.embedder.models_folder !== null) return loaded;
  return { ...loaded, embedder: { ...loaded.embedder, models_folder: modelsHere(loaded.data_folder) } };
}

/** The settings of the appliance that this program was installed for, unless somebody names others. */
function installedSettings(): string | undefined {
  const { FROSTBYTE_CONFIG, FROSTBYTE_DATA } = frostbyteVariables();
  if (FROSTBYTE_CONFIG !== undefined || FROSTBYTE_DATA !== undefined) return undefined;
  const { releases, settings } = hostLayout();
  const file = join(settings, 'frostbyte.yaml');
  return dirname(ownBundle() ?? '') === releases && existsSync(file) ? file : undefined;
}

/** The configuration as people gave it: where no folder of models is named, none is looked for. */
export function settingsOf(command: Command): Readonly<Config> {
  const { config, data } = globals(command);
  // An option that was given empty is a mistake (a variable of a script that is not set), never the default.
  const file = config ?? (data === undefined ? installedSettings() : undefined);
  return loadConfig({
    ...(file === undefined ? {} : { file }),
    ...(data === undefined ? {} : { overrides: { data_folder: data } }),
  });
}

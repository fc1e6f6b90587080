import type { Command } from 'commander';
import { type HostLayout, hostLayout } from '../../bundle/host-layout.ts';
import { unfinishedOperation } from '../../bundle/operation/operations.ts';
import { gatherInstallation } from '../../bundle/preflight/gather/installation.ts';
import { thisHost } from '../../bundle/preflight/host-port.ts';
import { readAllowedSigners } from '../../bundle/sshsig/allowed-signers.ts';
import { fingerprint } from '../../bundle/sshsig/keys.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { createLogger } from '../../observability/logger.ts';
import { globals, output } from '../context.ts';
import { CheckFailed } from '../exit.ts';
import { stoppable } from '../stoppable.ts';
import { anchorOf, believed, identityOf, verifiedCopy } from './believed-copy.ts';
import { onHost, type RootFlag } from './host-flags.ts';
import { chosenOf, type HostFlags, hostOptions } from './preflight.ts';
import { refuseUnprivileged } from './verify.ts';

type InstallerFlags = RootFlag &
  HostFlags & { fingerprint?: string; allowOlder?: true; recoveryRecipient?: string; uiPort: string };

/** `frostbyte installer`: the web installer, from the verified copy of a bundle, in which this program lies. */
export function installerCommand(program: Command): void {
  hostOptions(onHost(program.command('installer')))
    .description('Serve the installer’s pages on loopback, from the verified copy; install.sh --ui starts it')
    .option('--ui-port <number>', 'port of the pages', '8090')
    .option('--fingerprint <SHA256:…>', 'of the root key, from paper, where this host has no list of signers yet')
    .option('--recovery-recipient <age1…>', 'who can open this box’s keys when it is lost; asked for by the pages else')
    .option('--allow-older', 'take a bundle that is older than the newest that was here; needs --reason')
    .addHelpText('after', '\nExample:\n  frostbyte installer --ui-port 8090')
    .action(async (flags: InstallerFlags, command: Command) => {
      refuseUnprivileged();
      const layout = hostLayout(flags.root);
      const copy = verifiedCopy(layout);
      const { bundle, ...trust } = believed(copy, flags, layout);
      const { version, arch, counter, manifest_sha256, signer } = identityOf({ bundle, ...trust });
      const [anchor] = readAllowedSigners(anchorOf(copy, layout));
      const kind = isOther(layout, version) ? 'upgrade' : 'install';
      const uiPort = Number(flags.uiPort);
      refuseUnusable({ ...flags, kind, uiPort });
      const { hostInstaller } = await import('../../bin/installer/host-installer.ts');
      const { commandLine } = await import('../../bin/host/command-line.ts');
      const { serveInstaller } = await import('../../bin/installer/serve.ts');
      const installer = hostInstaller({
        release: {
          ...{ version, arch, counter, manifest_sha256, signer, copy },
          kind,
          root: fingerprint(anchor!.key),
          bytes: bundle.files.reduce((sum, { size }) => sum + size, 0),
        },
        layout,
        command: commandLine([process.execPath, ...process.execArgv, process.argv[1]!]),
        belief: [
          ...(flags.fingerprint === undefined ? [] : [`--fingerprint=${flags.fingerprint}`]),
          ...(flags.allowOlder ? ['--allow-older'] : []),
        ],
      });
      const { reason = '' } = globals(command);
      const { allow, recoveryRecipient = '' } = flags;
      await stoppable((signal) =>
        serveInstaller({
          ...{ installer, signal, port: uiPort },
          choices: {
            ...chosenOf(flags, layout),
            ...{ allow: allow.join(','), reason, recovery_recipient: recoveryRecipient },
          },
          logger: createLogger({ level: 'warn' }),
          say: (line) => output(command).say(line),
        }),
      );
      const left = unfinishedOperation(layout.operations);
      if (left !== null)
        throw new CheckFailed(
          `OPERATION_UNFINISHED: ${left.plan.title} goes on where it was: frostbyte plan resume, or install.sh again.`,
        );
    });
}

/** Throws `VALIDATION_ERROR`. */
function refuseUnusable({ kind, allowOlder, uiPort }: { kind: string; allowOlder?: true; uiPort: number }): void {
  const details = [
    ...(Number.isInteger(uiPort) && uiPort > 0 && uiPort < 65_536
      ? []
      : [{ field: 'ui-port', constraint: 'a number up to 65535' }]),
    ...(kind === 'upgrade' && allowOlder
      ? [
          {
            field: 'allow-older',
            constraint: 'of an installation alone; frostbyte rollback goes back to the release before',
          },
        ]
      : []),
  ];
  if (details.length > 0)
    throw new FrostbyteError('VALIDATION_ERROR', 'So the installer cannot be served.', { details });
}

/** Another release is installed here: this one takes its place. */
function isOther(layout: HostLayout, version: string): boolean {
  const { version: here } = gatherInstallation(thisHost(), layout);
  return here !== null && here !== version;
}

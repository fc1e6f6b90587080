import type { Command } from 'commander';
import { type HostLayout, hostLayout } from '../../bundle/host-layout.ts';
import { gatherInstallation } from '../../bundle/preflight/gather/installation.ts';
import { thisHost } from '../../bundle/preflight/host-port.ts';
import { createLogger } from '../../observability/logger.ts';
import { globals, output } from '../context.ts';
import { stoppable } from '../stoppable.ts';
import { believed, identityOf, verifiedCopy } from './believed-copy.ts';
import { onHost, type RootFlag } from './host-flags.ts';
import { type HostFlags, hostOptions } from './preflight.ts';
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
      const { hostInstaller } = await import('../../bin/installer/host-installer.ts');
      const { commandLine } = await import('../../bin/host/command-line.ts');
      const { serveInstaller } = await import('../../bin/installer/serve.ts');
      const installer = hostInstaller({
        release: {
          ...{ version, arch, counter, manifest_sha256, signer, copy },
          kind: isOther(layout, version) ? 'upgrade' : 'install',
          bytes: bundle.files.reduce((sum, { size }) => sum + size, 0),
        },
        layout,
        command: commandLine([process.execPath, ...process.execArgv, process.argv[1]!]),
        belief: [
          ...(flags.fingerprint === undefined ? [] : ['--fingerprint', flags.fingerprint]),
          ...(flags.allowOlder ? ['--allow-older'] : []),
        ],
      });
      const { reason = '' } = globals(command);
      const { subnet, port, allow, recoveryRecipient = '' } = flags;
      await stoppable((signal) =>
        serveInstaller({
          ...{ installer, signal, port: Number(flags.uiPort) },
          choices: { subnet, port, allow: allow.join(','), reason, recovery_recipient: recoveryRecipient },
          logger: createLogger({ level: 'warn' }),
          say: (line) => output(command).say(line),
        }),
      );
    });
}

/** Another release is installed here: this one takes its place. */
function isOther(layout: HostLayout, version: string): boolean {
  const { version: here } = gatherInstallation(thisHost(), layout);
  return here !== null && here !== version;
}

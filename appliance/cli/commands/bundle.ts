import { resolve } from 'node:path';
import type { Command } from 'commander';
import { hashThreads } from '../../bin/wire/hash-threads.ts';
import { signBundle } from '../../bundle/build/sign-bundle.ts';
import { verifyDelta } from '../../bundle/delta/verify-delta.ts';
import type { BundleManifest } from '../../bundle/format/manifest.ts';
import { mountedMedium } from '../../bundle/medium/mounts.ts';
import { writeMedium } from '../../bundle/medium/write-medium.ts';
import { fingerprint } from '../../bundle/sshsig/keys.ts';
import { standardInput } from '../../bundle/verify/standard-input.ts';
import { noneBefore } from '../../bundle/verify/trust.ts';
import { type Verified, type VerifyOptions, verifyBundle } from '../../bundle/verify/verify-bundle.ts';
import { verifyStream } from '../../bundle/verify/verify-stream.ts';
import { output } from '../context.ts';
import { type Output, table } from '../output.ts';
import { bundleBuild } from './bundle-build.ts';
import { bundleDelta } from './bundle-delta.ts';
import { percent, trusting, trustOf, type VerifyFlags } from './bundle-flags.ts';
import { bundleSigners } from './bundle-signers.ts';

/** `frostbyte bundle …`: the signed package, on a build host and on the box. */
export function bundleCommands(program: Command): void {
  const bundle = program.command('bundle').description('The signed offline package: verify it, look into it, sign it');

  for (const [name, description] of [
    [
      'verify',
      'Verify a bundle: who signed it, that nothing is missing or added, every byte; with --to copy what was verified',
    ],
    ['inspect', 'Verify a bundle and tell what is in it'],
  ] as const) {
    trusting(bundle.command(`${name} <bundle>`))
      .description(`${description} (a folder, a tar, a device, or - for standard input)`)
      .option('--to <folder>', 'where what was verified goes; it must not exist yet')
      .addHelpText('after', `\nExample:\n  frostbyte bundle ${name} /media/stick/frostbyte-1.2.3-linux-amd64`)
      .action(async (at: string, flags: VerifyFlags, command: Command) => {
        const said = output(command);
        const verified = await verify(at, flags, said);
        said.answer(answerOf(verified), () => (name === 'verify' ? summary(verified) : contents(verified.bundle)));
      });
  }

  trusting(bundle.command('write <bundle> <medium>'))
    .description(
      'Write a bundle to a mounted medium (by its device or its folder), read it back from there and verify it',
    )
    .option('--replace', 'take the place of a bundle of this name that is there')
    .option('--delta', 'it is a delta (bundle diff): what is there is verified, the rest is on the box')
    .addHelpText('after', '\nExample:\n  frostbyte bundle write frostbyte-1.2.3-linux-amd64 /dev/sdb1')
    .action(
      async (
        at: string,
        named: string,
        flags: VerifyFlags & { replace?: boolean; delta?: boolean },
        command: Command,
      ) => {
        const said = output(command);
        const { at: medium, type } = mountedMedium(named);
        const bars = { writing: said.progress('writing', 100), 'reading back': said.progress('reading back', 100) };
        const hashers = hashThreads();
        try {
          const {
            at: place,
            fromMedium,
            ...verified
          } = await writeMedium(resolve(at), {
            ...trustOf(flags),
            medium,
            replace: flags.replace ?? false,
            ...(flags.delta ? { verify: verifyDelta } : {}),
            hashers,
            progress: (phase, done, total) => bars[phase].update(percent(done, total)),
          });
          said.answer({ ...answerOf(verified), at: place, file_system: type, read_from_medium: fromMedium }, () =>
            [
              `${flags.delta ? deltaSummary(verified) : summary(verified)}\nIt lies at ${place} (${type}).`,
              ...(fromMedium
                ? []
                : ['This host remembers what it wrote: pull the medium out, put it in again and verify.']),
            ].join('\n'),
          );
        } finally {
          for (const bar of Object.values(bars)) bar.end();
          await hashers.end();
        }
      },
    );

  bundleBuild(bundle);
  bundleDelta(bundle);
  bundleSigners(bundle);

  bundle
    .command('sign <folder>')
    .description('Sign a bundle that was built without a key: its two lists, with a release key')
    .requiredOption(
      '--key <file>',
      'the release key: OpenSSH or PKCS #8; a locked one, or one an agent holds, signs by ssh-keygen',
    )
    .addHelpText('after', '\nExample:\n  frostbyte bundle sign frostbyte-1.2.3-linux-amd64 --key release.key')
    .action(async (folder: string, { key }: { key: string }, command: Command) => {
      const signed = await signBundle(resolve(folder), key);
      output(command).answer({ signed }, () => signed.map((file) => `signed ${file}`).join('\n'));
    });
}

async function verify(at: string, flags: VerifyFlags, said: Output): Promise<Verified> {
  const bar = said.progress('verifying', 100);
  const options: Omit<VerifyOptions, 'hashers'> = {
    ...trustOf(flags),
    target: flags.to === undefined ? null : resolve(flags.to),
    progress: (done, total) => bar.update(percent(done, total)),
  };
  try {
    if (at === '-') return await verifyStream(standardInput(), options);
    const hashers = hashThreads();
    return await verifyBundle(resolve(at), { ...options, hashers }).finally(() => hashers.end());
  } finally {
    bar.end();
  }
}

function answerOf({ bundle, signer, bytes, lists }: Verified): Record<string, unknown> {
  const { files, joined, ...about } = bundle;
  const none_before = noneBefore(lists.allowed_signers);
  return { ...about, none_before, signer: fingerprint(signer), files: files.length, joined: joined.length, bytes };
}

function summary({ bundle, signer, bytes, lists }: Verified): string {
  const size = `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  // A host that knows of no bundle yet takes an old one too: whoever brings it sees how old.
  const dayOf = (seconds: number) => new Date(seconds * 1000).toISOString().slice(0, 10);
  const day = dayOf(bundle.built_at);
  const none = noneBefore(lists.allowed_signers);
  const withdrawn = none === 0 ? 'its maker has withdrawn none' : `none is taken from before ${dayOf(none)}`;
  return `The bundle is as it was signed: version ${bundle.version}, counter ${bundle.counter}, ${bundle.files.length} files, ${size}, built ${day}, by ${fingerprint(signer)}; ${withdrawn}.`;
}

function deltaSummary({ bundle, signer, bytes }: Verified): string {
  return `The delta is as it was signed: to version ${bundle.version}, counter ${bundle.counter}, ${(bytes / 2 ** 20).toFixed(1)} MiB, by ${fingerprint(signer)}.`;
}

function contents(bundle: BundleManifest): string {
  const megabytes = (size: number) => `${(size / 2 ** 20).toFixed(1)} MiB`;
  const folders = new Map<string, { files: number; size: number }>();
  for (const { path, size } of bundle.files) {
    const folder = path.includes('/') ? `${path.split('/')[0]}/` : '(top)';
    const sum = folders.get(folder) ?? { files: 0, size: 0 };
    folders.set(folder, { files: sum.files + 1, size: sum.size + size });
  }
  return [
    table([
      ['version', bundle.version],
      ['architecture', bundle.arch],
      ['counter', bundle.counter],
      ['built', new Date(bundle.built_at * 1000).toISOString()],
      [
        'upgrades from',
        bundle.upgrade_from ? `${bundle.upgrade_from.at_least} up to ${bundle.upgrade_from.below}` : 'any',
      ],
      ...Object.entries(bundle.data_formats).map(([name, format]): [string, string] => [`${name} data`, format]),
      ...bundle.components.map(({ name, present, version, remark }): [string, string] => [
        name,
        present ? (version ?? 'there') : `absent: ${remark ?? 'left out'}`,
      ]),
    ]),
    '',
    table([
      ['FOLDER', 'FILES', 'SIZE'],
      ...[...folders].map(([folder, { files, size }]) => [folder, files, megabytes(size)]),
    ]),
    ...(bundle.images.length === 0
      ? []
      : [
          '',
          table([
            ['IMAGE', 'SIZE', 'IMAGE ID'],
            ...bundle.images.map(({ reference, size, config_digest }) => [reference, megabytes(size), config_digest]),
          ]),
        ]),
  ].join('\n');
}

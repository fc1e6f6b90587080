import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { changeSigners, createSigners, readSigners, type SignersFolder } from '../../bundle/signers/folder.ts';
import { withEnd, withNoneBefore, withRevocation, withSigner } from '../../bundle/signers/lists.ts';
import { fingerprint, type PublicKey, readPublicLine } from '../../bundle/sshsig/keys.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { output } from '../context.ts';
import { type Output, table } from '../output.ts';
import { dayAfter, dayBefore, listDay, shownDay, today } from './bundle-days.ts';

interface KeyFlags {
  key: string;
  record?: string;
}

/** `frostbyte bundle signers …`: who may sign releases, as the root key says it. For whoever holds that, offline. */
export function bundleSigners(bundle: Command): void {
  const signers = bundle
    .command('signers')
    .description('Who may sign releases: the lists that the root key signs, and that go into every bundle');

  signing(signers.command('create <folder>'))
    .description('Begin lists: nobody signs yet, nothing is revoked')
    .addHelpText('after', '\nExample:\n  frostbyte bundle signers create signers --key root.key')
    .action(async (folder: string, flags: KeyFlags, command: Command) => {
      tell(output(command), await createSigners(resolve(folder), flags));
    });

  signing(signers.command('add <folder> <public-key>'))
    .description('Let a release key sign, from one day to another')
    .requiredOption('--until <date>', 'the last day on which it signs')
    .option('--from <date>', 'the first day (default: today)')
    .option('--comment <text>', 'whose it is; it stands in the list', '')
    .addHelpText(
      'after',
      '\nExample:\n  frostbyte bundle signers add signers release.key.pub --until 2027-12-31 --key root.key',
    )
    .action(
      async (
        folder: string,
        file: string,
        flags: KeyFlags & { until: string; from?: string; comment: string },
        command: Command,
      ) => {
        const signer = {
          key: publicKeyIn(file),
          comment: flags.comment,
          valid_after: listDay('from', flags.from ?? today()),
          valid_before: dayAfter(listDay('until', flags.until)),
        };
        tell(output(command), await changeSigners(resolve(folder), flags, (lists) => withSigner(lists, signer)));
      },
    );

  signing(signers.command('end <folder> <key>'))
    .description('Let a signer end on an earlier day (<key>: its .pub file, or its fingerprint)')
    .requiredOption('--until <date>', 'the last day on which it signs')
    .addHelpText(
      'after',
      '\nExample:\n  frostbyte bundle signers end signers release.key.pub --until 2027-03-31 --key root.key',
    )
    .action(async (folder: string, who: string, flags: KeyFlags & { until: string }, command: Command) => {
      const until = dayAfter(listDay('until', flags.until));
      const made = await changeSigners(resolve(folder), flags, (lists) =>
        withEnd(lists, keyNamed(who, lists.signers), until),
      );
      tell(output(command), made);
    });

  signing(signers.command('revoke <folder> <key>'))
    .description('Believe nothing of a key any more, whenever it signed (<key>: its .pub file, or its fingerprint)')
    .requiredOption('--because <reason>', 'why; it stands in the list')
    .option('--since <date>', 'since when it is not to be believed, for people (default: today)')
    .addHelpText(
      'after',
      '\nExample:\n  frostbyte bundle signers revoke signers release.key.pub --because "laptop stolen" --key root.key',
    )
    .action(
      async (
        folder: string,
        who: string,
        { because: reason, since, ...flags }: KeyFlags & { because: string; since?: string },
        command: Command,
      ) => {
        const day = listDay('since', since ?? today());
        const made = await changeSigners(resolve(folder), flags, (lists) =>
          withRevocation(lists, { key: keyNamed(who, lists.signers), since: day, reason }),
        );
        tell(output(command), made);
      },
    );

  signing(signers.command('withdraw <folder>'))
    .description('Take no bundle any more that was built before a day, whoever signed it: on a fresh host neither')
    .requiredOption('--before <date>', 'the first day whose bundles are still taken')
    .addHelpText('after', '\nExample:\n  frostbyte bundle signers withdraw signers --before 2026-11-01 --key root.key')
    .action(async (folder: string, flags: KeyFlags & { before: string }, command: Command) => {
      const day = listDay('before', flags.before);
      tell(output(command), await changeSigners(resolve(folder), flags, (lists) => withNoneBefore(lists, day)));
    });

  signers
    .command('show <folder>')
    .description('Check the root key’s signatures, and tell who signs and who is revoked')
    .addHelpText('after', '\nExample:\n  frostbyte bundle signers show signers')
    .action((folder: string, _flags: object, command: Command) => {
      tell(output(command), readSigners(resolve(folder)));
    });
}

function signing(command: Command): Command {
  return command
    .requiredOption(
      '--key <file>',
      'the root key: OpenSSH or PKCS #8; a locked one, or one an agent holds (its .pub file), signs by ssh-keygen',
    )
    .option('--record <file>', 'where the number of the newest edition is kept (default: beside the key)');
}

function tell(said: Output, { root, lists }: SignersFolder): void {
  const answer = {
    root: fingerprint(root),
    serial: lists.serial,
    none_before: shownDay(lists.none_before),
    signers: lists.signers.map(({ key, comment, valid_after, valid_before }) => ({
      key: fingerprint(key),
      comment,
      from: shownDay(valid_after),
      until: shownDay(valid_before === null ? null : dayBefore(valid_before)),
      revoked: lists.revocations.some((one) => one.key.bytes.equals(key.bytes)),
    })),
    revocations: lists.revocations.map(({ key, since, reason }) => ({
      key: fingerprint(key),
      since: shownDay(since),
      reason,
    })),
  };
  said.answer(answer, ({ serial, none_before, signers, revocations }) =>
    [
      `Edition ${serial}, signed by the root key ${answer.root}.`,
      ...(none_before === null ? [] : [`Bundles from before ${none_before} are withdrawn: no host takes them.`]),
      table([
        ['SIGNER', 'FROM', 'UNTIL', 'REVOKED', 'COMMENT'],
        ...signers.map(({ key, from, until, revoked, comment }) => [key, from, until, revoked ? 'yes' : 'no', comment]),
      ]),
      ...(revocations.length === 0
        ? []
        : [
            '',
            table([
              ['REVOKED', 'SINCE', 'REASON'],
              ...revocations.map(({ key, since, reason }) => [key, since, reason]),
            ]),
          ]),
    ].join('\n'),
  );
}

/** One of the list by its fingerprint, or any by its file. */
function keyNamed(who: string, signers: readonly { key: PublicKey }[]): PublicKey {
  if (!who.startsWith('SHA256:')) return publicKeyIn(who);
  const found = signers.find(({ key }) => fingerprint(key) === who);
  if (found !== undefined) return found.key;
  throw new FrostbyteError('VALIDATION_ERROR', `No signer has the fingerprint ${who}. Name the key’s .pub file.`, {
    details: [{ field: 'key', value: who, constraint: 'a signer of the list' }],
  });
}

function publicKeyIn(file: string): PublicKey {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new FrostbyteError('VALIDATION_ERROR', `The public key ${file} cannot be read.`, {
      cause,
      details: [{ field: 'key', value: file, constraint: 'a .pub file' }],
    });
  }
  return readPublicLine(text);
}

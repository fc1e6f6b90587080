import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { armor, Decrypter } from 'age-encryption';
import type { Box, Started } from '../../../scripts/box/box.ts';
import { fingerprintOf } from '../../../scripts/box/stick.ts';
import { SBIN_PATH } from '../../../scripts/stack/engine.ts';

/** Where a stick is in a box. */
const STICK = '/media/stick';
const RECOVERY = 'var/lib/frostbyte/recovery';

/** How install.sh is typed in a box: what stands behind it goes to `frostbyte install`. */
export function installWords(stick: string, recipient: string, ...more: string[]): string[] {
  const given = ['--recovery-recipient', recipient, '--progress', 'lines', ...more];
  return ['sh', `${STICK}/install.sh`, '--fingerprint', fingerprintOf(stick), '--', ...given];
}

/** The same at a terminal, which is what its last words are for. */
export function atTerminal(words: readonly string[]): string[] {
  return ['script', '--quiet', '--return', '--command', words.join(' '), '/dev/null'];
}

/** What `age -d` says of an armoured file. */
export async function decrypted(file: string, identity: string): Promise<string> {
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity);
  return decrypter.decrypt(armor.decode(file), 'text');
}

/** Answers the challenge that an installation waits with, as whoever holds the private half would; gives the answer. */
export async function answerChallenge(box: Box, identity: string): Promise<string> {
  const answer = await decrypted(readFileSync(join(box.root, RECOVERY, 'challenge.age'), 'utf8'), identity);
  writeFileSync(join(box.root, RECOVERY, 'answer.txt'), answer);
  return answer.trim();
}

/** Whether the kernel of a box knows the input rule: asked from here, since a box whose engine went has no tool for it any more. */
export function inputRuleThere(box: Box): boolean {
  const [command, ...args] = box.inNetwork(['nft', 'list', 'ruleset']);
  const rules = execFileSync(command!, args, {
    encoding: 'utf8',
    env: { PATH: SBIN_PATH },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return /FROSTBYTE-INPUT|table inet frostbyte/.test(rules);
}

export const waitsForAnswer = (box: Box): boolean => existsSync(join(box.root, RECOVERY, 'challenge.age'));

/** Waits until an installer has begun with this phase. Throws where it ends before. */
export async function begunWith(started: Started, title: string): Promise<void> {
  const { promise: begun, resolve } = Promise.withResolvers<boolean>();
  let said = '';
  started.child.stderr!.on('data', (piece: Buffer) => {
    said += piece.toString();
    if (said.includes(`${title}: …`)) resolve(true);
  });
  if (await Promise.race([begun, started.ended.then(() => false)])) return;
  throw new Error(`it ended before “${title}”: ${said.slice(-2000)}`);
}

/** Kills an installer, and all that it started, once it has begun with this phase. */
export async function killedIn(started: Started, title: string): Promise<void> {
  await begunWith(started, title);
  started.kill();
  await started.ended;
}

/** What there is of the appliance on a host, but for the records of what was done to it: to be compared. */
export async function stateOf(box: Box): Promise<string> {
  return box.must(
    'sh',
    '-c',
    [
      'cd /',
      // Names, sizes and times of change of all that an installation writes.
      // The folder itself is touched by whoever looks whether another installer runs.
      "find opt/frostbyte etc/frostbyte etc/systemd/system usr/local/bin/frostbyte var/lib/frostbyte/signatures var/lib/frostbyte/hba ! -path opt/frostbyte/quarantine -printf '%p %m %u %s %T@\\n' | sort",
      'docker ps --all --no-trunc --format "{{.ID}} {{.Names}} {{.State}}" | sort',
      'docker image ls --no-trunc --format "{{.ID}} {{.Repository}}:{{.Tag}}" | sort',
      'docker network ls --no-trunc --format "{{.ID}} {{.Name}}" | sort',
      'ls var/lib/frostbyte/operations var/lib/frostbyte/secrets',
      'wc -l var/lib/frostbyte/evidence/evidence.jsonl',
      'systemctl show --property=MainPID frostbyte-control frostbyte-gateway',
    ].join(' && '),
  );
}

/** Names of all files where an installation could leave any; copies that the tools for users and packages keep are theirs. */
export async function filesOf(box: Box): Promise<string> {
  return box.must(
    'sh',
    '-c',
    [
      'find /opt /usr/local /etc /var/lib/frostbyte /var/lib/docker /var/lib/containerd -xdev 2>/dev/null',
      "grep -vE '^/etc/(\\.pwd\\.lock|(passwd|group|shadow|gshadow|subuid|subgid)-)$'",
      'sort',
    ].join(' | '),
  );
}

import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { makeKeyPair } from '../../../appliance/secrets/identities.ts';
import type { Box } from '../../../scripts/box/box.ts';
import { ROOT } from '../shipped.ts';
import { answerChallenge, installWords, waitsForAnswer } from './installation.ts';

const CURRENT = '/opt/frostbyte/current';

/**
 * Installs as a field engineer does: by `install.sh` of the stick and the fingerprint from paper, up to where it waits for the
 * answer of whoever holds the recovery recipient's private half, and then to its end. What it said last.
 */
export async function installWhole(
  box: Box,
  stick: string,
  recovery: { recipient: string; identity: string } | null = null,
): Promise<string> {
  const { recipient, identity } = recovery ?? (await makeKeyPair());
  const words = installWords(stick, recipient);
  const first = await box.run(words);
  assert.ok(waitsForAnswer(box), first.err);
  await answerChallenge(box, identity);
  const { code, out, err } = await box.run(words);
  assert.equal(code, 0, err);
  return out;
}

/** Runs our program in a box, with what is configured there; `token` is a file in there. */
export function frostbyte(box: Box, token: string | null, ...words: string[]) {
  const options = token === null ? [] : [`--token-file=${token}`];
  return box.run([`${CURRENT}/appliance/frostbyte`, '--config=/etc/frostbyte/frostbyte.yaml', ...options, ...words]);
}

/** An administrator's token, in a file that its owner alone reads. */
export async function adminToken(box: Box): Promise<string> {
  const { code, out, err } = await frostbyte(box, null, 'token', 'issue', '--role', 'admin');
  assert.equal(code, 0, err);
  const file = '/etc/frostbyte/admin.token';
  const kept = await box.run(['sh', '-c', `umask 077; cat >${file}`], { input: out });
  assert.equal(kept.code, 0, kept.err);
  return file;
}

/** The sample documents, in a folder of the box. */
export function bringSamples(box: Box): string {
  cpSync(join(ROOT, 'docs/samples'), join(box.root, 'srv/samples'), { recursive: true });
  return '/srv/samples';
}

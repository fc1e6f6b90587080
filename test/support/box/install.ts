import assert from 'node:assert/strict';
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { STICK } from '../../../scripts/box/boot.ts';
import type { Box } from '../../../scripts/box/box.ts';
import { fingerprintOf } from '../../../scripts/box/stick.ts';
import { ROOT } from '../shipped.ts';

const CURRENT = '/opt/frostbyte/current';
const SERVICES = ['frostbyte-control', 'frostbyte-gateway'];

/** Installs as a field engineer does: by `install.sh` of the stick, and the fingerprint from paper. What it said. */
export async function installFrom(
  box: Box,
  stick: string,
  ...options: string[]
): Promise<{ out: string; said: string }> {
  const { code, out, err } = await box.run([
    'sh',
    `${STICK}/install.sh`,
    '--fingerprint',
    fingerprintOf(stick),
    ...(options.length === 0 ? [] : ['--', ...options]),
  ]);
  assert.equal(code, 0, err);
  return { out, said: err };
}

/** Brings what was installed to run: images and signatures to where they belong, the services for every boot. */
export async function startInstalled(box: Box): Promise<void> {
  await box.must(`${CURRENT}/appliance/frostbyte`, 'bundle', 'load', CURRENT);
  const signatures = join(box.root, 'var/lib/frostbyte/signatures');
  mkdirSync(signatures, { recursive: true });
  cpSync(join(box.root, 'opt/frostbyte/current/signatures'), signatures, { recursive: true });
  await box.must('systemctl', 'enable', '--now', ...SERVICES);
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

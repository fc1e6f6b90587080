import { X509Certificate } from 'node:crypto';
import { chmodSync, chownSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join, resolve } from 'node:path';
import type { HostLayout } from '../../bundle/host-layout.ts';
import { uidIfThere } from '../../bundle/install/phases/gateway-user.ts';
import { GATEWAY_USER } from '../../bundle/install/units.ts';
import { syncFolder } from '../../kernel/durable-file.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { runProgram } from './run-program.ts';

export interface OwnCertificate {
  certificate: string;
  key: string;
  fingerprint: string;
  valid_until: string;
}

/** Names as a certificate holds them: what people type into a browser. */
const NAME =
  /^(?=.{1,253}$)[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$/;

/**
 * Makes a certificate that vouches for itself, for sites without an authority, and its key, by the host's `openssl`. Both are
 * new files in `folder`; the key is the gateway's alone (its user's, where one is on this host). Whoever comes compares the
 * fingerprint. Throws `VALIDATION_ERROR` for no name or a folder that has them, `OPERATION_FAILED` where `openssl` fails.
 */
export async function makeOwnCertificate(
  folder: string,
  { names, days, layout }: { names: readonly string[]; days: number; layout: HostLayout },
): Promise<OwnCertificate> {
  const [place, wrong] = [resolve(folder), names.find((name) => isIP(name) === 0 && !NAME.test(name))];
  if (names.length === 0 || wrong !== undefined)
    throw refused('name', wrong ?? '', 'a host’s name or address, as people type it');
  mkdirSync(place, { recursive: true, mode: 0o755 });
  const [certificate, key] = [join(place, 'certificate.pem'), join(place, 'key.pem')];
  const alternatives = names.map((name) => `${isIP(name) === 0 ? 'DNS' : 'IP'}:${name}`).join(',');
  claim(key);
  try {
    await runProgram('openssl', [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc'],
      ...['-keyout', key, '-out', certificate, '-days', String(days), '-subj', `/CN=${names[0]}`],
      ...['-addext', `subjectAltName=${alternatives}`, '-addext', 'basicConstraints=critical,CA:FALSE'],
      ...['-addext', 'extendedKeyUsage=serverAuth'],
    ]);
    const uid = uidIfThere(layout, GATEWAY_USER);
    if (uid !== null) chownSync(key, uid, uid);
    chmodSync(certificate, 0o644);
    syncFolder(place);
    const read = new X509Certificate(readFileSync(certificate));
    return { certificate, key, fingerprint: read.fingerprint256, valid_until: new Date(read.validTo).toISOString() };
  } catch (error) {
    for (const file of [key, certificate]) rmSync(file, { force: true });
    throw error;
  }
}

/** The key's file is there with its mode before a key is in it, and one that is there is nobody's to write over. */
function claim(key: string): void {
  try {
    writeFileSync(key, '', { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw refused('folder', key, 'without a key: put the old one away first');
  }
}

function refused(field: string, value: string, constraint: string): FrostbyteError {
  return new FrostbyteError('VALIDATION_ERROR', `No certificate was made: ${field} must be ${constraint}.`, {
    details: [{ field, value, constraint }],
  });
}

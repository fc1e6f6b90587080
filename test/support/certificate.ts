import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** PEM texts. */
export interface Certificate {
  cert: string;
  key: string;
}

/** An authority for tests, with its certificate in `ca`. */
export interface Authority {
  ca: string;
  /**
   * A certificate for names, each as `subjectAltName` has it (`DNS:redis`, `IP:127.0.0.1`), valid for `days`; with -1 it
   * expired when it was made.
   */
  issue(names: readonly string[], days?: number): Certificate;
}

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** A certificate of its own authority for 127.0.0.1, valid for a day. */
export function selfSigned(): Certificate {
  return inFolder((folder) => {
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const about = ['-days', '1', '-subj', '/CN=test', '-addext', 'subjectAltName=IP:127.0.0.1'];
    openssl('req', '-x509', ...KEY, ...about, '-keyout', key, '-out', cert);
    return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
  });
}

/** An authority that is valid for `days`. */
export function testAuthority(days = 2): Authority {
  const own = inFolder((folder) => {
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    openssl('req', '-x509', ...KEY, '-days', String(days), '-subj', '/CN=test authority', '-keyout', key, '-out', cert);
    return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
  });
  return {
    ca: own.cert,
    issue: (names, days = 1) =>
      inFolder((folder) => {
        const at = (name: string) => join(folder, name);
        writeFileSync(at('ca.pem'), own.cert);
        writeFileSync(at('ca.key'), own.key, { mode: 0o600 });
        writeFileSync(at('names'), `subjectAltName=${names.join(',')}\n`);
        openssl('req', ...KEY, '-subj', '/CN=test', '-keyout', at('key.pem'), '-out', at('request.pem'));
        openssl(
          'x509',
          '-req',
          ...['-in', at('request.pem'), '-out', at('cert.pem'), '-extfile', at('names'), '-days', String(days)],
          ...['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial'],
        );
        return { cert: readFileSync(at('cert.pem'), 'utf8'), key: readFileSync(at('key.pem'), 'utf8') };
      }),
  };
}

function openssl(...args: string[]): void {
  execFileSync('openssl', args, { stdio: 'ignore' });
}

function inFolder<T>(work: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'certificate-'));
  try {
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

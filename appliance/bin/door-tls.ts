import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { createServer, type Server, type ServerOptions } from 'node:https';
import { createSecureContext } from 'node:tls';
import type { Config } from '../config/schema.ts';
import { codeFrames, FrostbyteError } from '../kernel/errors.ts';
import type { Logger } from '../kernel/telemetry.ts';
import { repeat } from './repeat.ts';

/** What the door shows to whoever comes: as PEM text, and its fingerprint as people compare it. */
interface Shown {
  cert: string;
  key: string;
  fingerprint: string;
}

const OLDEST = 'TLSv1.3';
const LOOK_MS = 60_000;

type OpenDoor = NonNullable<Config['listen']['open']>;

/**
 * The certificate and the key that `listen.open` names. Throws `CONFIG_INVALID` that names the file: one that cannot be read, is
 * none, has run out, or does not belong to the other. What is in the key's file is in no message.
 */
export function readShown({ certificate, key }: OpenDoor, now = Date.now()): Shown {
  const [cert, secret] = [textOf('listen.open.certificate', certificate), textOf('listen.open.key', key)];
  let read: X509Certificate;
  try {
    read = new X509Certificate(cert);
  } catch (cause) {
    throw invalid(
      'listen.open.certificate',
      certificate,
      'a certificate as PEM text, and behind it those that signed it',
      cause,
    );
  }
  try {
    createSecureContext({ cert, key: secret, minVersion: OLDEST });
  } catch (cause) {
    throw invalid('listen.open.key', key, 'the key of that certificate as PEM text, without a passphrase', cause);
  }
  if (Date.parse(read.validTo) <= now) {
    throw invalid(
      'listen.open.certificate',
      certificate,
      `a certificate that is valid: this one was, until ${read.validTo}`,
    );
  }
  return { cert, key: secret, fingerprint: read.fingerprint256 };
}

/**
 * A server that shows it, and speaks nothing older than TLS 1.3 (spec 4). The files are looked at again each minute: a
 * certificate that was renewed counts without a restart. Throws as `readShown`.
 */
export function tlsServer(
  door: OpenDoor,
  options: ServerOptions,
  listener: RequestListener,
  logger: Logger,
  lookMs = LOOK_MS,
): { server: Server; fingerprint: string; stop(): void } {
  let shown = readShown(door);
  const server = createServer({ ...options, cert: shown.cert, key: shown.key, minVersion: OLDEST }, listener);
  const looking = repeat(
    async () => {
      const now = readShown(door);
      if (now.cert === shown.cert && now.key === shown.key) return;
      server.setSecureContext({ cert: now.cert, key: now.key, minVersion: OLDEST });
      shown = now;
      logger.info('the certificate was renewed');
    },
    lookMs,
    // What was read before is shown on: it may be half of a renewal.
    (error) => logger.warn('the certificate cannot be read anew', codeFrames(error)),
  );
  return { server, fingerprint: shown.fingerprint, stop: () => void looking.stop() };
}

function textOf(field: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code ?? 'unknown reason';
    throw invalid(field, file, `a file that this user reads (${why})`, cause);
  }
}

function invalid(field: string, value: string, constraint: string, cause?: unknown): FrostbyteError {
  return new FrostbyteError('CONFIG_INVALID', `The gateway cannot listen: ${field} must be ${constraint} (${value}).`, {
    cause,
    details: [{ field, value, constraint }],
  });
}

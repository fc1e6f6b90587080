import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../../config/schema.ts';
import { FrostbyteError } from '../../../kernel/errors.ts';
import type { ServerTls } from '../../../kernel/server-tls.ts';

/** The servers of the stack that speak TLS where `stack.tls` says so. */
export type Store = 'postgres' | 'objects' | 'redis' | 'qdrant';

/**
 * How the stores are spoken to, by control and by data planes. As it was at the start: certificates that were replaced
 * count from the next one on.
 */
export interface StackCertificates {
  /** For each store; undefined where nothing is encrypted. */
  to: Readonly<Record<Store, ServerTls | undefined>>;
  /** Whether the servers let in only who shows a certificate of the clients' authority. */
  asked: boolean;
  /** What a tenant's Redis server finds beside its password: files by name. None where nothing is encrypted. */
  ofRedis: Readonly<Record<string, string>>;
}

/** Names in the servers' certificates. Their addresses are many: one in each tenant's network. */
export const SERVER_NAMES: Readonly<Record<Store, string>> = Object.freeze({
  postgres: 'postgres.frostbyte.internal',
  objects: 'objects.frostbyte.internal',
  redis: 'redis.frostbyte.internal',
  qdrant: 'qdrant.frostbyte.internal',
});

/**
 * Reads the certificates in `stack.secrets_folder`: `stores_authority`; `client_certificate` and `client_key` where
 * servers ask for one; `redis_certificate` and `redis_key`, which each tenant's Redis server shows; `clients_authority`
 * where it asks for one. PEM. Throws `CONFIG_INVALID`, naming the file.
 */
export function stackCertificates({ stack }: Pick<Config, 'stack'>): StackCertificates {
  const read = (name: string): string | null => readPem(join(stack.secrets_folder, name));
  const need = (name: string): string => read(name) ?? missing(join(stack.secrets_folder, name));
  const isElsewhere = /^https:/i.test(stack.qdrant ?? '');
  if (stack.tls === 'off' && !isElsewhere) return { to: NOWHERE, asked: false, ofRedis: {} };

  const ca = stack.tls === 'on' ? need('stores_authority') : read('stores_authority');
  const cert = read('client_certificate');
  const shown = cert === null ? {} : { cert, key: need('client_key') };
  const base: ServerTls = { ...(ca === null ? {} : { ca }), ...shown };
  // Another Qdrant is known by its own name, and by the system's authorities where none is named.
  const elsewhere = isElsewhere ? base : undefined;
  if (stack.tls === 'off') return { to: { ...NOWHERE, qdrant: elsewhere }, asked: false, ofRedis: {} };

  const clients = read('clients_authority');
  if (clients !== null && cert === null) missing(join(stack.secrets_folder, 'client_certificate'));
  const to = (store: Store): ServerTls => ({ ...base, servername: SERVER_NAMES[store] });
  return {
    to: {
      postgres: to('postgres'),
      objects: to('objects'),
      redis: to('redis'),
      qdrant: stack.qdrant === null ? to('qdrant') : elsewhere,
    },
    asked: clients !== null,
    ofRedis: {
      redis_certificate: need('redis_certificate'),
      redis_key: need('redis_key'),
      ...(clients === null ? {} : { clients_authority: clients }),
    },
  };
}

const NOWHERE = Object.freeze({ postgres: undefined, objects: undefined, redis: undefined, qdrant: undefined });

/** The text of a PEM file, looked at; null where there is none. What is in it is in no message. */
function readPem(path: string): string | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new FrostbyteError('CONFIG_INVALID', `The file ${path} cannot be read by this user.`, { cause });
  }
  try {
    if (path.endsWith('_key')) createPrivateKey(text);
    else new X509Certificate(text);
    return text;
  } catch {
    const what = path.endsWith('_key') ? 'a private key without a passphrase' : 'a certificate';
    throw new FrostbyteError('CONFIG_INVALID', `The file ${path} must hold ${what} as PEM text.`);
  }
}

function missing(path: string): never {
  throw new FrostbyteError(
    'CONFIG_INVALID',
    `The file ${path} is missing, which stack.tls needs. Put it there as PEM text, or name the folder with stack.secrets_folder.`,
  );
}

import { existsSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { SERVER_NAMES, type Store } from '../../appliance/bin/wire/stack/certificates.ts';
import { type ServerTls, tlsOptions } from '../../appliance/kernel/server-tls.ts';

/** The server stack that tests may use: real stores in an engine of their own, reached from its namespace alone. */
export interface TestStack {
  engine: { socket: string; netns: string };
  postgres: {
    host: string;
    port: number;
    user: 'postgres';
    password: string;
    database: 'postgres';
    /** Where a test may say who comes in from where: a `*.conf` file of its own, then `pg_reload_conf()`. */
    hba_folder: string;
    tls?: ServerTls;
  };
  objects: { endpoint: string; access_key: string; secret_key: string; tls?: ServerTls };
  redis: { host: string; port: number; password: string; tls?: ServerTls };
  /** The proxy before clamd: what tenants reach. */
  scanner: { host: string; port: number };
  /** What is in files of `stack.secrets_folder`, by name, where the servers speak TLS; then each has its `tls` too. */
  certificates: Record<string, string>;
  /** A strict double that a test starts itself, or the server that `FROSTBYTE_TEST_QDRANT_URL` names. */
  qdrant?: { url: string; api_key: string; kind: 'double' | 'server' };
}

const FACTS = resolve(import.meta.dirname, '../../.cache/stack/stack.json');

/** The stack, or undefined where there is none: {@link stackMissing} says why. `FROSTBYTE_TEST_STACK` names another's facts. */
export function testStack(): TestStack | undefined {
  if (stackMissing() !== null) return undefined;
  const stack = readFacts();
  const { FROSTBYTE_TEST_QDRANT_URL: url, FROSTBYTE_TEST_QDRANT_API_KEY: api_key } = process.env;
  return { ...stack, ...(url && api_key ? { qdrant: { url, api_key, kind: 'server' as const } } : {}) };
}

/** As `pg` takes it: the administrator's way to the database server. */
export function postgresLogin({ postgres }: TestStack) {
  const { hba_folder: _, tls, ...login } = postgres;
  return { ...login, ssl: tls === undefined ? false : tlsOptions(tls) };
}

/** Why there is no stack for this process, in a sentence, or null when there is one. */
export function stackMissing(): string | null {
  if (!existsSync(factsFile())) return 'the stack is not up (make stack-up)';
  const { netns } = readFacts().engine;
  const file = join('/run/netns', netns);
  if (!existsSync(file)) return 'the stack is not up any more (make stack-up)';
  if (readlinkSync('/proc/self/ns/net') !== `net:[${statSync(file).ino}]`)
    return `the stack is reached from its network namespace alone (make test LAYERS=stack, or nsenter --net=${file})`;
  return null;
}

function readFacts(): TestStack {
  const facts = JSON.parse(readFileSync(factsFile(), 'utf8')) as TestStack;
  const { stores_authority: ca, client_certificate: cert, client_key: key } = facts.certificates;
  if (ca === undefined || cert === undefined || key === undefined) return facts;
  const tls = (store: Store): ServerTls => ({ ca, cert, key, servername: SERVER_NAMES[store] });
  return {
    ...facts,
    postgres: { ...facts.postgres, tls: tls('postgres') },
    objects: { ...facts.objects, tls: tls('objects') },
    redis: { ...facts.redis, tls: tls('redis') },
  };
}

function factsFile(): string {
  return process.env.FROSTBYTE_TEST_STACK ?? FACTS;
}

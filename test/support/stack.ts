import { existsSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';

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
  };
  objects: { endpoint: string; access_key: string; secret_key: string };
  redis: { host: string; port: number; password: string };
  /** The proxy before clamd: what tenants reach. */
  scanner: { host: string; port: number };
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
  return JSON.parse(readFileSync(factsFile(), 'utf8')) as TestStack;
}

function factsFile(): string {
  return process.env.FROSTBYTE_TEST_STACK ?? FACTS;
}

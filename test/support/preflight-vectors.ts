import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Facts } from '../../appliance/bundle/preflight/facts.ts';
import type { Judged } from '../../appliance/bundle/preflight/judge.ts';
import type { Needs } from '../../appliance/bundle/preflight/needs.ts';

/** Hosts that cannot be had here, by their facts. Each file says whether they were recorded or composed by hand. */

const FOLDER = join(import.meta.dirname, '../vectors/preflight/facts');
const GIB = 2 ** 30;

/** What the release of these hosts asks for. */
export const NEEDS: Needs = {
  version: '1.2.3',
  arch: 'amd64',
  counter: 7,
  built_at: 1_790_000_000,
  upgrade_from: { at_least: '1.1.0', below: '1.2.3' },
  requirements: {
    kernel: '5.10',
    cpus: 2,
    memory_bytes: 8 * GIB,
    disk_bytes: 20 * GIB,
    docker_engine: '20.10.24',
    docker_compose: '2.29',
  },
  program_bytes: 2 * GIB,
  image_bytes: 6 * GIB,
  brings_engine: false,
  brings_compose: true,
  brings_packet_filter: false,
  subnet: '172.28.0.0/16',
  port: 8080,
};

interface Vector {
  about: { source: 'recorded' | 'composed by hand'; what: string };
  /** All facts, or those of another vector with changes by their path. */
  facts?: unknown;
  base?: string;
  change?: Record<string, unknown>;
  needs?: Partial<Needs>;
  /** Every check that does not pass. */
  expect: Record<string, Judged['result']>;
}

export interface PreflightVector extends Pick<Vector, 'about' | 'expect'> {
  name: string;
  facts: Facts;
  needs: Needs;
}

/** One of them. */
export function preflightVector(name: string): PreflightVector {
  const { about, facts, base, change = {}, needs, expect } = read(name);
  const whole = structuredClone(facts ?? read(base!).facts) as Record<string, unknown>;
  for (const [path, value] of Object.entries(change)) set(whole, path.split('.'), value);
  return { name, about, facts: Facts.parse(whole), needs: { ...NEEDS, ...needs }, expect };
}

/** All of them. */
export function preflightVectors(): PreflightVector[] {
  return readdirSync(FOLDER)
    .sort()
    .map((file) => preflightVector(file.replace(/\.json$/, '')));
}

function read(name: string): Vector {
  return JSON.parse(readFileSync(join(FOLDER, `${name}.json`), 'utf8')) as Vector;
}

function set(into: Record<string, unknown>, [key, ...rest]: string[], value: unknown): void {
  if (!(key! in into)) throw new Error(`no fact is called ${key}`);
  if (rest.length === 0) into[key!] = value;
  else set(into[key!] as Record<string, unknown>, rest, value);
}

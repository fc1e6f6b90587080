import type { ObservedContainer, ObservedImage, ObservedNetwork } from '../../../control/drift/observed.ts';
import type { DescribedStack } from '../../wire/stack/described.ts';
import type { Route } from './gather/host-addresses.ts';
import type { ProbeAnswer } from './probe-tries.ts';

/** What was found out about an installed box. Nothing here is judged, and what could not be found out says why. */
export interface Facts {
  host: string;
  version: string;
  engine: Known<EngineFacts>;
  /** Why the host’s input rule is not in force; null where it is. */
  input_rule: Known<string | null>;
  egress: Known<EgressFacts>;
  /** Names of images that the engine lacks or has as something else than the lock, of how many. */
  images: Known<{ lacking: readonly string[]; of: number }>;
  release: Known<ReleaseFacts>;
  files: Known<FileFacts>;
  services: Known<ServiceFacts>;
  /** What of the appliance is not ready, of how many. */
  ready: Known<{ of: number; missing: readonly { name: string; message: string }[] }>;
  online: Known<OnlineFacts>;
  vectors: Known<VectorFacts>;
  smoke: Known<readonly string[]> | null;
  isolation: Known<readonly string[]> | null;
}

/** What is known, or why it is not. */
export type Known<T> = { readonly is: T } | { readonly unknown: string };

export interface EngineFacts {
  described: DescribedStack;
  /** First half of all addresses. */
  subnet: string;
  networks: readonly ObservedNetwork[];
  /** Ours by label or name, and whoever sits in a network of ours. */
  containers: readonly ObservedContainer[];
  /** By the names that descriptions have; null: the engine has none of that. */
  images: Readonly<Record<string, ObservedImage | null>>;
}

export interface ProbedContainer {
  container: string;
  answers: ProbeAnswer[];
  /** Why it was not tried. */
  error: string | null;
  /** Null: it ended meanwhile. */
  routes: readonly Route[] | null;
  devices: readonly string[];
  /** Interfaces that have an IPv6 address. */
  six: readonly string[];
}

export interface EgressFacts {
  probed: readonly ProbedContainer[];
  /** The same tries by the host itself, before and after. */
  proven: readonly ProbeAnswer[];
  /** Addresses at which no resolver could listen. */
  deaf: readonly { address: string; why: string }[];
  /** Services of ours that the host reaches, and that others must not. */
  doors: number;
}

export interface ReleaseFacts {
  /** The release that `current` leads to, and the one that this program is of. */
  current: string | null;
  own: string | null;
  /** Who signed it, or why it is not believed. */
  signed: Known<string>;
  /** What is wrong with its files, a line each, of how many. */
  problems: readonly string[];
  files: number;
  /** Files that somebody else than root could change. */
  loose: readonly string[];
}

export interface FileFacts {
  /** Of each, by its path: what it is instead of what the installer wrote; none: as it was written. */
  units: readonly { path: string; problem: string }[];
  command: readonly { path: string; problem: string }[];
  trust: readonly { path: string; problem: string }[];
  folders: boolean;
  settings: { path: string; loose: boolean; changed: boolean };
  /** An operation that is neither done nor rolled back. */
  unfinished: string | null;
  evidence: Known<number>;
}

export interface ServiceFacts {
  /** Null: nothing here starts services. */
  manager: 'systemd' | null;
  units: readonly { name: string; active: string; enabled: string; drop_ins: string; reload: boolean }[];
  control: boolean;
  gateway: boolean;
}

export interface OnlineFacts {
  /** Null: none is configured. */
  endpoint: string | null;
  /** Tenants whose planes have the way to it. */
  tenants: readonly string[];
}

export interface VectorFacts {
  mode: 'qdrant' | 'sqlite-vec';
  /** Whether the release that is installed brings Qdrant. */
  brought: boolean;
}

/** Finds something out; what cannot be is told, in the words of whoever refused. */
export async function known<T>(find: () => T | Promise<T>): Promise<Known<T>> {
  try {
    return { is: await find() };
  } catch (error) {
    return { unknown: (error as Error).message };
  }
}

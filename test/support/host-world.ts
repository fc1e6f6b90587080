import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, afterEach, before, beforeEach } from 'node:test';
import type { Input } from '../../appliance/bundle/build/write-bundle.ts';
import { type HostLayout, hostLayout } from '../../appliance/bundle/host-layout.ts';
import type { InstallParameters } from '../../appliance/bundle/install/install.ts';
import type { HostRun } from '../../appliance/bundle/operation/execute.ts';
import type { Operation } from '../../appliance/bundle/operation/phase.ts';
import { verifyBundle } from '../../appliance/bundle/verify/verify-bundle.ts';
import { sha256Hex } from '../../appliance/kernel/digest.ts';
import { type BuildChanges, type BundleWorld, bundleWorld, INPUTS } from './bundle-world.ts';
import { BY } from './operation-world.ts';

/** Users are made by the host's own tools, in a root of the test's. */
export const needsRoot = process.geteuid?.() === 0 ? false : 'needs root';

/** Copies that the tools for users keep of what was there before, and their lock. */
const OF_USERS = /^\/etc\/(?:(?:passwd|group|shadow|gshadow|subuid|subgid)-|\.pwd\.lock) /;
/** What was done on the host, and the folders that only hold that. */
const RECORDS = /^\/var\/lib\/frostbyte(?:\/(?:operations|evidence)|\/ 7)/;

/** A host whose disk is a folder: operations work on it as on a real one, and nothing runs there. */
export interface HostWorld {
  readonly bundles: BundleWorld;
  /** The genuine release 1.2.3. */
  readonly bundle: string;
  readonly root: string;
  readonly layout: HostLayout;
  /** What an installation of a bundle is asked; of the genuine one where none is named. */
  parameters(of?: { bundle?: string; version?: string; counter?: number }): InstallParameters;
  /** Verifies a bundle into the quarantine, as install.sh does. */
  bring(bundle: string, version: string): Promise<void>;
  run(operation: Operation, changes?: Partial<HostRun>): HostRun;
  /** Everything on the host: names, modes, links, content. Without the records of what was done, where that is said. */
  now(options?: { records: boolean }): string[];
}

/** A fresh host before each test of the file, with the genuine bundle verified in its quarantine. */
export function hostWorld(name: string, inputs: readonly Input[] = [], changes: Partial<BuildChanges> = {}): HostWorld {
  let bundles: BundleWorld;
  let bundle: string;
  let root: string;
  let layout: HostLayout;
  before(async () => {
    bundles = bundleWorld();
    const all = [...INPUTS, { path: 'appliance/cli.mjs', from: Buffer.from('// the program\n') }, ...inputs];
    ({ path: bundle } = await bundles.build('genuine', { inputs: all, ...changes }));
  });
  after(() => bundles.end());
  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), `frostbyte-${name}-`));
    layout = hostLayout(root);
    for (const folder of [layout.units, dirname(layout.command), join(root, 'var/lib'), join(root, 'opt')])
      mkdirSync(folder, { recursive: true });
    writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
    writeFileSync(join(root, 'etc/group'), 'root:x:0:\n');
  });
  afterEach(() => rmSync(root, { recursive: true }));
  const world: HostWorld = {
    get bundles() {
      return bundles;
    },
    get bundle() {
      return bundle;
    },
    get root() {
      return root;
    },
    get layout() {
      return layout;
    },
    parameters: (of = {}) => ({
      version: of.version ?? '1.2.3',
      counter: of.counter ?? 7,
      manifest_sha256: sha256Hex(readFileSync(join(of.bundle ?? bundle, 'MANIFEST.json'))),
      bytes: 5000,
      anchor: 'frostbyte-root ssh-ed25519 AAAA\n',
      subnet: '172.30',
      vectors: 'sqlite-vec',
      port: 8081,
      image_bytes: 0,
      recovery_recipient: null,
      recovery_answer: null,
      older_because: null,
    }),
    async bring(from, version) {
      await verifyBundle(from, bundles.options({ target: join(layout.quarantine, version) }));
    },
    run: (operation, more = {}) => ({
      layout,
      operation,
      version: '1.2.3',
      command: 'frostbyte',
      by: BY,
      host: 'box-1',
      bundle: null,
      signal: new AbortController().signal,
      listen: () => undefined,
      ...more,
    }),
    now: ({ records } = { records: true }) =>
      linesOf(root).filter((line) => !OF_USERS.test(line) && (records || !RECORDS.test(line))),
  };
  return world;
}

function linesOf(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .map((entry) => {
      const file = join(entry.parentPath, entry.name);
      const path = file.slice(root.length);
      if (entry.isSymbolicLink()) return `${path} -> ${readlinkSync(file)}`;
      const mode = (lstatSync(file).mode & 0o777).toString(8);
      return entry.isDirectory() ? `${path}/ ${mode}` : `${path} ${mode} ${sha256Hex(readFileSync(file))}`;
    })
    .sort();
}

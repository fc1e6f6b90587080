import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { beforeEach } from 'node:test';
import { hostTools } from '../../appliance/bin/host-operations.ts';
import { installOperation } from '../../appliance/bundle/install/install.ts';
import { executeOperation } from '../../appliance/bundle/operation/execute.ts';
import type { Operation } from '../../appliance/bundle/operation/phase.ts';
import type { RunningRelease, UpgradeTools } from '../../appliance/bundle/upgrade/tools.ts';
import { type UpgradeParameters, upgradeOperation } from '../../appliance/bundle/upgrade/upgrade.ts';
import { isClosed } from '../../appliance/kernel/closed-door.ts';
import { sha256Hex } from '../../appliance/kernel/digest.ts';
import { FrostbyteError } from '../../appliance/kernel/errors.ts';
import { controlPaths } from '../../appliance/kernel/names.ts';
import { INPUTS } from './bundle-world.ts';
import { type HostWorld, hostWorld } from './host-world.ts';

/** A host with release 1.2.3, whose data are files, and the bundle of 1.3.0. What runs there is told by what it did to the data. */
export interface UpgradeWorld extends HostWorld {
  readonly next: string;
  /** What is called, in order. */
  readonly calls: string[];
  /** The release that runs; null: everything rests. */
  runs: string | null;
  /** Settings that a release does not know, by its version. */
  unknown: Map<string, string>;
  tools: UpgradeTools;
  parameters13(): UpgradeParameters;
  upgrade(): Operation;
  install(): Promise<void>;
  /** All data: of the data folder and of the volume. */
  data(): string[];
  isClosed(): boolean;
}

const MANY = 6;

export function upgradeWorld(name: string): UpgradeWorld {
  const host = hostWorld(name, [{ path: 'images/index.json', from: Buffer.from('{}') }]);
  let next = '';
  const calls: string[] = [];
  const world = Object.create(host) as UpgradeWorld;
  const volume = () => join(host.root, 'var/lib/docker/volumes/frostbyte_postgres/_data');
  const flags = () => controlPaths(host.layout.data).suspended;
  const current = () => basename(readlinkSync(host.layout.current));

  /** A release that works brings the stores to its schema, changes, adds and takes away: all of it has to be taken back. */
  function work(version: string): void {
    writeFileSync(join(host.layout.data, 'control/registry.sqlite'), `schema of ${version}`);
    writeFileSync(join(volume(), 'base/1'), `rows, schema of ${version}`, { mode: 0o600 });
    if (version === '1.2.3') return;
    rmSync(join(volume(), 'base/2'), { force: true });
    mkdirSync(join(volume(), 'made-by-next'), { recursive: true });
    writeFileSync(join(volume(), 'made-by-next/1'), version);
    writeFileSync(join(host.layout.data, 'secrets/next.age'), 'a key of the next release');
  }

  const running: RunningRelease = {
    images: {
      lacking: async () => [],
      load: async () => [],
      forget: async (reference) => void calls.push(`forget ${reference}`),
    },
    services: {
      manager: 'systemd',
      commands: [],
      areUp: async () => world.runs !== null && world.runs === current(),
      failed: async () => [],
      async rest() {
        calls.push('rest');
        world.runs = null;
      },
      async renew() {
        calls.push(`renew ${current()}`);
        world.runs = current();
        work(world.runs);
      },
    },
    readiness: {
      waitingFor: async () => ({
        of: 1,
        missing: world.runs === null ? [{ name: 'control', message: 'does not run' }] : [],
      }),
    },
    sample: {
      async plant(document) {
        if (world.runs === null) throw new FrostbyteError('SERVICE_UNAVAILABLE', 'nothing runs');
        calls.push(`plant ${document.slice(host.layout.releases.length + 1)} by ${world.runs}`);
        writeFileSync(join(volume(), 'base/sample'), 'a document');
      },
      async prove() {
        if (!existsSync(join(volume(), 'base/sample'))) throw new FrostbyteError('OPERATION_FAILED', 'not found again');
        if (!isClosed(flags())) throw new Error('others were let in before it was proven');
        calls.push(`prove by ${world.runs}`);
      },
      async clear() {
        if (world.runs === null) throw new FrostbyteError('SERVICE_UNAVAILABLE', 'nothing runs');
        rmSync(join(volume(), 'base/sample'), { force: true });
        calls.push('clear');
      },
    },
    door: { sendsAway: async () => isClosed(flags()) },
    settings: {
      async mustBeKnownTo(release) {
        const setting = world.unknown.get(basename(release));
        if (setting !== undefined) throw new FrostbyteError('CONFIG_INVALID', `${setting} is not known`);
      },
    },
    log: { note: async (event, { version }) => void calls.push(`${event} ${version}`) },
  };

  const own = {
    calls,
    runs: null,
    unknown: new Map<string, string>(),
    tools: {
      reloadUnits: async () => undefined,
      listensTo: () => [],
      data: {
        places: async () => [
          { name: 'data', path: host.layout.data, without: WITHOUT },
          { name: 'volume-frostbyte_postgres', path: volume(), without: [] },
        ],
        syncDisk: async () => undefined,
        room: () => 10e9,
      },
      running,
    } satisfies UpgradeTools,
    parameters13: (): UpgradeParameters => ({
      version: '1.3.0',
      counter: 8,
      manifest_sha256: sha256Hex(readFileSync(join(next, 'MANIFEST.json'))),
      bytes: 5000,
      image_bytes: 0,
      anchor: readFileSync(host.layout.anchor, 'utf8'),
      subnet: '172.30',
      from: { version: '1.2.3', manifest_sha256: sha256Hex(readFileSync(join(host.bundle, 'MANIFEST.json'))) },
    }),
    upgrade: () => upgradeOperation(world.parameters13(), host.layout, world.tools),
    async install() {
      await host.bring(host.bundle, '1.2.3');
      const operation = installOperation(host.parameters(), host.layout, hostTools(host.layout));
      const { state, failure } = await executeOperation(host.run(operation));
      if (state !== 'done') throw new Error(failure?.message);
      // As install.sh does behind it.
      rmSync(join(host.layout.quarantine, '1.2.3'), { recursive: true });
      mkdirSync(join(volume(), 'base'), { recursive: true });
      mkdirSync(join(host.layout.data, 'secrets'));
      mkdirSync(join(host.layout.data, 'signatures'));
      writeFileSync(join(host.layout.data, 'signatures/site.ndb'), 'the site’s');
      for (let n = 2; n <= MANY; n++) writeFileSync(join(volume(), `base/${n}`), `row ${n}`);
      writeFileSync(join(host.layout.data, 'secrets/root.age'), 'the root key', { mode: 0o600 });
      world.runs = '1.2.3';
      work('1.2.3');
      await host.bring(next, '1.3.0');
    },
    data: () => host.now({ records: false }).filter((line) => /^\/var\/lib\/(?:docker|frostbyte)/.test(line)),
    isClosed: () => isClosed(flags()),
  };
  Object.defineProperties(world, {
    ...Object.getOwnPropertyDescriptors(own),
    next: { get: () => next },
  });
  beforeEach(async () => {
    calls.length = 0;
    world.runs = null;
    world.unknown.clear();
    if (next === '')
      ({ path: next } = await host.bundles.build('next', {
        about: { version: '1.3.0', counter: 8, upgrade_from: { at_least: '1.2.0', below: '1.3.0' } },
        inputs: [
          ...INPUTS,
          { path: 'appliance/cli.mjs', from: Buffer.from('// the next program\n') },
          { path: 'images/index.json', from: Buffer.from('{}') },
          { path: 'signatures/own.ndb', from: Buffer.from('of the next release') },
        ],
      }));
  });
  return world;
}

const WITHOUT = ['operations', 'evidence', 'snapshot', 'signatures', 'control/suspended'];

/** A tenant is suspended while nobody is let in: no way back may give it its service again. */
export function suspendMeanwhile({ layout }: HostWorld, tenantId: string): string {
  const file = join(controlPaths(layout.data).suspended, tenantId);
  writeFileSync(file, '{}');
  return file;
}

export const namesIn = (folder: string): string[] => (existsSync(folder) ? readdirSync(folder).sort() : []);

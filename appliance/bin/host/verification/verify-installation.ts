import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { bundledImages } from '../../../bundle/build/oci-layout.ts';
import type { BundleIdentity } from '../../../bundle/evidence/record.ts';
import type { BundleManifest } from '../../../bundle/format/manifest.ts';
import type { HostLayout } from '../../../bundle/host-layout.ts';
import { isolationCheck, smokeTest } from '../../../bundle/install/phases/use-installation.ts';
import type { Phase } from '../../../bundle/operation/phase.ts';
import { Pace, type ProgressEvent } from '../../../bundle/operation/progress.ts';
import type { Config } from '../../../config/schema.ts';
import { nameOf, networksOf } from '../../../control/drift/observed.ts';
import { inputRule } from '../../../control/networks/input-rule.ts';
import { networkPlan } from '../../../control/stack/addresses.ts';
import { FrostbyteError } from '../../../kernel/errors.ts';
import { hostProgram } from '../../entry.ts';
import { runFolder } from '../../run-folder.ts';
import { configuredEndpoint, ENDPOINT_SOCKET } from '../../wire/embedders.ts';
import { installationChecks } from '../installation-checks.ts';
import { installedConfig } from '../installed-config.ts';
import { hostReadiness } from '../readiness.ts';
import { releaseImages } from '../release-images.ts';
import { siteOf } from '../site.ts';
import { type EngineFacts, type Facts, type Known, known, type OnlineFacts } from './facts.ts';
import { egressFacts } from './gather/egress.ts';
import { engineFacts, networkedTenants, runningPids } from './gather/engine.ts';
import { fileFacts } from './gather/files.ts';
import { releaseFacts } from './gather/release.ts';
import { serviceFacts } from './gather/services.ts';
import { judgeInstallation, type Verification } from './judge.ts';

export interface VerifyInstallation {
  layout: HostLayout;
  /** The release that this program is of, as a folder; null in a checkout. */
  own: string | null;
  version: string;
  /** Leaves out what uses the appliance: the document that is sent, the tries from tenant to tenant. */
  quick: boolean;
  listen(event: ProgressEvent): void;
  signal: AbortSignal;
}

/**
 * Holds an installed box against what was delivered and described, and tries whether anything gets out of it. It changes
 * nothing; unless `quick`, tenants of its own come and go. Whatever could not be found out is told as such. Throws where it is
 * told to stop.
 */
export async function verifyInstallation(options: VerifyInstallation): Promise<Verified> {
  try {
    return await verified(options);
  } catch (error) {
    // The tenants of a check that was over, where what comes behind it was given up.
    if (!options.quick) await known(() => clearUse(options.layout));
    throw error;
  }
}

export interface Verified {
  verification: Verification;
  /** What was judged. */
  facts: Facts;
  /** What is installed, where its manifest is believed. */
  bundle: BundleIdentity | null;
}

async function verified(options: VerifyInstallation): Promise<Verified> {
  const { layout, own, version, quick, signal } = options;
  const step = steps(options, quick);
  const release = await step('release', ({ progress }) => known(() => releaseFacts(layout, own, progress)));
  const { bundle, identity } = 'is' in release ? release.is : { bundle: null, identity: null };
  const config = await known(() => installedConfig(layout));
  const withConfig = <T>(find: (config: Config) => T | Promise<T>): Promise<Known<T>> =>
    'is' in config ? known(() => find(config.is)) : Promise.resolve(config);
  const files = await step('files', () => known(() => fileFacts(layout)));
  const [services, ready] = await step('services', async () => [
    await withConfig(serviceFacts),
    await withConfig((is) => hostReadiness(() => is).waitingFor()),
  ]);
  const run = { signal, note: () => undefined };
  // What a check made is there until the next: containers of tenants among what is looked at.
  const smoke = quick
    ? null
    : await step('smoke', (pace) => {
        if ('is' in files && files.is.unfinished !== null)
          return { unknown: `${files.is.unfinished} is neither done nor rolled back` };
        if (!('is' in services) || !services.is.control || !services.is.gateway)
          return { unknown: 'control or the gateway does not answer' };
        return withConfig((is) => used('smoke', is, layout, { ...run, ...pace }));
      });
  const engine = await step('engine', () => withConfig((is) => engineFacts(is, version)));
  const images = await step('images', () => withConfig((is) => imageFacts(is, layout, bundle)));
  const input_rule = await known(() => inputRule(hostProgram('input-rule')).check());
  const egress = await step('egress', ({ progress }) =>
    'is' in engine && 'is' in config
      ? known(() => egressOf(engine.is, config.is, progress))
      : Promise.resolve('is' in engine ? (config as { unknown: string }) : engine),
  );
  const online = await withConfig(onlineFacts);
  const isolation = quick
    ? null
    : await step('isolation', (pace) => {
        if (smoke !== null && 'unknown' in smoke) return { unknown: 'the document did not come through' };
        return withConfig((is) => used('isolation', is, layout, { ...run, ...pace }));
      });
  signal.throwIfAborted();
  const facts: Facts = {
    ...{
      host: hostname(),
      version,
      engine,
      input_rule,
      egress,
      images,
      files,
      services,
      ready,
      online,
      smoke,
      isolation,
    },
    release: 'is' in release ? { is: release.is.facts } : release,
    vectors: await withConfig(({ stack }) => ({
      mode: stack.vectors,
      brought: stack.qdrant !== null || (bundle?.images ?? []).some(({ name }) => name === 'qdrant'),
    })),
  };
  return { verification: judgeInstallation(facts), facts, bundle: identity };
}

/** Everything that is tried from the containers that run, as the engine has them now. */
export async function egressOf(
  { described, subnet, containers }: EngineFacts,
  { stack }: Pick<Config, 'stack'>,
  progress: (done: number, total: number) => void,
): Promise<Awaited<ReturnType<typeof egressFacts>>> {
  const running = containers.filter(({ State }) => State.Running);
  return egressFacts({
    containers: running.map((one) => ({ name: nameOf(one), pid: one.State.Pid, networks: networksOf(one) })),
    gateways: new Map(described.networks.map(({ name, number }) => [name, networkPlan(subnet, number).gateway])),
    listening: described.listening,
    again: () => runningPids(stack.engine, running.map(nameOf)),
    progress,
  });
}

/** What of the release's lock the engine has. The signed manifest says it: without one nothing is equal to it. */
async function imageFacts({ stack }: Config, layout: HostLayout, bundle: BundleManifest | null) {
  if (bundle === null)
    throw new FrostbyteError('BUNDLE_MANIFEST_INVALID', 'there is no manifest that could be believed');
  const images = bundledImages(layout.current, bundle);
  return { lacking: await releaseImages(stack.engine).lacking(images), of: images.length };
}

function onlineFacts(config: Config): OnlineFacts {
  const endpoint = configuredEndpoint(config);
  if (endpoint === null) return { endpoint: null, tenants: [] };
  const folder = join(runFolder(config), 'containers');
  return {
    endpoint: endpoint.url,
    tenants: networkedTenants(config)
      .map(({ tenant_id }) => tenant_id)
      .filter((id) => existsSync(join(folder, `frostbyte-${id}-data-plane`, 'relay', ENDPOINT_SOCKET))),
  };
}

/** Uses the appliance as the installation did, by the same phases, and answers what they say of it. */
async function used(
  what: 'smoke' | 'isolation',
  config: Config,
  layout: HostLayout,
  run: Pick<Parameters<Phase['do']>[0], 'signal' | 'progress'> & { note(text: string): void },
): Promise<string[]> {
  const checks = installationChecks(siteOf(() => config));
  const phase = what === 'smoke' ? smokeTest(layout.current, checks) : isolationCheck(checks);
  const notes: string[] = [];
  const note = (text: string) => {
    notes.push(text);
    run.note(text);
  };
  try {
    await phase.do({ ...run, note } as Parameters<Phase['do']>[0]);
  } catch (error) {
    await known(() => clearUse(layout));
    throw error;
  }
  return notes.filter((text) => !/^(?:made for this check|gone again)/.test(text));
}

async function clearUse(layout: HostLayout): Promise<void> {
  const run = { note: () => undefined, progress: () => undefined, signal: new AbortController().signal };
  await installationChecks(siteOf(() => installedConfig(layout))).clear(run);
}

const STEPS: readonly (readonly [name: string, title: string, seconds: number, isUse: boolean])[] = [
  ['release', 'Hold the release against its manifest', 5, false],
  ['files', 'Look at what the installer wrote', 1, false],
  ['services', 'Ask the services', 2, false],
  ['smoke', 'Send a document through all stages, find it, erase it', 25, true],
  ['engine', 'Look at networks and containers', 2, false],
  ['images', 'Hold images against the lock', 3, false],
  ['egress', 'Try to get out of every container', 10, false],
  ['isolation', 'Try to get from one tenant at another’s', 25, true],
];

interface Tells {
  progress(done: number, total: number): void;
  note(text: string): void;
}

/** Runs a step and tells how far all of it is. */
function steps({ listen, signal }: VerifyInstallation, quick: boolean) {
  const phases = STEPS.filter(([, , , isUse]) => !(quick && isUse)).map(
    ([name, title, seconds]): Phase => ({
      ...{ name, title, seconds, undo: null },
      check: async () => false,
      do: async () => undefined,
    }),
  );
  const pace = new Pace({
    operation: { kind: 'verify', title: 'Verify the installation', parameters: {}, phases, on_failure: 'wait' },
    listen,
    elapsed: () => performance.now() / 1000,
  });
  return async <T>(name: string, work: (tells: Tells) => T | Promise<T>): Promise<T> => {
    signal.throwIfAborted();
    const phase = phases.find((one) => one.name === name)!;
    pace.begin(phase, 'begun');
    const done = await work({
      progress: (at, total) => pace.progress(at, total),
      note: (text) => pace.noted(text),
    });
    pace.end('done');
    return done;
  };
}

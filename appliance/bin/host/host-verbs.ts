import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PIPELINE_VERSION } from '../../audit/entry.ts';
import type { ReadChain } from '../../bundle/evidence/chain.ts';
import { readEvidence } from '../../bundle/evidence/log.ts';
import { MANIFEST } from '../../bundle/format/checksums.ts';
import { readManifest } from '../../bundle/format/manifest.ts';
import { type HostLayout, hostLayout } from '../../bundle/host-layout.ts';
import type { Config } from '../../config/schema.ts';
import { nameOf, networksOf } from '../../control/drift/observed.ts';
import type {
  BoundaryKept,
  BoundaryReport,
  ControlVerbs,
  HostDiagnosis,
  InstallationReport,
  SupportListing,
} from '../../control/verbs.ts';
import { sha256Hex } from '../../kernel/digest.ts';
import { codeFrames, FrostbyteError } from '../../kernel/errors.ts';
import { newId } from '../../kernel/ids.ts';
import type { Logger } from '../../kernel/telemetry.ts';
import { entryOf, NODE_FLAGS } from '../entry.ts';
import { IN_A_UNIT, runsAsUnit } from '../systemd.ts';
import { keptBoundary } from './boundary/kept.ts';
import { commandLine } from './command-line.ts';
import { entriesOf } from './evidence-entries.ts';
import { engineFacts } from './verification/gather/engine.ts';

export type HostVerbs = Pick<
  ControlVerbs,
  'installation' | 'diagnose' | 'boundary' | 'makeBoundary' | 'supportListing' | 'supportBundle'
>;

/** The records of the host that a page shows. */
const MOST_RECORDS = 200;

/**
 * What control says of its host. It reads by itself what is installed; what has to look around (the doctor, the boundary
 * statement) is the command line's, which on an installed box has a unit of its own, since control's sees too little. One at a
 * time of each: whoever asks meanwhile gets the same answer.
 */
export function hostVerbs(config: Config, logger: Logger, layout: HostLayout = hostLayout()): HostVerbs {
  const isInstalled = () => config.data_folder === layout.data && existsSync(layout.current);
  const command = (unit: string) =>
    runsAsUnit()
      ? commandLine([
          ...IN_A_UNIT,
          `--unit=frostbyte-${unit}.service`,
          '--property=UMask=0077',
          '--property=LimitCORE=0',
          '--property=MemoryMax=1G',
          '--property=MemorySwapMax=0',
          '--',
          layout.command,
        ])
      : commandLine([process.execPath, ...NODE_FLAGS, entryOf('cli')]);
  /** Where it looks: an installed box is found by itself. */
  const here = () => (isInstalled() ? [] : ['--data', config.data_folder]);
  let looking: Promise<HostDiagnosis> | null = null;
  let listing: Promise<SupportListing> | null = null;
  /** By who asked, under whose name each is in the log. */
  const packing = new Map<string, Promise<Uint8Array<ArrayBuffer>>>();
  let making: Promise<void> | null = null;
  let failed: BoundaryReport['failed'] = null;
  return {
    async installation() {
      const chain = chainOf(layout);
      return { ...released(layout, isInstalled(), chain), ...(await running(config)), evidence: recorded(chain) };
    },
    diagnose() {
      looking ??= command('doctor')
        .ask<HostDiagnosis>('doctor', ...here())
        .then(
          ({ looked_for, ok, findings, blind }) => ({ looked_for, ok, findings, blind }),
          failing('The doctor could not be asked'),
        )
        .finally(() => {
          looking = null;
        });
      return looking;
    },
    supportListing() {
      listing ??= command('support-listing')
        .ask<SupportListing>('support-bundle', '--dry-run', ...here())
        .then(
          ({ files, bytes, missing }) => ({ files, bytes, missing }),
          failing('It could not be found out what a support bundle would hold'),
        )
        .finally(() => {
          listing = null;
        });
      return listing;
    },
    supportBundle(actor) {
      const underWay = packing.get(actor);
      if (underWay !== undefined) return underWay;
      const made = command(`support-bundle-${newId()}`)
        .bytes('support-bundle', '--out', '-', '--yes', `--by=${actor}`, ...here())
        .catch(failing('No support bundle could be made'))
        .finally(() => packing.delete(actor));
      packing.set(actor, made);
      return made;
    },
    async boundary() {
      let statement: BoundaryKept | null = null;
      let unread: BoundaryReport['failed'] = null;
      try {
        statement = isInstalled() ? keptBoundary(layout) : null;
      } catch (error) {
        unread = failureOf(error);
      }
      // One that was made at a terminal since then is newer than what failed here.
      const last = failed !== null && statement !== null && statement.made_at > failed.at ? null : failed;
      return { statement, being_made: making !== null, failed: making === null ? (last ?? unread) : null };
    },
    async makeBoundary() {
      if (!isInstalled()) {
        throw new FrostbyteError(
          'INVALID_STATE_TRANSITION',
          'This appliance was not installed from a bundle: what leaves its host is the host’s to say.',
          { details: [{ field: 'release', constraint: 'installed by install.sh' }] },
        );
      }
      making ??= command('boundary')
        .ask('boundary', '--progress', 'none')
        .then(
          () => {
            failed = null;
          },
          (error: unknown) => {
            failed = failureOf(error);
            logger.warn('no boundary statement could be made', codeFrames(error));
          },
        )
        .finally(() => {
          making = null;
        });
      return { being_made: true };
    },
  };
}

/** A command that gave no answer, as the API says it. */
function failing(what: string): (error: unknown) => never {
  return (error) => {
    throw new FrostbyteError('OPERATION_FAILED', `${what}: ${(error as Error).message}`, { cause: error });
  };
}

function failureOf(error: unknown): NonNullable<BoundaryReport['failed']> {
  const { code, message } = error as { code?: unknown; message: string };
  return { at: new Date().toISOString(), code: String(code ?? 'INTERNAL_ERROR'), message };
}

function released(
  layout: HostLayout,
  isInstalled: boolean,
  chain: ReadChain | null,
): Pick<InstallationReport, 'release' | 'images'> {
  const file = join(layout.current, MANIFEST);
  if (!isInstalled || !existsSync(file)) return { release: null, images: [] };
  const text = readFileSync(file, 'utf8');
  const { version, counter, arch, images } = readManifest(text);
  const manifest_sha256 = sha256Hex(text);
  const known = chain?.records.findLast(({ bundle }) => bundle?.manifest_sha256 === manifest_sha256);
  return {
    release: { version, counter, arch, manifest_sha256, signer: known?.bundle?.signer ?? null },
    images: images.map(({ reference, manifest_digest, size }) => ({
      name: reference,
      digest: manifest_digest,
      bytes: size,
    })),
  };
}

/** What the engine has of ours; embedded there is none. */
async function running(config: Config): Promise<Pick<InstallationReport, 'containers' | 'networks'>> {
  if (config.mode !== 'stack') return { containers: [], networks: [] };
  try {
    const { containers, networks, described } = await engineFacts(config, PIPELINE_VERSION);
    const ours = new Set(described.networks.map(({ name }) => name));
    return {
      containers: containers
        .map((one) => ({
          name: nameOf(one),
          image: one.Config.Image,
          image_id: one.Image,
          running: one.State.Running,
        }))
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
      networks: networks
        .filter(({ Name }) => ours.has(Name))
        .map(({ Name, Internal, IPAM }) => ({
          name: Name,
          internal: Internal,
          subnets: (IPAM.Config ?? []).flatMap(({ Subnet }) => Subnet ?? []),
          members: containers.filter((one) => networksOf(one).has(Name)).length,
        }))
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
    };
  } catch {
    // The engine is away, or control's registry: what health says of them is said there.
    return { containers: null, networks: null };
  }
}

function recorded(chain: ReadChain | null): InstallationReport['evidence'] {
  if (chain === null) return null;
  return {
    count: chain.head.count,
    head: chain.head.hash,
    records: entriesOf({ records: chain.records.slice(-MOST_RECORDS) }),
  };
}

function chainOf({ evidence }: Pick<HostLayout, 'evidence'>): ReadChain | null {
  try {
    return readEvidence(evidence);
  } catch {
    return null;
  }
}

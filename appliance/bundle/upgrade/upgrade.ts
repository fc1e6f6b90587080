import { join } from 'node:path';
import { controlPaths } from '../../kernel/names.ts';
import type { HostLayout } from '../host-layout.ts';
import { commandFile, unitFiles } from '../install/install.ts';
import { awaitReady } from '../install/phases/await-ready.ts';
import { makeFolders } from '../install/phases/folders.ts';
import { loadReleaseImages } from '../install/phases/load-images.ts';
import { placeRelease } from '../install/phases/place-release.ts';
import { placeSignatures } from '../install/phases/place-signatures.ts';
import { switchRelease } from '../install/phases/switch-release.ts';
import { writeFiles } from '../install/phases/write-files.ts';
import { trustFiles } from '../install/trust-files.ts';
import type { Json, Operation, Phase } from '../operation/phase.ts';
import { askSettings } from './phases/ask-settings.ts';
import { closeDoor, openDoor } from './phases/close-door.ts';
import { dropOlder } from './phases/drop-older.ts';
import { noteInLog } from './phases/note-in-log.ts';
import { rest } from './phases/rest.ts';
import { clearSample, plantSample, proveSample } from './phases/sample.ts';
import { startRelease } from './phases/start-release.ts';
import { copyAhead, forgetSnapshot, settleSnapshot } from './phases/take-snapshot.ts';
import type { RunningRelease, UpgradeTools } from './tools.ts';

/** What an upgrade is asked to do: all that is needed to make its phases again. No secrets. */
export interface UpgradeParameters {
  version: string;
  counter: number;
  manifest_sha256: string;
  bytes: number;
  /** Of the images as they are brought. */
  image_bytes: number;
  /** The host’s anchor as it is. */
  anchor: string;
  /** First half of the containers’ addresses, by the settings. */
  subnet: string;
  /** The release whose place it takes, and that a rollback goes back to. */
  from: { version: string; manifest_sha256: string };
}

export const UPGRADE = 'upgrade';

/** Parameters as a journal keeps them. */
export const upgradeParameters = (parameters: { readonly [key: string]: Json }): UpgradeParameters =>
  parameters as unknown as UpgradeParameters;

/** Where the copy of the data lies while an upgrade may go back to it. */
const snapshotFolder = ({ data }: Pick<HostLayout, 'data'>): string => join(data, 'snapshot');

/**
 * Puts a release in the place of the one that runs (spec 7, "Upgrade"). Everything that takes its time is done while that one
 * serves; then nobody is let in, everything rests, and the data are kept as they are. The new release brings the stores to its
 * schema as it starts. Whatever fails before people are let in again takes all of it back, code and data.
 */
export function upgradeOperation(parameters: UpgradeParameters, layout: HostLayout, tools: UpgradeTools): Operation {
  const { version, from } = parameters;
  const { running, data } = tools;
  const release = join(layout.releases, version);
  const flags = controlPaths(layout.data).suspended;
  const title = `Upgrade ${from.version} to ${version}`;
  const whatRuns = (phases: (running: RunningRelease) => Phase[]): Phase[] => (running === null ? [] : phases(running));
  return {
    kind: UPGRADE,
    title,
    parameters: { ...parameters },
    on_failure: 'roll-back',
    phases: [
      makeFolders(layout),
      placeRelease(layout, parameters),
      writeFiles({ name: 'trust', title: 'Keep what bundles are verified against' }, trustFiles(parameters, layout)),
      ...whatRuns(({ images, sample, settings, readiness }) => [
        askSettings(release, settings),
        placeSignatures(release, join(layout.data, 'signatures')),
        loadReleaseImages(release, parameters.image_bytes, images),
        plantSample(join(layout.releases, from.version), sample, readiness),
      ]),
      copyAhead(snapshotFolder(layout), flags, data),
      closeDoor(flags, title, running?.door ?? null),
      ...whatRuns((host) => [rest(host)]),
      settleSnapshot(snapshotFolder(layout), flags, data),
      switchRelease(layout, version),
      writeFiles(
        { name: 'units', title: 'Write the services' },
        unitFiles(parameters, layout, () => tools.listensTo()),
        () => tools.reloadUnits(),
      ),
      writeFiles({ name: 'command', title: 'Write the command frostbyte' }, [commandFile(layout)]),
      ...whatRuns(({ services, readiness, sample }) => [
        startRelease(services),
        awaitReady(readiness, services),
        proveSample(release, sample),
      ]),
      openDoor(flags, running?.door ?? null),
      forgetSnapshot(snapshotFolder(layout)),
      ...whatRuns(({ sample, log }) => [clearSample(sample), noteInLog('BUNDLE_UPGRADED', notedOf(parameters), log)]),
      dropOlder(layout, [version, from.version], running?.images ?? null),
    ],
  };
}

const notedOf = ({ version, manifest_sha256, counter }: UpgradeParameters) => ({ version, manifest_sha256, counter });

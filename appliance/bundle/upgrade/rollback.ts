import { join } from 'node:path';
import { FrostbyteError } from '../../kernel/errors.ts';
import { controlPaths } from '../../kernel/names.ts';
import type { HostLayout } from '../host-layout.ts';
import { awaitReady } from '../install/phases/await-ready.ts';
import { loadReleaseImages } from '../install/phases/load-images.ts';
import { manifestOf } from '../install/phases/place-release.ts';
import { switchRelease } from '../install/phases/switch-release.ts';
import { type WantedFile, writeFiles } from '../install/phases/write-files.ts';
import type { Json, Operation, Phase } from '../operation/phase.ts';
import type { OperationState } from '../operation/state.ts';
import { compareVersions } from '../preflight/versions.ts';
import { askSettings } from './phases/ask-settings.ts';
import { closeDoor, openDoor } from './phases/close-door.ts';
import { noteInLog } from './phases/note-in-log.ts';
import { rest } from './phases/rest.ts';
import { startRelease } from './phases/start-release.ts';
import type { RunningRelease, UpgradeTools } from './tools.ts';
import { UPGRADE, upgradeParameters } from './upgrade.ts';

/** What a rollback is asked to do. */
export interface RollbackParameters {
  /** The release that is gone back to. */
  version: string;
  counter: number;
  manifest_sha256: string;
  image_bytes: number;
  /** The release that is left. */
  from: string;
  /** The files of services and command as they were before the upgrade, by their paths. */
  files: { [path: string]: string };
}

export const ROLLBACK = 'rollback';

/** Parameters as a journal keeps them. */
export const rollbackParameters = (parameters: { readonly [key: string]: Json }): RollbackParameters =>
  parameters as unknown as RollbackParameters;

/**
 * Goes back from a finished upgrade to the release before, in code only, on the schema that the upgrade expanded: what was
 * taken, revoked, suspended, erased or decided since stays as it is (spec 7, "Rollback").
 */
export function rollbackOperation(parameters: RollbackParameters, layout: HostLayout, tools: UpgradeTools): Operation {
  const { version, from, files, image_bytes } = parameters;
  const { running } = tools;
  const release = join(layout.releases, version);
  const flags = controlPaths(layout.data).suspended;
  const title = `Roll back ${from} to ${version}`;
  const whatRuns = (phases: (running: RunningRelease) => Phase[]): Phase[] => (running === null ? [] : phases(running));
  return {
    kind: ROLLBACK,
    title,
    parameters: { ...parameters },
    on_failure: 'roll-back',
    phases: [
      ...whatRuns(({ images, settings }) => [
        askSettings(release, settings),
        loadReleaseImages(release, image_bytes, images),
      ]),
      closeDoor(flags, title, running?.door ?? null),
      ...whatRuns((host) => [rest(host)]),
      switchRelease(layout, version),
      writeFiles({ name: 'units', title: 'Write the services as they were' }, filesOf(files), () =>
        tools.reloadUnits(),
      ),
      ...whatRuns(({ services, readiness }) => [startRelease(services), awaitReady(readiness, services)]),
      openDoor(flags, running?.door ?? null),
      ...whatRuns(({ log }) => [
        noteInLog(
          'BUNDLE_ROLLED_BACK',
          { version, manifest_sha256: parameters.manifest_sha256, counter: parameters.counter },
          log,
        ),
      ]),
    ],
  };
}

/** What a migration says of itself that decides whether the release before runs on the schema. */
export interface SchemaStep {
  name: string;
  step: 'expand' | 'contract';
  since: string;
}

/**
 * The upgrade that a rollback would go back from: the last thing that changed the release here, finished, to the release that
 * runs. Throws `INVALID_STATE_TRANSITION` where there is none, where the release of before is not there any more as it was, and
 * where the one that runs has taken away what that one needs.
 */
export function upgradeToGoBackFrom(
  operations: readonly OperationState[],
  current: string | null,
  layout: Pick<HostLayout, 'releases'>,
  migrations: readonly SchemaStep[],
): OperationState {
  const last = operations.findLast(({ plan, result }) => CHANGES.has(plan.kind) && result === 'done');
  if (last === undefined || last.plan.kind !== UPGRADE || upgradeParameters(last.plan.parameters).version !== current) {
    throw refused(
      `There is no upgrade to go back from: ${current === null ? 'no release is current' : `release ${current} did not come here by the last one`}. One step back is all there is.`,
      { field: 'version', value: current, constraint: 'the release that the last upgrade brought' },
    );
  }
  const { version, from } = upgradeParameters(last.plan.parameters);
  if (manifestOf(join(layout.releases, from.version)) !== from.manifest_sha256) {
    throw refused(
      `Release ${from.version} is not there any more as it was before the upgrade to ${version}. There is nothing to go back to; a backup can be restored onto another host.`,
      { field: 'version', value: from.version, constraint: `in ${layout.releases}, as it was` },
    );
  }
  const contract = migrations.find(
    ({ step, since }) => step === 'contract' && compareVersions(since, from.version) > 0,
  );
  if (contract !== undefined) {
    throw refused(
      `Release ${contract.since} took away from the stores what release ${from.version} needs (${contract.name}), so that one does not run on them any more. Go on with ${version}.`,
      { field: 'schema', value: contract.name, constraint: `expanded alone since ${from.version}` },
    );
  }
  return last;
}

/** The files of the services and of the command as they were before that upgrade; those that were not there stay as they are. */
export function filesBefore({ phases }: OperationState): { [path: string]: string } {
  const were = ['units', 'command'].map((name) => phases.get(name)).filter((phase) => phase?.touched);
  const texts = were.flatMap((phase) => Object.entries((phase!.before ?? {}) as Record<string, string | null>));
  return Object.fromEntries(texts.filter((entry): entry is [string, string] => entry[1] !== null));
}

/** Operations after which another release is the current one, or none. */
const CHANGES: ReadonlySet<string> = new Set(['install', UPGRADE, ROLLBACK, 'uninstall']);

function filesOf(files: { [path: string]: string }): WantedFile[] {
  return Object.entries(files).map(([path, text]) => ({
    path,
    text,
    mode: path.endsWith('.service') ? 0o644 : 0o755,
    whose: 'ours',
  }));
}

function refused(message: string, detail: { field: string; value: string | null; constraint: string }): FrostbyteError {
  return new FrostbyteError('INVALID_STATE_TRANSITION', message, { details: [detail] });
}

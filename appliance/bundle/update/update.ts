import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { UpdateKind } from '../format/manifest.ts';
import type { HostLayout } from '../host-layout.ts';
import { NEWEST_UPDATES, newestUpdates } from '../install/known-trust.ts';
import { awaitReady } from '../install/phases/await-ready.ts';
import { type WantedFile, writeFiles } from '../install/phases/write-files.ts';
import { signerLists } from '../install/trust-files.ts';
import type { Json, Operation, Phase } from '../operation/phase.ts';
import { forgetFolders } from './phases/forget-folders.ts';
import { loadSignatures } from './phases/load-signatures.ts';
import { noteSignatures } from './phases/note-signatures.ts';
import { keptBefore, renewSignatures } from './phases/renew-signatures.ts';
import { takeModels } from './phases/take-models.ts';
import type { UpdateTools } from './tools.ts';

/** What an update is asked to do. */
export interface UpdateParameters {
  updates: UpdateKind;
  version: string;
  counter: number;
  manifest_sha256: string;
  /** The copy of the medium that was verified. */
  copy: string;
}

export const UPDATE = 'update';

/** Parameters as a journal keeps them. */
export const updateParameters = (parameters: { readonly [key: string]: Json }): UpdateParameters =>
  parameters as unknown as UpdateParameters;

const TITLES: Readonly<Record<UpdateKind, string>> = {
  'malware-signatures': 'Renew the malware signatures',
  models: 'Take models',
};

/**
 * Brings into the release that runs what is no release: malware signatures, or models. Nobody is sent away: while the scanner
 * loads, what is to be scanned waits. Signatures that the scanner does not work by are taken back.
 */
export function updateOperation(parameters: UpdateParameters, layout: HostLayout, tools: UpdateTools): Operation {
  const { updates, version, copy } = parameters;
  const { running } = tools;
  return {
    kind: UPDATE,
    title: `${TITLES[updates]}: ${version}`,
    parameters: { ...parameters },
    on_failure: 'roll-back',
    phases: [
      ...(updates === 'models'
        ? [fromCopy(copy, takeModels(join(copy, 'models'), tools.models))]
        : signaturePhases(parameters, tools)),
      fromCopy(
        copy,
        writeFiles({ name: 'trust', title: 'Keep what updates are verified against' }, [
          ...signerLists(join(copy, 'signers'), layout),
          newestFile(parameters, layout),
        ]),
      ),
      ...(updates === 'malware-signatures' && running !== null ? [noteSignatures(version, running.log)] : []),
      forgetFolders([copy, keptBefore(tools.signatures)]),
    ],
  };
}

/** A phase that takes something from the copy: once that is gone, all of it was taken. */
function fromCopy(copy: string, phase: Phase): Phase {
  return { ...phase, check: async (known) => (existsSync(copy) ? phase.check(known) : known.recorded) };
}

function signaturePhases({ copy }: UpdateParameters, { signatures, running }: UpdateTools): Phase[] {
  const scanner = running?.scanner ?? null;
  return [
    fromCopy(copy, renewSignatures(join(copy, 'signatures'), signatures, scanner)),
    ...(running === null
      ? []
      : [loadSignatures(signatures, running.scanner), awaitReady(running.readiness, running.services)]),
  ];
}

/** How new the newest update of each kind was: no later one may go behind it. */
function newestFile({ updates, counter, version, copy }: UpdateParameters, { settings }: HostLayout): WantedFile {
  const path = join(settings, NEWEST_UPDATES);
  return {
    path,
    mode: 0o644,
    whose: 'ours',
    get text() {
      const known = existsSync(path) ? newestUpdates(readFileSync(path, 'utf8'), path) : {};
      const files = updates === 'malware-signatures' ? { files: readdirSync(join(copy, 'signatures')).sort() } : {};
      return `${JSON.stringify({ ...known, [updates]: { counter, version, ...files } })}\n`;
    },
  };
}

import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readEvidence } from '../../../../bundle/evidence/log.ts';
import type { HostLayout } from '../../../../bundle/host-layout.ts';
import {
  commandFile,
  INSTALL,
  type InstallParameters,
  installParameters,
  settingsFile,
  unitFiles,
} from '../../../../bundle/install/install.ts';
import { knownTrust } from '../../../../bundle/install/known-trust.ts';
import { makeFolders } from '../../../../bundle/install/phases/folders.ts';
import type { WantedFile } from '../../../../bundle/install/phases/write-files.ts';
import { allOperations } from '../../../../bundle/operation/operations.ts';
import { FrostbyteError } from '../../../../kernel/errors.ts';
import { openTo } from '../../installed-config.ts';
import { type FileFacts, known } from '../facts.ts';

/**
 * What the installer wrote, as it is now: by the parameters of the operation that brought this host to where it is. Throws
 * `INVALID_STATE_TRANSITION` where there was none.
 */
export async function fileFacts(layout: HostLayout): Promise<FileFacts> {
  const operations = allOperations(layout.operations);
  const unfinished = operations.find(({ result }) => result === null);
  const installed = operations.findLast(({ plan, result }) => plan.kind === INSTALL && result === 'done');
  if (installed === undefined) {
    throw new FrostbyteError('INVALID_STATE_TRANSITION', 'No installation of this host was ever finished.');
  }
  const parameters = installParameters(installed.plan.parameters);
  const settings = join(layout.settings, 'frostbyte.yaml');
  return {
    units: unitFiles(parameters, layout, () => openTo(layout)).flatMap(problemOf),
    command: [commandFile(layout)].flatMap(problemOf),
    trust: trustProblems(parameters, layout),
    folders: await makeFolders(layout).check({ recorded: false } as never),
    settings: {
      path: settings,
      loose: isLoose(settings),
      changed: textOf(settings) !== settingsFile(parameters, layout).text,
    },
    unfinished: unfinished?.plan.title ?? null,
    evidence: await known(() => readEvidence(layout.evidence).records.length),
  };
}

/** What is wrong with a file that was written whole. */
function problemOf({ path, text }: WantedFile): { path: string; problem: string }[] {
  const is = textOf(path);
  const problem =
    is === null
      ? 'is missing'
      : is !== text
        ? 'is not what was written'
        : isLoose(path)
          ? 'can be written by others'
          : null;
  return problem === null ? [] : [{ path, problem }];
}

function trustProblems(
  { anchor, counter }: InstallParameters,
  layout: HostLayout,
): { path: string; problem: string }[] {
  const problems = problemOf({ path: layout.anchor, text: anchor, mode: 0o644, whose: 'ours' });
  for (const name of ['known_allowed_signers', 'known_revoked_keys', 'newest_bundle.json']) {
    const path = join(layout.settings, name);
    if (!existsSync(path)) problems.push({ path, problem: 'is missing' });
    else if (isLoose(path)) problems.push({ path, problem: 'can be written by others' });
  }
  // Lower than what is installed, it would let in what is older.
  if (knownTrust(layout).counter < counter)
    problems.push({
      path: join(layout.settings, 'newest_bundle.json'),
      problem: 'names an older bundle than this one',
    });
  return problems;
}

function isLoose(path: string): boolean {
  if (!existsSync(path)) return false;
  const { uid, mode } = statSync(path);
  return uid !== 0 || (mode & 0o022) !== 0;
}

const textOf = (path: string): string | null => (existsSync(path) ? readFileSync(path, 'utf8') : null);

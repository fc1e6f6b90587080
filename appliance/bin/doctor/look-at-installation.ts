import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readEvidence } from '../../bundle/evidence/log.ts';
import { unitFile, unitsOf } from '../../bundle/install/units.ts';
import { unfinishedOperation } from '../../bundle/operation/operations.ts';
import { gatherInstallation } from '../../bundle/preflight/gather/installation.ts';
import type { HostPort } from '../../bundle/preflight/host-port.ts';
import { isFrostbyteError } from '../../kernel/errors.ts';
import type { ObservedInstallation } from '../../observability/doctor/observed.ts';
import { reasonOf, type Sight } from './sight.ts';
import type { Patient } from './where.ts';

/** What was installed here, and what is recorded of it. */
export async function lookAtInstallation(
  patient: Patient,
  host: HostPort,
  sight: Sight,
): Promise<ObservedInstallation> {
  const { layout } = patient;
  const { state, reason, version } = await sight.see(
    'the release',
    (): Pick<ObservedInstallation, 'state' | 'reason' | 'version'> => gatherInstallation(host, layout),
    { state: 'none', reason: null, version: null },
  );
  const left = await sight.see('the operations on this host', () => operationLeft(patient), EMPTY);
  return {
    state,
    reason,
    version,
    arch: archOf(join(layout.current, 'MANIFEST.json')),
    ...left,
    evidence_problem: await sight.see('the evidence', () => evidenceProblem(patient), null),
    changed_units: state === 'none' ? [] : await sight.see('the units', () => changedUnits(patient), []),
  };
}

type Left = Pick<ObservedInstallation, 'unfinished' | 'journal_problem'>;
const EMPTY: Left = { unfinished: null, journal_problem: null };

function operationLeft({ layout }: Patient): Left {
  try {
    const left = unfinishedOperation(layout.operations);
    if (left === null) return EMPTY;
    const { plan, failure, phases } = left;
    const at = plan.phases.find(({ name }) => ['begun', 'undoing'].includes(phases.get(name)?.state ?? ''))?.name;
    const phase = failure?.phase ?? at ?? null;
    return {
      unfinished: { title: plan.title, phase, message: failure?.message.slice(0, 300) ?? null },
      journal_problem: null,
    };
  } catch (error) {
    if (!isFrostbyteError(error, 'STORE_CORRUPTED')) throw error;
    return { unfinished: null, journal_problem: error.message };
  }
}

function evidenceProblem({ layout }: Patient): string | null {
  try {
    readEvidence(layout.evidence);
    return null;
  } catch (error) {
    if (!isFrostbyteError(error, 'AUDIT_CHAIN_BROKEN')) throw error;
    return error.details[0]?.field ?? reasonOf(error);
  }
}

function changedUnits({ layout, config }: Patient): string[] {
  if (!existsSync(layout.units)) return [];
  return unitsOf({ subnet: `${config.stack.subnet}.0.0/16`, listens_to: config.listen.open?.networks ?? [] }).flatMap(
    (unit) => {
      const file = join(layout.units, unit.name);
      if (!existsSync(file)) return [`${unit.name} is not there`];
      return readFileSync(file, 'utf8') === unitFile(unit, layout) ? [] : [unit.name];
    },
  );
}

function archOf(manifest: string): string | null {
  try {
    const { arch } = JSON.parse(readFileSync(manifest, 'utf8')) as { arch?: unknown };
    return typeof arch === 'string' ? arch : null;
  } catch {
    return null;
  }
}

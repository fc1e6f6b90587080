import type { PlanKind } from '../registry/rows.ts';
import type { TenantResources } from './port.ts';
import type { Step } from './step.ts';
import { checkHealth } from './steps/check-health.ts';
import { checkIsolation } from './steps/check-isolation.ts';
import { closeRoute } from './steps/close-route.ts';
import { deleteContainers } from './steps/delete-containers.ts';
import { deleteCredentials } from './steps/delete-credentials.ts';
import { deleteLeftovers } from './steps/delete-leftovers.ts';
import { deleteNetwork } from './steps/delete-network.ts';
import { deleteObjects } from './steps/delete-objects.ts';
import { deleteQueue } from './steps/delete-queue.ts';
import { deleteRecords } from './steps/delete-records.ts';
import { deleteVectors } from './steps/delete-vectors.ts';
import { destroyKeys } from './steps/destroy-keys.ts';
import { drain } from './steps/drain.ts';
import { emptyRelay } from './steps/empty-relay.ts';
import { eraseReferences } from './steps/erase-references.ts';
import { makeContainers } from './steps/make-containers.ts';
import { makeCredentials } from './steps/make-credentials.ts';
import { makeKeys } from './steps/make-keys.ts';
import { makeNetwork } from './steps/make-network.ts';
import { makeObjects } from './steps/make-objects.ts';
import { makeQueue } from './steps/make-queue.ts';
import { makeRecords } from './steps/make-records.ts';
import { makeVectors } from './steps/make-vectors.ts';
import { register } from './steps/register.ts';

/** The two sequences of spec 3, in order. Names are unique within one and stand in the durable plan. */
export const SEQUENCES: Readonly<Record<PlanKind, readonly Step[]>> = Object.freeze({
  provisioning: Object.freeze([
    makeKeys,
    makeCredentials,
    makeNetwork,
    makeObjects,
    makeRecords,
    makeVectors,
    makeQueue,
    makeContainers,
    register,
    checkHealth,
    checkIsolation,
  ]),
  deprovisioning: Object.freeze([
    closeRoute,
    drain,
    emptyRelay,
    deleteVectors,
    deleteRecords,
    deleteObjects,
    deleteContainers,
    deleteQueue,
    deleteNetwork,
    deleteCredentials,
    destroyKeys,
    deleteLeftovers,
    eraseReferences,
  ]),
});

/** The names of a sequence's steps, as a new plan holds them: those that have a place with these resources. */
export function stepNames(kind: PlanKind, resources: Pick<TenantResources, 'network' | 'containers'>): string[] {
  return SEQUENCES[kind]
    .filter(({ where }) => where === undefined || resources[where] !== undefined)
    .map((step) => step.name);
}

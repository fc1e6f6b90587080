import type { Clock } from '../../kernel/clock.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import type { AuditLog } from '../../stores/log/port.ts';
import type { Registry } from '../registry/open.ts';
import type { IsolationReport } from '../verbs.ts';
import type { TenantResource, TenantResources } from './port.ts';

/** What a step may use. */
export interface StepContext {
  tenantId: string;
  /** Who started the plan. */
  actor: string;
  dataFolder: string;
  drainMs: number;
  registry: Registry;
  clock: Clock;
  resources: TenantResources;
  log(logId: string): Promise<AuditLog>;
  /** Moves the tenant's waiting events, its own and control's, to its log. */
  relay(tenantId: string): Promise<void>;
  checkIsolation(tenantId: string, actor: string): Promise<IsolationReport>;
}

/** One step of a plan. Each of the three may be repeated after a crash half way. */
export interface Step {
  readonly name: string;
  /** What the tenants of this appliance must be made of for the step to have a place in the plan. */
  readonly where?: 'network' | 'containers';
  /** Has its effect, or finishes having it. */
  do(context: StepContext): Promise<void>;
  /** Throws unless the effect is there. */
  verify(context: StepContext): Promise<void>;
  /** Takes the effect back and proves it; also where `do` got half way or nowhere. Deletions are not undone. */
  undo(context: StepContext): Promise<void>;
}

type ResourceName = 'keys' | 'credentials' | 'objects' | 'records' | 'vectors' | 'queue';

/** A step that makes one of the tenant's resources. */
export function makingStep(name: ResourceName): Step {
  return Object.freeze<Step>({
    name,
    do: ({ resources, tenantId }) => resources[name].make(tenantId),
    verify: ({ resources, tenantId }) => resources[name].check(tenantId),
    undo: ({ resources, tenantId }) => destroyed(resources[name], tenantId),
  });
}

/** A step that makes what only one mode has. */
export function makingStepWhere(name: 'network' | 'containers'): Step {
  return Object.freeze<Step>({
    name,
    where: name,
    do: async ({ resources, tenantId }) => resources[name]?.make(tenantId),
    verify: async ({ resources, tenantId }) => resources[name]?.check(tenantId),
    undo: async ({ resources, tenantId }) => {
      const resource = resources[name];
      if (resource !== undefined) await destroyed(resource, tenantId);
    },
  });
}

/** A step that destroys what only one mode has. */
export function deletingStepWhere(name: 'network' | 'containers'): Step {
  return Object.freeze<Step>({
    name,
    where: name,
    do: async ({ resources, tenantId }) => resources[name]?.destroy(tenantId),
    verify: async ({ resources, tenantId }) => {
      const resource = resources[name];
      if (resource !== undefined) await gone(resource, tenantId);
    },
    undo: async () => undefined,
  });
}

/** A step that destroys one of the tenant's resources and proves it. */
export function deletingStep(name: ResourceName): Step {
  return Object.freeze<Step>({
    name,
    do: ({ resources, tenantId }) => resources[name].destroy(tenantId),
    verify: ({ resources, tenantId }) => gone(resources[name], tenantId),
    undo: async () => undefined,
  });
}

async function destroyed(resource: TenantResource, tenantId: string): Promise<void> {
  await resource.destroy(tenantId);
  await gone(resource, tenantId);
}

async function gone(resource: TenantResource, tenantId: string): Promise<void> {
  if (await resource.isGone(tenantId)) return;
  throw new FrostbyteError('STORE_UNAVAILABLE', 'Something of the tenant is left after its deletion.');
}

import type { EventName } from '../../audit/events.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import type { TenantState } from '../../kernel/identity.ts';
import type { PlanKind } from '../registry/rows.ts';

/** Triggers of the lifecycle: what people ask for and what plans report. */
export const TRIGGERS = [
  'create',
  'provision',
  'provisioned',
  'provisioning_failed',
  'configure',
  'suspend',
  'resume',
  'deprovision',
  'deprovisioned',
  'deprovisioning_failed',
  'retry',
  'abandon',
] as const;
export type Trigger = (typeof TRIGGERS)[number];

export interface Transition {
  trigger: Trigger;
  /** Null: there is no such tenant yet. */
  from: readonly (TenantState | null)[];
  to: TenantState;
  event: EventName;
  /** Only for a tenant that failed during this. */
  failedDuring?: PlanKind;
  /** What a move to FAILED notes as `failed_during`. */
  fails?: PlanKind;
}

const row = (
  trigger: Trigger,
  from: readonly (TenantState | null)[],
  to: TenantState,
  event: EventName,
  rest: Pick<Transition, 'failedDuring' | 'fails'> = {},
): Transition => Object.freeze({ trigger, from: Object.freeze(from), to, event, ...rest });

/** The seven states' twelve rows (spec 3). This table is what runs; any other move is refused. */
export const TRANSITIONS: readonly Transition[] = Object.freeze([
  row('create', [null], 'PENDING', 'TENANT_CREATED'),
  row('provision', ['PENDING'], 'PROVISIONING', 'TENANT_PROVISION_STARTED'),
  row('provisioned', ['PROVISIONING'], 'ACTIVE', 'TENANT_PROVISIONED'),
  row('provisioning_failed', ['PROVISIONING'], 'FAILED', 'TENANT_PROVISION_FAILED', { fails: 'provisioning' }),
  row('configure', ['ACTIVE'], 'ACTIVE', 'TENANT_CONFIG_UPDATED'),
  row('suspend', ['ACTIVE'], 'SUSPENDED', 'TENANT_SUSPENDED'),
  row('resume', ['SUSPENDED'], 'ACTIVE', 'TENANT_RESUMED'),
  row('deprovision', ['ACTIVE', 'SUSPENDED'], 'DEPROVISIONING', 'TENANT_DEPROVISION_STARTED'),
  row('deprovisioned', ['DEPROVISIONING'], 'DEPROVISIONED', 'TENANT_DEPROVISIONED'),
  row('deprovisioning_failed', ['DEPROVISIONING'], 'FAILED', 'TENANT_DEPROVISION_FAILED', { fails: 'deprovisioning' }),
  row('retry', ['FAILED'], 'PROVISIONING', 'TENANT_PROVISION_RETRY', { failedDuring: 'provisioning' }),
  row('abandon', ['FAILED'], 'DEPROVISIONING', 'TENANT_ABANDONED'),
]);

/** The table's row for a trigger in a state. Throws `INVALID_STATE_TRANSITION` where there is none. */
export function allowedMove(trigger: Trigger, state: TenantState | null, failedDuring: PlanKind | null): Transition {
  const move = TRANSITIONS.find(
    (candidate) =>
      candidate.trigger === trigger &&
      candidate.from.includes(state) &&
      (candidate.failedDuring === undefined || candidate.failedDuring === failedDuring),
  );
  if (move) return move;
  throw invalidMove(trigger, state);
}

/** The refusal of a move that the table does not know: names the state and what was asked. */
export function invalidMove(trigger: Trigger, state: TenantState | null): FrostbyteError {
  return new FrostbyteError(
    'INVALID_STATE_TRANSITION',
    `A tenant in state ${state ?? 'none'} does not take "${trigger}".`,
    {
      details: [{ field: 'state', value: state, constraint: `does not allow ${trigger}` }],
    },
  );
}

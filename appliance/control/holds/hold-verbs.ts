import { auditEntry } from '../../audit/entry.ts';
import type { Clock } from '../../kernel/clock.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import type { HoldScope } from '../../kernel/holds.ts';
import { BATCH_ID, DOC_ID, newId } from '../../kernel/ids.ts';
import { appendLedger } from '../ledger/ledger.ts';
import type { TenantResources } from '../provisioning/port.ts';
import { reasonText } from '../reason.ts';
import type { Registry } from '../registry/open.ts';
import { appendEntries } from '../registry/outbox.ts';
import { needTenant } from '../registry/tenants.ts';
import type { ControlVerbs, Hold, HoldTarget } from '../verbs.ts';
import { confirmHold, dropProposals, endHold, holdInForce, holdsOn, pageOfHolds, proposeHold } from './holds.ts';

type HoldVerbs = Pick<ControlVerbs, 'setHold' | 'liftHold' | 'holds' | 'holdsOn'>;

export interface HoldParts {
  registry: Registry;
  clock: Clock;
  resources: Pick<TenantResources, 'presence'>;
  /** Events wait to be relayed. */
  wake(): void;
}

/** The verbs about legal holds (spec 3). They work in every state of a tenant that is not being deleted. */
export function holdVerbs({ registry, clock, resources, wake }: HoldParts): HoldVerbs {
  /** The change, its event and its line in the ledger. Inside `registry.write`. */
  const record = (type: 'HOLD_SET' | 'HOLD_LIFTED', hold: Hold, actor: string, reason: string): void => {
    const { hold_id, tenant_id, scope, resource_id } = hold;
    const entry = auditEntry(clock, type, {
      tenant_id,
      actor,
      resource_type: scope,
      resource_id,
      adds: { hold_id, scope, reason },
    });
    appendEntries(registry, [entry]);
    appendLedger(registry, {
      kind: type === 'HOLD_SET' ? 'hold_set' : 'hold_lifted',
      tenant_id,
      resource_id,
      at: entry.event.timestamp,
      details: { hold_id, scope },
      event_id: entry.event.event_id,
    });
  };

  return {
    /**
     * Written first, then what it names is looked for: an erasure writes its intent first, then asks for holds. So one of
     * the two sees the other, and never do both win.
     */
    setHold: async (tenantId, target, reason, actor) => {
      const { scope, resource_id } = checkedTarget(tenantId, target);
      const hold: Hold = {
        hold_id: newId(),
        tenant_id: tenantId,
        scope,
        resource_id,
        reason: reasonText(reason),
        set_by: actor,
        set_at: clock.iso(),
        lifted_by: null,
        lifted_at: null,
        lift_reason: null,
      };
      registry.write(() => {
        refuseDeleted(needTenant(registry, tenantId).state);
        const known = holdInForce(registry, tenantId, scope, resource_id);
        if (known !== null) throw alreadyHeld(known.hold);
        proposeHold(registry, hold);
      });
      try {
        if (scope !== 'tenant') await refuseAbsent(resources, tenantId, scope, resource_id);
        registry.write(() => {
          confirmHold(registry, hold.hold_id, clock.iso());
          record('HOLD_SET', hold, actor, hold.reason);
        });
      } catch (error) {
        dropProposals(registry, hold.hold_id);
        throw error;
      }
      wake();
      return hold;
    },
    liftHold: async (tenantId, target, reason, actor) => {
      const { scope, resource_id } = checkedTarget(tenantId, target);
      const why = reasonText(reason);
      const lifted = registry.write(() => {
        needTenant(registry, tenantId);
        const known = holdInForce(registry, tenantId, scope, resource_id);
        if (!known?.stands) throw notHeld(scope);
        const { hold } = known;
        const at = clock.iso();
        endHold(registry, hold.hold_id, { by: actor, at, reason: why });
        record('HOLD_LIFTED', hold, actor, why);
        return { ...hold, lifted_by: actor, lifted_at: at, lift_reason: why };
      });
      wake();
      return lifted;
    },
    holds: async (tenantId, query) => {
      needTenant(registry, tenantId);
      return pageOfHolds(registry, tenantId, query);
    },
    holdsOn: async (tenantId, docId, batchIds) => {
      needTenant(registry, tenantId);
      return holdsOn(registry, tenantId, docId, batchIds);
    },
  };
}

const FORMS: Readonly<Record<Exclude<HoldScope, 'tenant'>, RegExp>> = Object.freeze({
  batch: BATCH_ID,
  document: DOC_ID,
});

/** The resource that a scope and an id name. Throws `VALIDATION_ERROR`. */
function checkedTarget(tenantId: string, { scope, resource_id }: HoldTarget): Pick<Hold, 'scope' | 'resource_id'> {
  const fits =
    scope === 'tenant'
      ? resource_id === undefined || resource_id === tenantId
      : resource_id !== undefined && FORMS[scope].test(resource_id);
  if (fits) return { scope, resource_id: resource_id ?? tenantId };
  throw new FrostbyteError('VALIDATION_ERROR', 'The hold does not say what it covers.', {
    details: [
      { field: 'resource_id', constraint: scope === 'tenant' ? 'none, or the tenant’s id' : `the id of a ${scope}` },
    ],
  });
}

/** A hold on what is not there would protect nothing and look as if it did. */
async function refuseAbsent(
  resources: Pick<TenantResources, 'presence'>,
  tenantId: string,
  scope: Exclude<HoldScope, 'tenant'>,
  resourceId: string,
): Promise<void> {
  const presence = await resources.presence(tenantId, scope, resourceId);
  if (presence === 'there') return;
  if (presence === 'going') {
    throw new FrostbyteError(
      'INVALID_STATE_TRANSITION',
      'The document is being erased at this moment and cannot be held. Look at its deletion receipt.',
      { details: [{ field: 'resource_id', value: resourceId, constraint: 'not being erased' }] },
    );
  }
  throw new FrostbyteError('RESOURCE_NOT_FOUND', `The tenant has no such ${scope}; nothing was put under hold.`, {
    details: [{ field: 'resource_id', value: resourceId, constraint: `the id of a ${scope} that is there` }],
  });
}

function refuseDeleted(state: string): void {
  if (state !== 'DEPROVISIONING' && state !== 'DEPROVISIONED') return;
  throw new FrostbyteError('INVALID_STATE_TRANSITION', `The tenant is ${state}: there is nothing left to hold.`, {
    details: [{ field: 'state', value: state, constraint: 'allows no hold' }],
  });
}

function alreadyHeld({ scope, hold_id, set_at }: Hold): FrostbyteError {
  return new FrostbyteError(
    'INVALID_STATE_TRANSITION',
    `This ${scope} is under a hold already, since ${set_at}. One hold is enough; its reason stands in the list.`,
    { details: [{ field: 'hold_id', value: hold_id, constraint: 'is in force' }] },
  );
}

function notHeld(scope: HoldScope): FrostbyteError {
  return new FrostbyteError('RESOURCE_NOT_FOUND', `There is no hold in force on this ${scope}.`, {
    details: [{ field: 'resource_id', constraint: `a ${scope} under a hold of its own` }],
  });
}

import type { AuditDetails, AuditEvent } from '../kernel/audit-event.ts';
import { EVENTS, type EventName, type EventType } from './events.ts';

/** Details that every type has (`entry`). */
const COMMON: readonly string[] = [
  'component',
  'pipeline_version',
  'status',
  'input_hash',
  'output_hash',
  'duration_ms',
] satisfies (keyof AuditDetails)[];

/** What is held against an event: it is of no type, control's own, another tenant's, or has details that nobody named. */
type Objection = 'type' | 'reporter' | 'tenant' | 'details';

/**
 * An event of a tenant's data plane as the log may take it. A plane that somebody has taken over writes what it likes into its
 * outbox; of that, what only control reports (suspensions, keys, tokens, holds …), what is another tenant's and what the table
 * of types does not know stands in the log as EVENT_REFUSED: with the id that it had, so that it was said and is counted, but
 * nothing of what it said. The same event gives the same answer, since a relay may offer it twice.
 */
export function asReported(tenantId: string, event: AuditEvent): AuditEvent {
  const objection = objectionTo(tenantId, event);
  if (objection === null) return event;
  const details: AuditDetails = {
    component: 'control-plane',
    status: 'failure',
    objection,
    ...(Object.hasOwn(EVENTS, event.event_type) ? { refused_type: event.event_type } : {}),
  };
  return {
    event_id: event.event_id,
    tenant_id: tenantId,
    event_type: 'EVENT_REFUSED' satisfies EventName,
    timestamp: event.timestamp,
    actor: 'system',
    resource_type: EVENTS.EVENT_REFUSED.resource,
    resource_id: tenantId,
    details,
    previous_event_id: null,
  };
}

function objectionTo(tenantId: string, event: AuditEvent): Objection | null {
  if (event.tenant_id !== tenantId) return 'tenant';
  if (!Object.hasOwn(EVENTS, event.event_type)) return 'type';
  const { by, adds }: EventType = EVENTS[event.event_type as EventName];
  if (by === 'control') return 'reporter';
  return Object.keys(event.details).every((name) => COMMON.includes(name) || adds.includes(name)) ? null : 'details';
}

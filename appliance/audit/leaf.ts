import { createHash } from 'node:crypto';
import type { AuditEvent } from '../kernel/audit-event.ts';
import { canonicalJson } from '../kernel/canonical-json.ts';

/** Domain of leaves in RFC 6962 §2.1, so that no inner node can pass for an event. */
const LEAF_DOMAIN = new Uint8Array([0]);

/**
 * An event's leaf in its log's tree: SHA-256 over 0x00 ‖ RFC 8785 JSON of the event, 32 bytes. Only the event's own
 * fields count; what a store adds beside them (position, references) does not.
 */
export function leafHash(event: AuditEvent): Uint8Array {
  const { event_id, tenant_id, event_type, timestamp, actor, resource_type, resource_id, details, previous_event_id } =
    event;
  const own = {
    event_id,
    tenant_id,
    event_type,
    timestamp,
    actor,
    resource_type,
    resource_id,
    details,
    previous_event_id,
  };
  return new Uint8Array(createHash('sha256').update(LEAF_DOMAIN).update(canonicalJson(own)).digest());
}

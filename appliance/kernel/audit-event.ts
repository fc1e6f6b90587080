/**
 * The audit event as every plane knows it (spec 5). `details` holds ids, counts, hashes and codes; content, PII, query
 * text and secrets never. What must be erasable (submitter, filename) is not in the event: it stands in `references`,
 * stored in a side table, and the event holds a salted commitment to it.
 */
export interface AuditEvent {
  /** UUID v7. */
  event_id: string;
  tenant_id: string;
  event_type: string;
  timestamp: string;
  /** `system` or the subject of a token. */
  actor: string;
  resource_type: ResourceType;
  resource_id: string;
  details: AuditDetails;
  /** The previous event of the same resource, null for its first; the store sets it. */
  previous_event_id: string | null;
}

export const RESOURCE_TYPES = ['document', 'chunk', 'query', 'tenant', 'batch', 'export', 'appliance'] as const;
export type ResourceType = (typeof RESOURCE_TYPES)[number];

export const COMPONENTS = [
  'intake-gateway',
  'parse-worker',
  'policy-engine',
  'embedding-service',
  'serving-api',
  'control-plane',
] as const;
export type Component = (typeof COMPONENTS)[number];

export interface AuditDetails {
  component: Component;
  /** `sha256:` and hex, where the event is a link of a provenance chain. */
  input_hash?: string;
  output_hash?: string;
  pipeline_version?: string;
  duration_ms?: number;
  status: 'success' | 'failure' | 'quarantined';
  /** What the type adds: see the table in `audit/events.ts`. */
  [added: string]: unknown;
}

/** A personal reference behind a commitment: `details[<name>_commitment]` is sha256(salt ‖ value) in hex. */
export interface AuditReference {
  name: 'submitter' | 'filename';
  /** 32 random bytes, hex. */
  salt: string;
  value: string;
}

/** An event on its way into a store, with the references that stay beside it. */
export interface AuditEntry {
  event: Omit<AuditEvent, 'previous_event_id'>;
  references: AuditReference[];
}

/** The tenant id of the appliance's own log (spec 5). */
export const APPLIANCE_LOG = '_appliance';

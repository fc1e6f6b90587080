import { createHash, randomBytes } from 'node:crypto';
import type { AuditDetails, AuditEntry, AuditReference, Component, ResourceType } from '../kernel/audit-event.ts';
import { canonicalJson } from '../kernel/canonical-json.ts';
import type { Clock } from '../kernel/clock.ts';
import { newId } from '../kernel/ids.ts';
import { EVENTS, type EventName } from './events.ts';

/** Version of this pipeline, as `details.pipeline_version` reports it. */
export const PIPELINE_VERSION = '0.1.0';

export interface EntryInput {
  tenant_id: string;
  actor: string;
  resource_id: string;
  /** Another resource than the type's usual one (a rejected file is `batch_id/file_id` of a document). */
  resource_type?: ResourceType;
  status?: AuditDetails['status'];
  /** Another component than the type's usual one (a gate that quarantines). */
  component?: Component;
  /** Hex or `sha256:` hex; written with the prefix. */
  input_hash?: string;
  output_hash?: string;
  duration_ms?: number;
  /** Ids, counts, hashes and codes that the type's table row names. */
  adds?: Record<string, unknown>;
  /** Personal references: a commitment goes into the event, the value into the side table. */
  references?: Partial<Record<AuditReference['name'], string>>;
}

/**
 * Builds an audit entry of a type of the events table (spec 5). Throws a TypeError on a detail the table does not name:
 * that is how content stays out of the log. Throws, too, where the log could not hash it: an event that is recorded and
 * cannot be relayed would hold up every one behind it.
 */
export function auditEntry(clock: Clock, type: EventName, input: EntryInput): AuditEntry {
  const row = EVENTS[type];
  const adds = { ...input.adds };
  const references: AuditReference[] = [];
  for (const [name, value] of Object.entries(input.references ?? {}) as [AuditReference['name'], string][]) {
    const salt = randomBytes(32).toString('hex');
    references.push({ name, salt, value });
    adds[`${name}_commitment`] = commitment(salt, value);
  }
  for (const name of Object.keys(adds)) {
    if (!(row.adds as readonly string[]).includes(name)) throw new TypeError(`${type} does not report ${name}`);
  }
  const details: AuditDetails = {
    component: input.component ?? row.component,
    pipeline_version: PIPELINE_VERSION,
    status: input.status ?? 'success',
    ...(input.input_hash === undefined ? {} : { input_hash: withPrefix(input.input_hash) }),
    ...(input.output_hash === undefined ? {} : { output_hash: withPrefix(input.output_hash) }),
    ...(input.duration_ms === undefined ? {} : { duration_ms: Math.round(input.duration_ms) }),
    ...adds,
  };
  const event = {
    event_id: newId(),
    tenant_id: input.tenant_id,
    event_type: type,
    timestamp: clock.iso(),
    actor: input.actor,
    resource_type: input.resource_type ?? row.resource,
    resource_id: input.resource_id,
    details,
  };
  canonicalJson(event);
  return { event, references };
}

/** The salted commitment to a reference: hex SHA-256 over the salt's bytes and the value's UTF-8. */
export function commitment(salt: string, value: string): string {
  return createHash('sha256').update(Buffer.from(salt, 'hex')).update(value).digest('hex');
}

function withPrefix(hash: string): string {
  return hash.startsWith('sha256:') ? hash : `sha256:${hash}`;
}

import type { AuditEvent } from '../../kernel/audit-event.ts';
import { instant } from '../shared/instant.ts';
import type { LogFilter, LogQuery } from './port.ts';

export type Cell = string | number | null;

/** The place that a page begins behind. */
export interface Place {
  after: number;
  sort: LogQuery['sort'];
  /** Of the event there, where the list is in order of time. */
  timestamp?: string;
}

/** The WHERE clause of a filter, and of the tenant where it is given. */
export function conditions(
  filter: LogFilter,
  tenantId: string | undefined,
  place?: Place,
): { where: string; parameters: Record<string, Cell> } {
  const { event_type, resource_type, resource_id, start_date, end_date, actor, status, through } = filter;
  const parts: string[] = [];
  const parameters: Record<string, Cell> = {};
  const add = (name: string, value: Cell | undefined, condition: string) => {
    if (value === undefined) return;
    parts.push(condition);
    parameters[name] = value;
  };
  add('tenant_id', tenantId, 'e.tenant_id = @tenant_id');
  add('event_type', event_type, 'e.event_type = @event_type');
  add('resource_type', resource_type, 'e.resource_type = @resource_type');
  add('resource_id', resource_id, 'e.resource_id = @resource_id');
  add('actor', actor, 'e.actor = @actor');
  add('status', status, 'e.status = @status');
  add('start', start_date === undefined ? undefined : instant(start_date, 'start'), 'e.timestamp >= @start');
  add('end', end_date === undefined ? undefined : instant(end_date, 'end'), 'e.timestamp <= @end');
  add('through', through, 'e.log_index <= @through');
  const behind = place?.sort === 'desc' ? '<' : '>';
  if (place?.timestamp === undefined) add('after', place?.after, `e.log_index ${behind} @after`);
  else {
    add('after', place.after, `(e.timestamp, e.log_index) ${behind} (@time, @after)`);
    parameters.time = place.timestamp;
  }
  return { where: parts.length > 0 ? `WHERE ${parts.join(' AND ')}` : '', parameters };
}

/** Events whose `details.doc_ids` say which documents somebody read. */
const READS: ReadonlySet<string> = new Set(['RETRIEVAL_EXECUTED', 'CONTENT_READ']);

/** Documents that an event says somebody read, each once. */
export function documentsRead({ event_type, details }: AuditEvent): string[] {
  if (!READS.has(event_type) || !Array.isArray(details.doc_ids)) return [];
  return [...new Set(details.doc_ids.filter((id) => typeof id === 'string'))];
}

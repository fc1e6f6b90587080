import { checkHandlers, type RouteName } from '../api/routes.ts';
import { listMeta } from '../api/schemas/common.ts';
import { EVENTS } from '../audit/events.ts';
import { type ProvenanceBreak, verifyProvenance } from '../audit/provenance.ts';
import type { AuditLogReader, ControlVerbs } from '../control/verbs.ts';
import { APPLIANCE_LOG, type ResourceType } from '../kernel/audit-event.ts';
import { FrostbyteError } from '../kernel/errors.ts';
import type { LogFilter } from '../stores/log/port.ts';
import type { Admitted } from './app.ts';

/** Audit routes (spec 4, 5): read from the tenant's log, in every state of the tenant. */
interface Context extends Admitted {
  control: ControlVerbs;
  log: AuditLogReader;
}

type Verb = (context: Context) => Promise<Response>;

/** Events that a chain is read with at once. */
const MOST_CHAINED = 10_000;
/** How many reads of a document its chain shows. */
const SHOWN_READS = 100;

const VERBS: Partial<Record<RouteName, Verb>> = {
  async auditEvents({ log, query }) {
    const { page, limit, sort, cursor, ...rest } = query as unknown as {
      page: number;
      limit: number;
      sort: 'asc' | 'desc';
      cursor?: string;
    } & LogFilter;
    if (rest.event_type !== undefined) demandTypes('event_type', [rest.event_type]);
    const filter = { ...rest, ...wholeDays(rest) };
    const after = cursor === undefined ? undefined : cursorPosition(cursor);
    const position = after === undefined ? { offset: (page - 1) * limit } : { after };
    const [{ events, next }, total] = await Promise.all([
      log.events({ ...filter, sort, limit, ...position }),
      log.count(filter),
    ]);
    return answer(events, 200, listMeta(total, { page, limit }, rest, next === null ? null : String(next)));
  },

  async auditEvent({ log, params }) {
    const event = await log.event(params.event_id!);
    if (!event) throw new FrostbyteError('RESOURCE_NOT_FOUND', 'There is no such audit event.');
    const { resource_type, resource_id, log_index } = event;
    const same = { resource_type, resource_id };
    const [position, length, next] = await Promise.all([
      log.count({ ...same, through: log_index }),
      log.count(same),
      log.events({ ...same, sort: 'asc', limit: 1, after: log_index }),
    ]);
    return answer({
      ...event,
      next_event_id: next.events[0]?.event_id ?? null,
      lineage_position: position,
      lineage_length: length,
    });
  },

  async auditExport({ params, body, caller, control }) {
    const request = body as {
      from?: string;
      to?: string;
      format: 'jsonl' | 'csv';
      event_types?: string[];
      include_details: boolean;
    };
    demandTypes('event_types', request.event_types ?? []);
    return answer(await control.startExport(params.tenant_id!, request, caller.subject), 202);
  },
  auditExportStatus: async ({ params, control }) =>
    answer(await control.exportStatus(params.tenant_id!, params.export_id!)),
  async auditExportDownload({ params, control }) {
    const { stream, filename, contentType, bytes } = await control.exportFile(params.tenant_id!, params.export_id!);
    return new Response(stream, {
      headers: {
        'content-type': contentType,
        'content-length': String(bytes),
        'content-disposition': `attachment; filename="${filename}"`,
      },
    });
  },

  async auditExportManifest({ params, control }) {
    const manifest = await control.exportManifest(params.tenant_id!, params.export_id!);
    return new Response(manifest, {
      headers: {
        'content-type': 'application/json; charset=utf-8',
        'content-disposition': 'attachment; filename="audit_export_manifest.json"',
      },
    });
  },

  async auditLedger({ control, params, query }) {
    const { page, limit, cursor } = query as { page: number; limit: number; cursor?: string };
    const of = params.tenant_id === APPLIANCE_LOG ? {} : { tenant_id: params.tenant_id! };
    const place = cursor === undefined ? { after: 0, offset: (page - 1) * limit } : { after: Number(cursor) };
    const { entries, total } = await control.ledger({ ...of, ...place, limit });
    const next = entries.length < limit ? null : String(entries.at(-1)!.seq);
    return answer(entries, 200, listMeta(total, { page, limit }, {}, next));
  },

  async auditChain({ log, params, query }) {
    const type = query.resource_type as ResourceType;
    const resource = params.resource_id!;
    // A tenant's or the appliance's life is as long as its log: of those the events route reads page by page.
    if ((await log.count({ resource_type: type, resource_id: resource })) > MOST_CHAINED) {
      throw new FrostbyteError(
        'VALIDATION_ERROR',
        `This resource has more than ${MOST_CHAINED} events; read them with /events.`,
        {
          details: [{ field: 'resource_id', constraint: `at most ${MOST_CHAINED} events` }],
        },
      );
    }
    const events = await log.resource(type, resource);
    if (events.length === 0) throw new FrostbyteError('RESOURCE_NOT_FOUND', 'The log has no events of this resource.');
    const retrievals = type === 'document' ? await log.readsOf(resource, SHOWN_READS) : [];
    const verified = verifyProvenance(events);
    return answer({
      resource_type: type,
      resource_id: resource,
      events,
      retrievals,
      hash_chain_verification: {
        // Only documents have hashes to chain; of anything else there is nothing to say.
        valid: verified.links.length === 0 && verified.breaks.length === 0 ? null : verified.valid,
        complete: verified.complete,
        links: verified.links.length,
        breaks: verified.breaks.map(describeBreak),
      },
    });
  },
};

export function auditHandler(control: ControlVerbs): (admitted: Admitted) => Promise<Response> {
  checkHandlers('audit', VERBS);
  return async (admitted) => {
    const verb = VERBS[admitted.name];
    if (!verb) throw new FrostbyteError('INTERNAL_ERROR', 'This route has no handler.');
    const log = await control.auditLog(admitted.params.tenant_id!);
    return verb({ ...admitted, control, log });
  };
}

function answer(data: unknown, status = 200, meta?: unknown): Response {
  return Response.json({ success: true, data, ...(meta ? { meta } : {}) }, { status });
}

/** A type that does not exist would find nothing, which reads as if nothing had happened. */
function demandTypes(field: string, types: readonly string[]): void {
  const unknown = types.filter((type) => !Object.hasOwn(EVENTS, type));
  if (unknown.length === 0) return;
  throw new FrostbyteError('VALIDATION_ERROR', 'There is no such type of audit event.', {
    details: unknown.map((value) => ({ field, value, constraint: 'one of docs/audit-events.md' })),
  });
}

function cursorPosition(cursor: string): number {
  const position = Number(cursor);
  if (/^\d+$/.test(cursor) && Number.isSafeInteger(position)) return position;
  throw new FrostbyteError('VALIDATION_ERROR', 'The cursor is not one of ours; start without it.', {
    details: [{ field: 'cursor', constraint: 'as given in meta.cursor' }],
  });
}

/** What a break of the chain means, in words. */
const BREAKS: Readonly<Record<ProvenanceBreak['problem'], string>> = Object.freeze({
  hash_missing: 'The event does not name its hashes.',
  hash_differs: 'The input of this event is not the output of the event before it.',
  link_missing: 'An event between this one and the one before it is missing.',
  gate_not_passed: 'The document went on past a gate that had stopped it, and nobody had released it.',
});

function describeBreak({ event_id, problem, expected, found }: ProvenanceBreak) {
  return { event_id, expected, found, message: BREAKS[problem] };
}

/** A plain date means the whole day, from its first to its last millisecond. */
function wholeDays(filter: LogFilter): Pick<LogFilter, 'start_date' | 'end_date'> {
  const utc = (value: string, time: string) =>
    new Date(value.length === 10 ? `${value}T${time}Z` : value).toISOString();
  return {
    ...(filter.start_date ? { start_date: utc(filter.start_date, '00:00:00.000') } : {}),
    ...(filter.end_date ? { end_date: utc(filter.end_date, '23:59:59.999') } : {}),
  };
}

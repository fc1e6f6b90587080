import type { Markup } from '../../../api/markup.ts';
import { name } from '../../../api/markup.ts';
import type { AuditEventAnswer } from '../../../api/schemas/audit.ts';
import type { z } from '../../../api/zod.ts';
import { EVENT_TYPES } from '../../../gateway/event-types.ts';
import { RESOURCE_TYPES } from '../../../kernel/audit-event.ts';
import { choice } from '../../parts/form.tsx';
import type { PageParts } from '../../parts/layout.tsx';
import { olderLink } from '../../parts/lists.tsx';
import { emptyState, moment, number, pill, type Tone, UNSPELLED } from '../../parts/pieces.tsx';
import { tenantWays } from '../../parts/tenant-ways.tsx';
import type { Visit } from '../../visit.ts';
import { auditPath } from '../paths.ts';

export type AuditEvent = z.infer<typeof AuditEventAnswer>;
export type Outcome = 'success' | 'failure' | 'quarantined';

export const OUTCOME_TONES: Readonly<Record<Outcome, Tone>> = Object.freeze({
  success: 'good',
  failure: 'bad',
  quarantined: 'apart',
});
const OUTCOMES = ['success', 'failure', 'quarantined'] as const;
const FILTERS = ['event_type', 'resource_type', 'resource_id', 'actor', 'status', 'start_date', 'end_date'] as const;
const SHOWN = 50;

/** The events of a log, newest first, narrowed by filters that stand in the address: a view can be passed on as a link. */
export async function eventsPage(visit: Visit): Promise<PageParts> {
  const { t, api, params, query, language } = visit;
  const says = t.audit;
  const log = params.tenant_id!;
  const here = auditPath(log);
  const filters = Object.fromEntries(FILTERS.map((field) => [field, query.get(field) || undefined]));
  const { data, meta } = await api.get<AuditEvent[]>(`/audit/${log}/events`, {
    ...filters,
    cursor: query.get('after') ?? undefined,
    limit: SHOWN,
  });
  const main = (
    <>
      <div class="head">
        <div>
          <h1>{says.of(log)}</h1>
          <p class="lead">{says.says}</p>
        </div>
        <div class="actions">
          <a class="button second" href={auditPath(log, 'exports')}>
            {says.exports}
          </a>
        </div>
      </div>
      {log.startsWith('_') ? null : tenantWays(visit, 'audit')}
      {filterForm(visit, here)}
      <p class="soft small" role="status">
        {says.count(number(language, data.length), number(language, meta?.total ?? data.length))}
      </p>
      <div class="card">{data.length === 0 ? emptyState(says.none, says.noneSays) : eventTable(visit, log, data)}</div>
      {olderLink(t, here, query, meta?.cursor)}
    </>
  );
  return { title: says.of(log), main, current: '/audit' };
}

function filterForm({ t, query }: Visit, here: string): Markup {
  const says = t.audit;
  const value = (field: string) => query.get(field) ?? '';
  const day = (field: string, label: string) => (
    <p>
      <label for={field}>{label}</label>
      <input id={field} name={field} type="date" value={value(field).slice(0, 10)} />
    </p>
  );
  return (
    <search>
      <form method="get" action={here} class="card filter" aria-label={says.filters}>
        <p>
          <label for="event_type">{says.type}</label>
          {choice(
            'event_type',
            [['', says.anyType], ...EVENT_TYPES.map((one) => [one, one] as const)],
            value('event_type'),
          )}
        </p>
        <p>
          <label for="resource_type">{says.resource}</label>
          {choice(
            'resource_type',
            [['', says.anyResource], ...RESOURCE_TYPES.map((one) => [one, one] as const)],
            value('resource_type'),
          )}
        </p>
        <p>
          <label for="resource_id">{says.id}</label>
          <input id="resource_id" name="resource_id" maxlength={300} value={value('resource_id')} {...UNSPELLED} />
        </p>
        <p>
          <label for="actor">{says.actor}</label>
          <input id="actor" name="actor" maxlength={128} value={value('actor')} {...UNSPELLED} />
        </p>
        <p>
          <label for="status">{says.status}</label>
          {choice(
            'status',
            [['', says.anyStatus], ...OUTCOMES.map((one) => [one, says.statuses[one]] as const)],
            value('status'),
          )}
        </p>
        {day('start_date', says.from)}
        {day('end_date', says.to)}
        <p class="go">
          <button type="submit" class="button">
            {says.go}
          </button>
        </p>
      </form>
    </search>
  );
}

/** Events as rows, each with the way to itself and to the chain of what it is about. */
export function eventTable({ t, language, now }: Visit, log: string, events: readonly AuditEvent[]): Markup {
  const says = t.audit;
  return (
    <table class="rows list events">
      <thead>
        <tr>
          <th scope="col">{says.type}</th>
          <th scope="col">{says.status}</th>
          <th scope="col">{says.resource}</th>
          <th scope="col">{says.actor}</th>
          <th scope="col">{says.when}</th>
        </tr>
      </thead>
      <tbody>
        {events.map(({ event_id, event_type, details, resource_type, resource_id, actor, timestamp }) => (
          <tr>
            <th scope="row">
              <a href={auditPath(log, 'events', event_id)}>
                <code>{event_type}</code>
              </a>
            </th>
            <td>{outcome(t, details.status as Outcome)}</td>
            <td>
              <span class="soft small">{resource_type}</span> <code>{resource_id}</code>
            </td>
            <td data-label={says.actor}>{name(actor)}</td>
            <td>{moment(language, timestamp, now)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** How an event came out. */
export function outcome(t: Visit['t'], status: Outcome): Markup {
  return pill(OUTCOME_TONES[status] ?? 'quiet', t.audit.statuses[status] ?? status);
}

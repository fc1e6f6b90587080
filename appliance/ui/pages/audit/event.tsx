import { type Markup, name } from '../../../api/markup.ts';
import type { AuditEventDetail } from '../../../api/schemas/audit.ts';
import type { z } from '../../../api/zod.ts';
import type { PageParts } from '../../parts/layout.tsx';
import { copyable, facts, wholeMoment } from '../../parts/pieces.tsx';
import type { Visit } from '../../visit.ts';
import { auditPath } from '../paths.ts';
import { type Outcome, outcome } from './events.tsx';

/** One event: who did what, what came of it, and its place among the events of the same thing. */
export async function eventPage(visit: Visit): Promise<PageParts> {
  const { t, api, params, language, now } = visit;
  const says = t.audit;
  const log = params.tenant_id!;
  const path = `/audit/${log}/events/${encodeURIComponent(params.event_id!)}`;
  const { data: event } = await api.get<z.infer<typeof AuditEventDetail>>(path);
  const { resource_type, resource_id, details, references = [] } = event;
  const chain = `${auditPath(log, 'chain', resource_id)}?${new URLSearchParams({ resource_type })}`;
  const main = (
    <>
      <div class="head">
        <div>
          <h1>
            <code>{event.event_type}</code> {outcome(t, details.status as Outcome)}
          </h1>
          <p class="soft">
            {says.lineage(event.lineage_position, event.lineage_length)} · {copyable(t, event.event_id)}
          </p>
        </div>
        <div class="actions">
          <a class="button second" href={chain}>
            {says.showChain}
          </a>
        </div>
      </div>
      <section class="card">
        {facts([
          [says.when, wholeMoment(language, event.timestamp, now)],
          [says.actor, name(event.actor)],
          [
            says.resource,
            <>
              {resource_type} <code>{resource_id}</code>
            </>,
          ],
          [says.position, String(event.log_index)],
        ])}
        <p class="pager">
          {step(log, event.previous_event_id, `← ${says.previous}`, 'prev')}
          {step(log, event.next_event_id, `${says.next} →`, 'next')}
        </p>
      </section>
      <section class="card" aria-labelledby="details">
        <h2 id="details">{says.details}</h2>
        {facts(Object.entries(details).map(([field, value]) => [field, <code>{plain(value)}</code>] as const))}
      </section>
      {references.length === 0 ? null : (
        <section class="card" aria-labelledby="references">
          <h2 id="references">{says.references}</h2>
          <p class="soft">{says.referencesSay}</p>
          {facts(references.map((one) => [one.name, name(one.value)] as const))}
        </section>
      )}
    </>
  );
  return { title: event.event_type, main, current: '/audit' };
}

function step(log: string, eventId: string | null, says: string, rel: string): Markup | null {
  if (eventId === null) return null;
  return (
    <a href={auditPath(log, 'events', eventId)} rel={rel}>
      {says}
    </a>
  );
}

function plain(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

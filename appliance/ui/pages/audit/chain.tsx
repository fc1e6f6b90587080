import { type Markup, name } from '../../../api/markup.ts';
import type { ChainAnswer } from '../../../api/schemas/audit.ts';
import type { z } from '../../../api/zod.ts';
import type { PageParts } from '../../parts/layout.tsx';
import { copyable, pill, wholeMoment } from '../../parts/pieces.tsx';
import type { Visit } from '../../visit.ts';
import { auditPath } from '../paths.ts';
import { type AuditEvent, eventTable, type Outcome, outcome } from './events.tsx';

type Chain = z.infer<typeof ChainAnswer>;
type Break = Chain['hash_chain_verification']['breaks'][number];

/** The life of a thing as a drawn chain: what went into each step and what came out, red where one does not follow. */
export async function chainPage(visit: Visit): Promise<PageParts> {
  const { t, api, params, query } = visit;
  const says = t.audit;
  const log = params.tenant_id!;
  const id = params.resource_id!;
  const path = `/audit/${log}/chain/${encodeURIComponent(id)}`;
  const { data: chain } = await api.get<Chain>(path, { resource_type: query.get('resource_type') ?? undefined });
  const { breaks } = chain.hash_chain_verification;
  const main = (
    <>
      <div class="head">
        <div>
          <h1>
            {says.chain} {verdict(t, chain)}
          </h1>
          <p class="soft">
            {chain.resource_type} · {copyable(t, id)}
          </p>
          <p class="lead">{says.chainSays}</p>
        </div>
      </div>
      <section class="card" aria-label={says.chain}>
        <ol class="links-chain">{chain.events.map((event) => link(visit, log, event, breaks))}</ol>
      </section>
      {chain.retrievals.length === 0 ? null : (
        <section class="card" aria-labelledby="reads">
          <h2 id="reads">{says.reads}</h2>
          {eventTable(visit, log, chain.retrievals)}
        </section>
      )}
    </>
  );
  return { title: says.chain, main, current: '/audit' };
}

function verdict(t: Visit['t'], { hash_chain_verification: { valid, complete, breaks } }: Chain): Markup {
  const says = t.audit;
  if (valid === null) return pill('quiet', says.unchained);
  if (!valid) return pill('bad', says.broken(breaks.length));
  return (
    <>
      {pill('good', says.intact)} {complete ? null : <span class="soft small">{says.incomplete}</span>}
    </>
  );
}

function link({ t, language, now }: Visit, log: string, event: AuditEvent, breaks: readonly Break[]): Markup {
  const says = t.audit;
  const { event_id, event_type, details, timestamp, actor } = event;
  const broken = breaks.filter((one) => one.event_id === event_id);
  const isLink = details.input_hash !== undefined || details.output_hash !== undefined;
  const gate = details.gate === undefined ? null : <span class="soft"> {String(details.gate)}</span>;
  const kind = broken.length > 0 ? 'broken' : isLink ? 'link' : 'beside';
  return (
    <li class={kind} id={event_id}>
      <p class="step">
        <a href={auditPath(log, 'events', event_id)}>
          <code>{event_type}</code>
        </a>
        {gate} {outcome(t, details.status as Outcome)}{' '}
        <span class="soft small">
          {wholeMoment(language, timestamp, now)} · {name(actor)}
        </span>
      </p>
      {isLink ? (
        <dl class="hashes">
          {hash(t, says.input, details.input_hash)}
          {hash(t, says.output, details.output_hash)}
        </dl>
      ) : null}
      {broken.map(({ message, expected, found }) => (
        <div class="break" role="note">
          <p lang="en">{message}</p>
          <dl class="hashes">
            {hash(t, says.expected, expected ?? says.nothing)}
            {hash(t, says.found, found ?? says.nothing)}
          </dl>
        </div>
      ))}
    </li>
  );
}

function hash(t: Visit['t'], says: string, value: unknown): Markup | null {
  if (value === undefined) return null;
  return (
    <div>
      <dt>{says}</dt>
      <dd>{copyable(t, String(value))}</dd>
    </div>
  );
}

import type { Markup } from '../../api/markup.ts';
import { name } from '../../api/markup.ts';
import type { BoundaryAnswer } from '../../api/schemas/host.ts';
import type { z } from '../../api/zod.ts';
import { markOf, sent } from '../parts/form.tsx';
import type { PageParts } from '../parts/layout.tsx';
import { scrolledTable } from '../parts/lists.tsx';
import { copyable, emptyState, facts, pill, wholeMoment } from '../parts/pieces.tsx';
import { reloadHead, reloadMark } from '../parts/reload.tsx';
import type { Visit } from '../visit.ts';

type Statement = z.infer<typeof BoundaryAnswer>;

const HERE = '/boundary';
const RELOAD_S = 5;

/** Where the data of this box go: the statement that was made last, on the screen as on paper. */
export async function boundaryPage(visit: Visit): Promise<PageParts> {
  const { t, api, query } = visit;
  const says = t.box;
  const { data } = await api.get<Statement | null>('/audit/boundary');
  // Who asked for one waits for one that is newer than what they saw.
  const seen = query.get('after');
  const isAwaited = data?.being_made === true || (seen !== null && (data?.made_at ?? '') <= seen);
  const main = (
    <>
      {isAwaited ? reloadMark(RELOAD_S) : null}
      <div class="head">
        <div>
          <h1>
            {says.boundary} {data === null ? null : data.closed ? pill('good', says.closed) : pill('bad', says.open)}
          </h1>
          <p class="lead">{says.boundarySays}</p>
        </div>
        {data === null || isAwaited ? null : makeForm(visit, data.made_at)}
      </div>
      {isAwaited ? (
        <p class="told" role="status">
          {says.beingMade}
        </p>
      ) : null}
      {data === null ? (isAwaited ? null : none(visit)) : statement(visit, data)}
    </>
  );
  return { title: says.boundary, main, current: HERE, ...(isAwaited && { head: reloadHead(RELOAD_S) }) };
}

/** Has one made, and leads to where it is waited for. */
export async function makeBoundaryPage(visit: Visit): Promise<{ goTo: string }> {
  await visit.api.send('POST', '/admin/boundary', {}, sent(visit, 'mark'));
  return { goTo: `${HERE}?after=${encodeURIComponent(sent(visit, 'after'))}` };
}

function makeForm(visit: Visit, after: string): Markup | null {
  if (visit.caller.role !== 'admin') return null;
  return (
    <form method="post" action={HERE} class="actions">
      {markOf(visit)}
      <input type="hidden" name="after" value={after} />
      <button type="submit" class="button second">
        {visit.t.box.make}
      </button>
    </form>
  );
}

function none(visit: Visit): Markup {
  const says = visit.t.box;
  const isAdmin = visit.caller.role === 'admin';
  return (
    <div class="card">
      {emptyState(
        says.boundaryNone,
        isAdmin ? says.boundaryNoneSays : `${says.boundaryNoneSays} ${says.boundaryAsk}`,
        makeForm(visit, ''),
      )}
    </div>
  );
}

function statement({ t, language, now }: Visit, data: Statement): Markup {
  const says = t.box;
  const { made_at, host, version, closed, verdict, signer, sections } = data;
  return (
    <>
      <section class="card">
        <p class={closed ? 'told' : 'told wrong'} lang="en">
          {verdict}
        </p>
        {facts([
          [says.made, wholeMoment(language, made_at, now)],
          [says.host, name(host)],
          [says.version, <code>{version}</code>],
          [t.installer.release.signer, copyable(t, signer)],
        ])}
      </section>
      <div lang="en">
        {sections.map(({ title, columns, rows }, at) => (
          <section class="card" aria-labelledby={`section-${at}`}>
            <h2 id={`section-${at}`}>{title}</h2>
            {rows.length === 0
              ? '–'
              : scrolledTable(
                  columns,
                  rows.map(([first, ...cells]) => (
                    <tr>
                      <th scope="row">{name(first ?? '')}</th>
                      {cells.map((cell) => (
                        <td>{name(cell)}</td>
                      ))}
                    </tr>
                  )),
                )}
          </section>
        ))}
      </div>
      <section class="card">
        <p>{says.print}</p>
        <pre tabindex={0}>
          <code>frostbyte boundary --out ./boundary</code>
        </pre>
      </section>
    </>
  );
}

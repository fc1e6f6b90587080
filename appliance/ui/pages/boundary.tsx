import type { Markup } from '../../api/markup.ts';
import { code, name } from '../../api/markup.ts';
import type { BoundaryAnswer } from '../../api/schemas/host.ts';
import type { z } from '../../api/zod.ts';
import { markOf, sent } from '../parts/form.tsx';
import type { PageParts } from '../parts/layout.tsx';
import { scrolledTable } from '../parts/lists.tsx';
import { copyable, emptyState, facts, pill, wholeMoment } from '../parts/pieces.tsx';
import { reloadHead, reloadMark } from '../parts/reload.tsx';
import type { Visit } from '../visit.ts';

type Boundary = z.infer<typeof BoundaryAnswer>;
type Statement = NonNullable<Boundary['statement']>;

const HERE = '/boundary';
const RELOAD_S = 5;

/** Where the data of this box go: the statement that was made last, on the screen as on paper. */
export async function boundaryPage(visit: Visit): Promise<PageParts> {
  const { t, api } = visit;
  const says = t.box;
  const { data } = await api.get<Boundary>('/audit/boundary');
  const { statement, being_made: isAwaited, failed } = data;
  const main = (
    <>
      {isAwaited ? reloadMark(RELOAD_S) : null}
      <div class="head">
        <div>
          <h1>
            {says.boundary}{' '}
            {statement === null ? null : statement.closed ? pill('good', says.closed) : pill('bad', says.open)}
          </h1>
          <p class="lead">{says.boundarySays}</p>
        </div>
        {statement === null || isAwaited ? null : makeForm(visit)}
      </div>
      {isAwaited ? (
        <p class="told" role="status">
          {says.beingMade}
        </p>
      ) : null}
      {failed === null ? null : (
        <p class="told wrong" role="alert">
          {says.notMade} <span lang="en">{failed.message}</span> {code(failed.code)}
        </p>
      )}
      {statement === null ? (isAwaited ? null : none(visit)) : shown(visit, statement)}
    </>
  );
  return { title: says.boundary, main, current: HERE, ...(isAwaited && { head: reloadHead(RELOAD_S) }) };
}

/** Has one made, and leads to where it is waited for. */
export async function makeBoundaryPage(visit: Visit): Promise<{ goTo: string }> {
  await visit.api.send('POST', '/admin/boundary', {}, sent(visit, 'mark'));
  return { goTo: HERE };
}

function makeForm(visit: Visit): Markup | null {
  if (visit.caller.role !== 'admin') return null;
  return (
    <form method="post" action={HERE} class="actions">
      {markOf(visit)}
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
        makeForm(visit),
      )}
    </div>
  );
}

function shown({ t, language, now }: Visit, data: Statement): Markup {
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

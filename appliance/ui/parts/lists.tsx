import type { Markup } from '../../api/markup.ts';
import type { Texts } from '../texts/language.ts';

/** The states that a list can be narrowed to, as links: they work without script, and the back button knows them. */
export function stateFilter(
  t: Texts,
  path: string,
  states: readonly (readonly [state: string, says: string])[],
  current: string | undefined,
): Markup {
  const link = (to: string, says: string, isCurrent: boolean) =>
    isCurrent ? (
      <li>
        <a href={to} aria-current="true">
          {says}
        </a>
      </li>
    ) : (
      <li>
        <a href={to}>{says}</a>
      </li>
    );
  return (
    <ul class="filters">
      {link(path, t.all, current === undefined)}
      {states.map(([state, says]) => link(`${path}?status=${encodeURIComponent(state)}`, says, state === current))}
    </ul>
  );
}

/** What heads a column; one of numbers stands to the right. */
type Column = string | { number: string };

/** A list's table. */
export function listTable(columns: readonly Column[], rows: readonly Markup[]): Markup {
  return (
    <table class="rows list">
      <thead>
        <tr>
          {columns.map((column) =>
            typeof column === 'string' ? (
              <th scope="col">{column}</th>
            ) : (
              <th scope="col" class="n">
                {column.number}
              </th>
            ),
          )}
        </tr>
      </thead>
      <tbody>{rows}</tbody>
    </table>
  );
}

/** The same where it may be wider than the page: it moves by itself, and the page stays. */
export function scrolledTable(columns: readonly Column[], rows: readonly Markup[]): Markup {
  return <div class="scroll">{listTable(columns, rows)}</div>;
}

/** The way on to what came before, and back to the newest; nothing where there is neither. */
export function olderLink(
  t: Texts,
  path: string,
  query: URLSearchParams,
  cursor: string | null | undefined,
): Markup | null {
  const to = (after: string | null) => {
    const next = new URLSearchParams(query);
    if (after === null) next.delete('after');
    else next.set('after', after);
    const search = next.toString();
    return search === '' ? path : `${path}?${search}`;
  };
  if (!cursor && !query.has('after')) return null;
  return (
    <p class="pager">
      {query.has('after') ? <a href={to(null)}>{t.newest}</a> : null}
      {cursor ? (
        <a href={to(cursor)} rel="next">
          {t.older} →
        </a>
      ) : null}
    </p>
  );
}

import type { Markup } from '../../api/markup.ts';
import type { SupportListing } from '../../control/verbs.ts';
import type { Visit } from '../visit.ts';
import { markOf } from './form.tsx';
import { scrolledTable } from './lists.tsx';
import { number } from './pieces.tsx';

/** What a supporter would be sent, file by file, and above it the way to save it: it is read before it is saved. */
export function supportListing(
  visit: Pick<Visit, 't' | 'language' | 'mark'>,
  { files, bytes, missing }: SupportListing,
): Markup {
  const { t, language } = visit;
  const says = t.installer.support;
  return (
    <section class="card" aria-labelledby="bundle">
      <h2 id="bundle">{says.bundle}</h2>
      <p>{says.bundleSays}</p>
      <form method="post" action="support" class="spaced" data-saves>
        {markOf(visit)}
        <button type="submit" class="button">
          {says.save}
        </button>
      </form>
      {scrolledTable(
        [says.file, { number: says.bytes }, t.box.remark],
        [
          ...files.map(({ path, bytes: each, cut }) => (
            <tr>
              <th scope="row">
                <code>{path}</code>
              </th>
              <td class="n">{number(language, each)}</td>
              <td>{cut ? says.cut : ''}</td>
            </tr>
          )),
          ...missing.map(({ path, why }) => (
            <tr>
              <th scope="row">
                <code>{path}</code>
              </th>
              <td class="n">–</td>
              <td>
                {says.missing}: <span lang="en">{why}</span>
              </td>
            </tr>
          )),
        ],
      )}
      <p class="soft">{`${files.length} · ${number(language, bytes)} ${says.bytes}`}</p>
    </section>
  );
}

import type { Markup } from '../../../api/markup.ts';
import { findings } from '../../parts/findings.tsx';
import { markOf } from '../../parts/form.tsx';
import type { PageParts } from '../../parts/layout.tsx';
import { scrolledTable } from '../../parts/lists.tsx';
import { number } from '../../parts/pieces.tsx';
import type { SupportListing } from '../port.ts';
import type { InstallerVisit, SaveAs } from '../visit.ts';

/** What is wrong and how it is mended; and what a supporter would be sent. */
export async function supportPage(visit: InstallerVisit): Promise<PageParts> {
  const { t, installer } = visit;
  const says = t.installer.support;
  const [diagnosis, listing] = await Promise.all([installer.doctor(), installer.supportListing()]);
  const main = (
    <>
      <div class="head">
        <h1>{says.title}</h1>
      </div>
      {findings(t, diagnosis)}
      {bundle(visit, listing)}
    </>
  );
  return { title: says.title, main, current: 'support' };
}

export async function supportFile({ installer }: InstallerVisit): Promise<{ save: SaveAs }> {
  const { name, bytes } = await installer.supportBundle();
  return { save: { name, type: 'application/gzip', bytes } };
}

function bundle(visit: InstallerVisit, { files, bytes, missing }: SupportListing): Markup {
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

import { code, type Markup } from '../../../api/markup.ts';
import { markOf } from '../../parts/form.tsx';
import type { PageParts } from '../../parts/layout.tsx';
import { scrolledTable } from '../../parts/lists.tsx';
import { number, pill } from '../../parts/pieces.tsx';
import type { Diagnosis, SupportListing } from '../port.ts';
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
      {doctor(visit, diagnosis)}
      {bundle(visit, listing)}
    </>
  );
  return { title: says.title, main, current: '/support' };
}

export async function supportFile({ installer }: InstallerVisit): Promise<{ save: SaveAs }> {
  const { name, bytes } = await installer.supportBundle();
  return { save: { name, type: 'application/gzip', bytes } };
}

function doctor({ t }: InstallerVisit, { looked_for, findings, blind }: Diagnosis): Markup {
  const says = t.installer.support;
  return (
    <section class="card" aria-labelledby="doctor">
      <h2 id="doctor">{says.doctor}</h2>
      <p class="soft">{says.doctorSays(looked_for)}</p>
      {findings.length === 0 ? <p>{pill('good', says.healthy)}</p> : null}
      <div lang="en">
        {findings.map(({ code: which, title, why, mend, severity, found }) => (
          <article class="finding">
            <h3>
              {title} {pill(severity === 'warning' ? 'waiting' : 'bad', severity)}
            </h3>
            {found.map((each) => (
              <p>{each}</p>
            ))}
            <dl>
              <dt>{says.cause}</dt>
              <dd>{why}</dd>
              <dt>{says.mend}</dt>
              <dd>{mend}</dd>
            </dl>
            <p class="soft">{code(which)}</p>
          </article>
        ))}
      </div>
      {blind.length === 0 ? null : (
        <>
          <h3>{says.blind}</h3>
          <ul lang="en">
            {blind.map(({ what, why }) => (
              <li>
                {what}: {why}
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

function bundle(visit: InstallerVisit, { files, bytes, missing }: SupportListing): Markup {
  const { t, language } = visit;
  const says = t.installer.support;
  return (
    <section class="card" aria-labelledby="bundle">
      <h2 id="bundle">{says.bundle}</h2>
      <p>{says.bundleSays}</p>
      <form method="post" action="/support" class="spaced">
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

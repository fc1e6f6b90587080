import type { Markup } from '../../../api/markup.ts';
import { markOf } from '../../parts/form.tsx';
import type { PageParts } from '../../parts/layout.tsx';
import { scrolledTable } from '../../parts/lists.tsx';
import { emptyState, moment, pageHead, pill, type Tone } from '../../parts/pieces.tsx';
import type { EvidenceRecord } from '../port.ts';
import type { InstallerVisit, SaveAs } from '../visit.ts';

const TONES: Readonly<Record<string, Tone>> = Object.freeze({
  ok: 'good',
  refused: 'bad',
  failed: 'bad',
  overridden: 'apart',
});

/** The host's record, the newest first. */
export async function evidencePage(visit: InstallerVisit): Promise<PageParts> {
  const says = visit.t.installer.evidence;
  const records = await visit.installer.evidence();
  const main = (
    <>
      {pageHead(says.title, says.says)}
      <div class="card">
        {records.length === 0 ? emptyState(says.none, says.noneSays) : table(visit, records.toReversed())}
      </div>
      <section class="card" aria-labelledby="export">
        <h2 id="export">{says.export}</h2>
        <p>{says.exportSays}</p>
        <form method="post" action="/evidence">
          {markOf(visit)}
          <button type="submit" class="button">
            {says.make}
          </button>
        </form>
      </section>
    </>
  );
  return { title: says.title, main, current: '/evidence' };
}

/** The signed export as one file: what `frostbyte evidence verify --export` takes, unpacked. */
export async function evidenceFile({ installer }: InstallerVisit): Promise<{ save: SaveAs }> {
  const { name, bytes } = await installer.evidenceExport();
  return { save: { name, type: 'application/x-tar', bytes } };
}

function table({ t, language, now }: InstallerVisit, records: readonly EvidenceRecord[]): Markup {
  const says = t.installer.evidence;
  return scrolledTable(
    [says.when, says.who, says.what, says.bundle, says.result, says.hash],
    records.map(({ at, by, action, bundle, result, hash }) => (
      <tr>
        <td>{moment(language, at, now)}</td>
        <td>{by}</td>
        <th scope="row" lang="en">
          {action}
        </th>
        <td>{bundle ?? '–'}</td>
        <td lang="en">{pill(TONES[result] ?? 'quiet', result)}</td>
        <td>
          <code title={hash}>{hash.slice(0, 12)}</code>
        </td>
      </tr>
    )),
  );
}

import { evidenceTable } from '../../parts/evidence-table.tsx';
import { markOf } from '../../parts/form.tsx';
import type { PageParts } from '../../parts/layout.tsx';
import { emptyState, pageHead } from '../../parts/pieces.tsx';
import type { InstallerVisit, SaveAs } from '../visit.ts';

/** The host's record, the newest first. */
export async function evidencePage(visit: InstallerVisit): Promise<PageParts> {
  const says = visit.t.installer.evidence;
  const records = await visit.installer.evidence();
  const main = (
    <>
      {pageHead(says.title, says.says)}
      <div class="card">
        {records.length === 0 ? emptyState(says.none, says.noneSays) : evidenceTable(visit, records.toReversed())}
      </div>
      <section class="card" aria-labelledby="export">
        <h2 id="export">{says.export}</h2>
        <p>{says.exportSays}</p>
        <form method="post" action="evidence" data-saves>
          {markOf(visit)}
          <button type="submit" class="button">
            {says.make}
          </button>
        </form>
      </section>
    </>
  );
  return { title: says.title, main, current: 'evidence' };
}

/** The signed export as one file: what `frostbyte evidence verify --export` takes, unpacked. */
export async function evidenceFile({ installer }: InstallerVisit): Promise<{ save: SaveAs }> {
  const { name, bytes } = await installer.evidenceExport();
  return { save: { name, type: 'application/x-tar', bytes } };
}

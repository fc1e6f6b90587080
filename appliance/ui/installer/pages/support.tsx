import { findings } from '../../parts/findings.tsx';
import type { PageParts } from '../../parts/layout.tsx';
import { supportListing } from '../../parts/support-listing.tsx';
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
      {supportListing(visit, listing)}
    </>
  );
  return { title: says.title, main, current: 'support' };
}

export async function supportFile({ installer }: InstallerVisit): Promise<{ save: SaveAs }> {
  const { name, bytes } = await installer.supportBundle();
  return { save: { name, type: 'application/gzip', bytes } };
}

import type { SupportListingAnswer } from '../../../api/schemas/host.ts';
import type { z } from '../../../api/zod.ts';
import { sent } from '../../parts/form.tsx';
import type { PageParts } from '../../parts/layout.tsx';
import { pageHead } from '../../parts/pieces.tsx';
import { supportListing } from '../../parts/support-listing.tsx';
import type { Visit } from '../../visit.ts';

/** What a support bundle of this moment would hold, before anybody saves one. */
export async function supportPage(visit: Visit): Promise<PageParts> {
  const { t, api } = visit;
  const { data } = await api.get<z.infer<typeof SupportListingAnswer>>('/admin/support-bundle');
  const main = (
    <>
      {pageHead(t.box.support, t.box.supportSays)}
      {supportListing(visit, data)}
    </>
  );
  return { title: t.box.support, main, current: '/appliance' };
}

/** One, as a file that the browser saves. */
export async function supportFile(visit: Visit): Promise<{ save: Response }> {
  return { save: await visit.api.file('/admin/support-bundle', sent(visit, 'mark')) };
}

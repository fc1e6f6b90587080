import type { DiagnosisAnswer } from '../../../api/schemas/host.ts';
import type { z } from '../../../api/zod.ts';
import { findings } from '../../parts/findings.tsx';
import type { PageParts } from '../../parts/layout.tsx';
import { pageHead } from '../../parts/pieces.tsx';
import type { Visit } from '../../visit.ts';

/** What the doctor finds when it is asked, which is when the page is. */
export async function doctorPage({ t, api }: Visit): Promise<PageParts> {
  const { data } = await api.get<z.infer<typeof DiagnosisAnswer>>('/admin/doctor');
  const main = (
    <>
      {pageHead(t.box.doctor, t.box.doctorSays)}
      {findings(t, data)}
    </>
  );
  return { title: t.box.doctor, main, current: '/appliance' };
}

import type { RouteName } from '../../api/routes.ts';
import type { AcceptanceReport } from '../../api/schemas/ingest.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import type { DataRequest, DataRoute } from '../app.ts';
import { reportPage, reportPageHeaders } from '../report-page/page.ts';
import { storedReport } from '../stored-report.ts';
import { answer, found } from './answer.ts';

/** The acceptance report by itself, for programs and for people (spec 2). */
export const REPORT_ROUTES: Partial<Record<RouteName, DataRoute>> = {
  async batchReport(request) {
    const report = await reportOf(request);
    const headers = { vary: 'accept' };
    return wantsPage(request.request.headers.get('accept')) ? page(report, headers) : answer(report, { headers });
  },

  async batchReportPage(request) {
    return page(await reportOf(request));
  },
};

async function reportOf({ plane, params }: DataRequest): Promise<AcceptanceReport> {
  const batch = found(await plane.records.batch(params.batch_id!), 'batch');
  const report = await storedReport(plane.records, batch.batch_id);
  if (report !== null) return report;
  throw new FrostbyteError(
    'RESOURCE_NOT_FOUND',
    'The batch has no acceptance report yet: it is made when its last file has come to rest.',
  );
}

function page(report: AcceptanceReport, headers: Record<string, string> = {}): Response {
  return new Response(reportPage(report), { headers: { ...reportPageHeaders(report.batch_id), ...headers } });
}

/** A browser names text/html first; a program that asks for JSON, anything or nothing gets JSON. */
function wantsPage(accept: string | null): boolean {
  const weight = (type: string) =>
    (accept ?? '').split(',').reduce((best, part) => {
      const [name, ...parameters] = part
        .trim()
        .toLowerCase()
        .split(/\s*;\s*/);
      if (name !== type) return best;
      const q = Number(parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? 1);
      return Math.max(best, Number.isFinite(q) ? q : 0);
    }, 0);
  return weight('text/html') > weight('application/json');
}

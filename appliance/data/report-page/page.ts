import { html, raw } from 'hono/html';
import { name, textOf } from '../../api/markup.ts';
import type { AcceptanceReport } from '../../api/schemas/ingest.ts';
import { attention, leftOut } from './attention.ts';
import { fileTable, findings, receiptTable } from './files.ts';
import { heading, summary } from './overview.ts';
import { POLICY, STYLE } from './style.ts';

/**
 * The acceptance report as a page for people: one file, no script, nothing from elsewhere, made to be printed. The same
 * report always gives the same page. O(files).
 */
export function reportPage(report: AcceptanceReport): string {
  return textOf(html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>Acceptance report of batch ${report.batch_id}</title>
<style>${raw(STYLE)}</style>
</head>
<body>
${heading(report)}
<main>
${summary(report)}
${attention(report)}
${findings(report)}
${leftOut(report)}
${fileTable(report)}
${receiptTable(report)}
</main>
<footer><p>Report ${name(report.report_id)}${report.final ? ', entered in the audit log of the tenant with the completion of the batch' : ''}. All times are UTC. A document that came twice is counted once.</p></footer>
</body>
</html>
`);
}

/** What goes with the page over HTTP. */
export function reportPageHeaders(batchId: string): Record<string, string> {
  return {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': `${POLICY}; frame-ancestors 'none'`,
    'content-disposition': `inline; filename="acceptance-report-${batchId.replaceAll(/[^A-Za-z0-9._-]/g, '_')}.html"`,
    'referrer-policy': 'no-referrer',
  };
}

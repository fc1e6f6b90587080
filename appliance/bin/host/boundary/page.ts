import { html } from 'hono/html';
import { name, textOf } from '../../../api/markup.ts';
import { STYLE } from '../../../data/report-page/style.ts';
import { sectionsOf, verdictOf } from './sections.ts';
import type { BoundaryStatement } from './statement.ts';

/** The statement as one page to print: no script, nothing from elsewhere. `signer`: the fingerprint of who signed the JSON. */
export function boundaryPage(statement: BoundaryStatement, signer: string): string {
  const { host, version, made_at, bundle } = statement;
  const sections = sectionsOf(statement).map(
    ({ title, columns, rows }) => html`<section><h2>${title}</h2>
<table><thead><tr>${columns.map((column) => html`<th scope="col">${column}</th>`)}</tr></thead>
<tbody>${rows.map((row) => html`<tr>${row.map((cell) => html`<td>${name(cell)}</td>`)}</tr>`)}</tbody></table></section>
`,
  );
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Boundary statement of ${host}</title>
<style>`;
  const rest = html`</style></head><body>
<p class="brand">Frostbyte Appliance</p><h1>Boundary statement</h1>
<dl class="facts"><div><dt>Host</dt><dd>${name(host)}</dd></div><div><dt>Release</dt><dd>${version}</dd></div>
<div><dt>Made</dt><dd>${made_at}</dd></div><div><dt>Bundle signed by</dt><dd>${bundle?.signer ?? 'not believed'}</dd></div>
<div><dt>Statement signed by</dt><dd>${signer}</dd></div></dl>
<p class="verdict">${verdictOf(statement)}</p>
${sections}</body></html>
`;
  // Our own style, which is no markup of anybody else’s.
  return `${textOf(page)}${STYLE}${textOf(rest)}`;
}

import { createHash } from 'node:crypto';

/** The look of the printable report: self-contained, light and dark, for paper of any size, for narrow screens. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --ink: #17202a; --soft: #52606d; --rule: #d5dbe1; --ground: #ffffff; --panel: #f4f6f8; --accent: #0b4f7d;
  --indexed: #1a7f4b; --held: #b58105; --quarantined: #7b3fa0; --rejected: #b42318; --failed: #8a4b17;
  --cancelled: #66707a; --erased: #8d97a1; --missing: #3e4852;
  --blocked: #b42318; --warning: #8a5a00; --note: #3f5a73;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e8edf2; --soft: #a9b6c2; --rule: #38444f; --ground: #12181e; --panel: #1b242c; --accent: #7cc0f0;
    --indexed: #46b97c; --held: #dcae3c; --quarantined: #b884d8; --rejected: #f0766b; --failed: #d6945a;
    --cancelled: #98a3ad; --erased: #7c8893; --missing: #c4ced7;
    --blocked: #f58a80; --warning: #e3b341; --note: #9fbdd6;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0 auto; padding: 2rem 1.5rem 3rem; max-width: 62rem; background: var(--ground); color: var(--ink);
  font: 0.9375rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", Arial, sans-serif;
}
h1 { margin: 0; font-size: 1.75rem; line-height: 1.2; letter-spacing: -0.01em; }
h2 { margin: 2.5rem 0 0.75rem; padding-top: 1rem; border-top: 1px solid var(--rule); font-size: 1.2rem; }
h3 { margin: 0; font-size: 1rem; line-height: 1.4; }
p { margin: 0.25rem 0; }
.head { display: flex; flex-wrap: wrap; gap: 0.5rem 1rem; align-items: center; justify-content: space-between; }
.brand { margin: 0 0 0.25rem; color: var(--soft); font-size: 0.8125rem; letter-spacing: 0.04em; text-transform: uppercase; }
.stamp {
  padding: 0.25rem 0.75rem; border: 2px solid currentColor; border-radius: 0.375rem; font-weight: 650; color: var(--indexed);
}
.stamp.interim { color: var(--warning); }
dl.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)); gap: 0.5rem 1.5rem; margin: 1.25rem 0 0; }
dl.facts div { min-width: 0; }
dt { color: var(--soft); font-size: 0.8125rem; }
dd { margin: 0; overflow-wrap: anywhere; }
.verdict { margin: 0 0 1rem; font-size: 1.125rem; font-weight: 600; }
svg.bar { display: block; width: 100%; height: 1.5rem; border-radius: 0.25rem; background: var(--panel); }
.legend { display: flex; flex-wrap: wrap; gap: 0.25rem 1.5rem; margin: 0.75rem 0 0; padding: 0; list-style: none; }
.legend b { font-variant-numeric: tabular-nums; }
.legend .none { color: var(--soft); }
.dot { display: inline-block; width: 0.7rem; height: 0.7rem; margin-right: 0.4rem; border-radius: 0.15rem; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(7.6rem, 1fr)); gap: 0.6rem; margin: 1.25rem 0 0; }
.figures div { padding: 0.6rem 0.7rem; border-radius: 0.375rem; background: var(--panel); }
.figures dd { font-size: 1.3rem; font-weight: 600; font-variant-numeric: tabular-nums; line-height: 1.3; }
.figures small { display: block; color: var(--soft); font-size: 0.75rem; font-weight: 400; }
.problem { margin: 0 0 1rem; padding: 0.75rem 1rem; border-left: 0.3rem solid var(--rule); border-radius: 0.25rem; background: var(--panel); }
.problem.blocked { border-left-color: var(--blocked); }
.problem.warning { border-left-color: var(--warning); }
.problem .kind { font-size: 0.8125rem; font-weight: 650; }
.problem.blocked .kind { color: var(--blocked); }
.problem.warning .kind { color: var(--warning); }
.mend { margin: 0.25rem 0 0.5rem; }
.mend b { color: var(--accent); }
.concerned { margin: 0; padding: 0; list-style: none; columns: 20rem; column-gap: 2rem; }
.concerned li { padding-left: 0.9rem; text-indent: -0.9rem; break-inside: avoid; }
.concerned li::before { content: "– "; color: var(--soft); }
table { width: 100%; border-collapse: collapse; }
caption { padding: 0 0 0.5rem; color: var(--soft); text-align: left; }
th, td { padding: 0.4rem 0.75rem 0.4rem 0; border-bottom: 1px solid var(--rule); text-align: left; vertical-align: top; overflow-wrap: break-word; }
thead th { border-bottom: 2px solid var(--rule); color: var(--soft); font-size: 0.8125rem; font-weight: 600; vertical-align: bottom; }
tbody th { font-weight: 500; }
.figures dt { min-height: 2.5em; line-height: 1.25; }
table.wide { table-layout: fixed; }
table.wide .w1 { width: 27%; } table.wide .w2 { width: 16%; } table.wide .w3 { width: 7.5%; } table.wide .w4 { width: 8%; }
table.wide .w5 { width: 9.5%; } table.wide .w6 { width: 17%; } table.wide .w7 { width: 15%; }
table.proof { table-layout: fixed; }
table.proof .w1 { width: 24%; } table.proof .w2 { width: 17%; } table.proof .w3 { width: 59%; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
.small { color: var(--soft); font-size: 0.8125rem; }
.outcome { font-weight: 600; }
.name { overflow-wrap: anywhere; }
.unseen { padding: 0 0.2rem; border: 1px solid currentColor; border-radius: 0.2rem; color: var(--blocked); font-size: 0.75em; }
.mono, code { font-family: ui-monospace, "SF Mono", Consolas, "Liberation Mono", monospace; font-size: 0.8125em; overflow-wrap: anywhere; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(17rem, 1fr)); gap: 1.25rem 2.5rem; align-items: start; }
footer { margin-top: 2.5rem; padding-top: 1rem; border-top: 1px solid var(--rule); color: var(--soft); font-size: 0.8125rem; }
.f-indexed { fill: var(--indexed); } .b-indexed { background: var(--indexed); } .c-indexed { color: var(--indexed); }
.f-held { fill: var(--held); } .b-held { background: var(--held); } .c-held { color: var(--warning); }
.f-quarantined { fill: var(--quarantined); } .b-quarantined { background: var(--quarantined); } .c-quarantined { color: var(--quarantined); }
.f-rejected { fill: var(--rejected); } .b-rejected { background: var(--rejected); } .c-rejected { color: var(--rejected); }
.f-failed { fill: var(--failed); } .b-failed { background: var(--failed); } .c-failed { color: var(--failed); }
.f-cancelled { fill: var(--cancelled); } .b-cancelled { background: var(--cancelled); } .c-cancelled { color: var(--soft); }
.f-erased { fill: var(--erased); } .b-erased { background: var(--erased); } .c-erased { color: var(--soft); }
.f-missing { fill: var(--missing); } .b-missing { background: var(--missing); } .c-missing { color: var(--soft); }
@media screen and (max-width: 44rem) {
  body { padding: 1.25rem 1rem 2rem; }
  table.stack, table.stack caption, table.stack tbody, table.stack tr, table.stack th, table.stack td { display: block; }
  table.stack thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  table.stack tr { padding: 0.6rem 0; border-bottom: 1px solid var(--rule); }
  table.stack th, table.stack td { padding: 0.1rem 0; border: 0; text-align: left; white-space: normal; }
  table.stack td[data-label]::before { content: attr(data-label) ": "; color: var(--soft); }
}
@page { margin: 16mm 14mm 18mm; @bottom-right { content: counter(page) " / " counter(pages); font: 8pt sans-serif; } }
@media print {
  :root {
    color-scheme: light;
    --ink: #000000; --soft: #3d4852; --rule: #b8c1ca; --ground: #ffffff; --panel: #f4f6f8; --accent: #0b4f7d;
    --indexed: #1a7f4b; --held: #b58105; --quarantined: #7b3fa0; --rejected: #b42318; --failed: #8a4b17;
    --cancelled: #66707a; --erased: #8d97a1; --missing: #3e4852;
    --blocked: #b42318; --warning: #8a5a00; --note: #3f5a73;
  }
  * { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  body { max-width: none; padding: 0; font-size: 9.5pt; line-height: 1.4; }
  h1 { font-size: 19pt; }
  h2 { margin-top: 1.75rem; font-size: 13pt; }
  .figures { grid-template-columns: repeat(7, 1fr); gap: 4pt; }
  .figures div { padding: 4pt 5pt; }
  .figures dt, .figures small { font-size: 7.5pt; }
  .figures dd { font-size: 13pt; }
  th, td { padding: 3pt 6pt 3pt 0; }
  h1, h2, h3, caption { break-after: avoid; }
  thead { display: table-header-group; }
  tr, .figures div, .legend li, .pair table { break-inside: avoid; }
  .mono, code { font-size: 7.5pt; }
  .problem > h3, .problem > .kind, .problem > .mend { break-after: avoid; }
}
`;

/**
 * Sent with the page, and written into it too for whoever opens it from a folder: nothing is loaded, nothing runs, and
 * the one style is the one above.
 */
export const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

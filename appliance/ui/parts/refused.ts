import { html } from 'hono/html';
import { code, type Markup, name } from '../../api/markup.ts';
import type { Refusal } from '../api.ts';
import type { Texts } from '../texts/language.ts';

/** What went wrong, by its code, and what to do about it. The API's own words are English, and are marked as such. */
export function refused(t: Texts, refusal: Refusal): Markup {
  const mend = t.errors.mends[refusal.code] ?? t.errors.anyMend;
  return html`<section class="refused" role="alert" aria-labelledby="refused">
<h1 id="refused">${t.errors.title}</h1>
<p class="what"><span lang="en">${refusal.message}</span> ${code(refusal.code)}</p>
<h2>${t.errors.mend}</h2>
<p>${mend}${refusal.retryAfter === null ? null : html` ${t.errors.retryIn(refusal.retryAfter)}`}</p>
${details(t, refusal)}
${refusal.requestId === null ? null : html`<p class="soft">${t.errors.request} <code>${refusal.requestId}</code></p>`}
</section>`;
}

function details(t: Texts, { details: all }: Refusal): Markup | null {
  if (all.length === 0) return null;
  return html`<table class="rows"><thead><tr><th>${t.errors.field}</th><th>${t.errors.constraint}</th></tr></thead><tbody lang="en">${all
    .slice(0, 100)
    .map(
      ({ field, constraint, file, remediation }) =>
        html`<tr><td>${file === undefined ? null : html`${name(file)}: `}<code>${field}</code></td><td>${constraint}${remediation === undefined ? null : html` ${remediation}`}</td></tr>`,
    )}</tbody></table>`;
}

import { html, raw } from 'hono/html';

/** The API reference as one page without script or outside asset: it works in an air gap and prints. */

interface Operation {
  operationId: string;
  summary: string;
  description: string;
  tags: string[];
  parameters?: { name: string; in: string; required?: boolean; schema: unknown }[];
  requestBody?: { content: Record<string, { schema: unknown }> };
  responses: Record<string, { description: string; content?: Record<string, { schema: unknown }> }>;
}

type Document = Record<string, unknown>;

/** Renders the OpenAPI document as HTML. Everything from the document is escaped. */
export function referencePage(document: Document): string {
  const info = document.info as { title: string; version: string; description: string };
  const operations = Object.entries(document.paths as Record<string, Record<string, Operation>>).flatMap(
    ([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const tags = [...new Set(operations.flatMap(({ operation }) => operation.tags))];
  const schemas = Object.entries((document.components as { schemas?: Record<string, unknown> }).schemas ?? {});
  const page = html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${info.title} ${info.version}: API</title>${raw(STYLE)}</head>
<body>
<header><h1>${info.title} <small>API ${info.version}</small></h1><p>${info.description} The same as data: <a href="/api/v1/openapi.json">openapi.json</a>.</p></header>
<nav aria-label="Contents">${tags.map((tag) => html`<section><h2>${tag}</h2><ul>${operations.filter(({ operation }) => operation.tags.includes(tag)).map(({ operation }) => html`<li><a href="#${operation.operationId}">${operation.summary}</a></li>`)}</ul></section>`)}</nav>
<main>
${tags.map((tag) => html`<section><h2>${tag}</h2>${operations.filter(({ operation }) => operation.tags.includes(tag)).map(({ path, method, operation }) => article(path, method, operation))}</section>`)}
<section><h2 id="schemas">Schemas</h2>${schemas.map(([name, schema]) => html`<article id="schema-${name}"><h3>${name}</h3><pre>${JSON.stringify(schema, null, 2)}</pre></article>`)}</section>
</main>
</body></html>`;
  return String(page);
}

function article(path: string, method: string, operation: Operation) {
  const bodies = Object.entries(operation.requestBody?.content ?? {});
  return html`<article id="${operation.operationId}">
<h3><span class="method ${method}">${method.toUpperCase()}</span> <code>/api/v1${path}</code></h3>
<p><strong>${operation.summary}.</strong> ${operation.description}</p>
${operation.parameters?.length ? html`<table><thead><tr><th>Parameter</th><th>In</th><th>Form</th></tr></thead><tbody>${operation.parameters.map((p) => html`<tr><td><code>${p.name}</code>${p.required ? ' *' : ''}</td><td>${p.in}</td><td><code>${JSON.stringify(p.schema)}</code></td></tr>`)}</tbody></table>` : ''}
${bodies.map(([type, { schema }]) => html`<details><summary>Body <code>${type}</code></summary><pre>${JSON.stringify(schema, null, 2)}</pre></details>`)}
<table><thead><tr><th>Answer</th><th>Meaning</th></tr></thead><tbody>${Object.entries(operation.responses).map(([status, response]) => html`<tr><td>${status}</td><td>${response.description}${answerForm(status, response)}</td></tr>`)}</tbody></table>
</article>`;
}

function answerForm(status: string, response: Operation['responses'][string]) {
  const [content] = Object.values(response.content ?? {});
  if (!status.startsWith('2') || !content) return '';
  return html`<details><summary>Form</summary><pre>${JSON.stringify(content.schema, null, 2)}</pre></details>`;
}

const STYLE = `<style>
:root{color-scheme:light dark;--ink:#16202a;--soft:#55616d;--line:#d5dbe1;--ground:#fff;--raise:#f4f6f8;--accent:#0b5cad}
@media(prefers-color-scheme:dark){:root{--ink:#e6ebf0;--soft:#a3b0bc;--line:#33404c;--ground:#10171d;--raise:#18222b;--accent:#7db8f2}}
*{box-sizing:border-box}body{margin:0;font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--ground)}
header,nav,main{max-width:70rem;margin:0 auto;padding:1rem 1.25rem}h1{margin:.5rem 0}h1 small,h2{color:var(--soft);font-weight:600}
nav{display:flex;flex-wrap:wrap;gap:0 2.5rem;border-bottom:1px solid var(--line)}nav ul{padding-left:1.1rem;margin:.25rem 0 1rem}
a{color:var(--accent)}article{border:1px solid var(--line);border-radius:8px;padding:.25rem 1rem 1rem;margin:1rem 0;background:var(--raise);overflow-wrap:anywhere}
.method{display:inline-block;min-width:4.2rem;text-align:center;border-radius:4px;padding:.1rem .4rem;color:#fff;background:#4a5560;font-size:.85rem}
.get{background:#1c6b3c}.post{background:#0b5cad}.patch{background:#8a5a00}.delete{background:#a12a2a}
table{border-collapse:collapse;width:100%;margin:.75rem 0}th,td{text-align:left;vertical-align:top;padding:.3rem .5rem;border-bottom:1px solid var(--line)}
pre{overflow:auto;max-height:30rem;padding:.75rem;background:var(--ground);border:1px solid var(--line);border-radius:6px;font-size:.85rem}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
@media print{nav{display:none}article{break-inside:avoid}}
</style>`;

import { type Markup, name } from '../../api/markup.ts';
import { WRITERS } from '../../api/route.ts';
import type { DiffAnswer } from '../../api/schemas/diff.ts';
import type { DocumentAnswer } from '../../api/schemas/query.ts';
import type { z } from '../../api/zod.ts';
import { choice } from '../parts/form.tsx';
import type { PageParts } from '../parts/layout.tsx';
import { scrolledTable } from '../parts/lists.tsx';
import { emptyState, exact, number, pill, type Tone, UNSPELLED } from '../parts/pieces.tsx';
import type { Texts } from '../texts/language.ts';
import type { Visit } from '../visit.ts';
import { tenantPath } from './paths.ts';

type Change = DiffAnswer['changes'][number];
type Kind = Change['kind'];
type Version = DiffAnswer['later'];
type Box = NonNullable<Change['before']>['boxes'][number];

const KINDS: readonly Kind[] = ['changed', 'came', 'went', 'moved', 'stayed'];
const TONES: Readonly<Record<Kind, Tone>> = Object.freeze({
  stayed: 'quiet',
  moved: 'running',
  changed: 'waiting',
  came: 'good',
  went: 'bad',
});
/** Changes that a page of ours lists; a table of ten thousand rows has one page. */
const LISTED = 300;

/** What an earlier reading of a document, or another revision of its file, has otherwise: passage by passage, and where. */
export async function diffPage(visit: Visit): Promise<PageParts> {
  const { t, api, params, query } = visit;
  const says = t.diff;
  const tenant = params.tenant_id!;
  const path = `/query/${tenant}/document/${encodeURIComponent(params.doc_id!)}`;
  const asked = { run: query.get('run')?.trim() || undefined, against: query.get('against')?.trim() || undefined };
  const [{ data: document }, { data: diff }] = await Promise.all([
    api.get<z.infer<typeof DocumentAnswer>>(path, { limit: 1 }),
    api.get<DiffAnswer>(`${path}/diff`, {
      ...(asked.against === undefined ? { run: asked.run } : { against: asked.against }),
      page: query.get('page') || undefined,
    }),
  ]);
  const own = tenantPath(tenant, 'documents', params.doc_id!);
  const main = (
    <>
      <div class="head">
        <div>
          <h1>{name(document.original_filename)}</h1>
          <p class="lead">{diff.earlier === null ? says.title : sinceOf(visit, diff, diff.earlier)}</p>
        </div>
        <p class="pager">
          <a href={own}>{t.sheet.all}</a>
        </p>
      </div>
      <section class="card" aria-labelledby="summary">
        <h2 id="summary">{says.title}</h2>
        {diff.earlier === null ? emptyState(says.none, says.noneSays) : summary(visit, diff, own)}
        {choose(visit, diff, own)}
      </section>
      {diff.earlier === null ? null : (
        <div class={diff.width > 0 ? 'beside' : 'below'}>
          {diff.width > 0 ? (
            <section class="card" aria-label={says.marks}>
              {drawn(visit, diff, path)}
            </section>
          ) : null}
          <section class="card" aria-labelledby="changes">
            <h2 id="changes">
              {says.changes}{' '}
              <span class="soft small">
                {says.page} {diff.page}
              </span>
            </h2>
            {changes(t, diff)}
          </section>
        </div>
      )}
    </>
  );
  return { title: `${says.title}: ${document.original_filename}`, main, current: tenantPath(tenant, 'documents') };
}

function sinceOf({ t, language }: Visit, { doc_id }: DiffAnswer, earlier: Version): string {
  return earlier.doc_id === doc_id
    ? t.diff.since(exact(language, new Date(earlier.published_at)), parserOf(earlier))
    : t.diff.sinceOther(earlier.doc_id);
}

function parserOf({ stage1_parser_version, stage2_parser_version }: Version): string {
  return [stage1_parser_version, stage2_parser_version].filter((one) => one !== null).join(' · ') || '–';
}

/** How many passages of each kind, in all and by page. */
function summary({ t, language, query }: Visit, diff: DiffAnswer, own: string): Markup {
  const says = t.diff;
  const to = (page: number) => {
    const next = new URLSearchParams(query);
    next.set('page', String(page));
    return `${own}/diff?${next}`;
  };
  const count = (kind: string, words: string, value: number) => (
    <div class={value === 0 ? `${kind} zero` : kind}>
      <dd>{number(language, value)}</dd>
      <dt>{words}</dt>
    </div>
  );
  return (
    <>
      <dl class="counts" aria-label={says.passages}>
        {KINDS.map((kind) => count(kind, says.kinds[kind]!, diff.summary[kind]))}
        {count('anew', says.gates, diff.summary.gates)}
      </dl>
      {diff.pages.length < 2
        ? null
        : scrolledTable(
            [says.page, ...KINDS.map((kind) => ({ number: says.kinds[kind]! }))],
            diff.pages.map((page) => (
              <tr>
                <th scope="row">
                  <a href={to(page.page)} aria-current={page.page === diff.page ? 'page' : undefined}>
                    {says.page} {page.page}
                  </a>
                </th>
                {KINDS.map((kind) => (
                  <td class={page[kind] === 0 ? 'n soft' : 'n'}>{number(language, page[kind])}</td>
                ))}
              </tr>
            )),
          )}
    </>
  );
}

/** Which version is held against the one that is served. It stands in the address, so that a view can be passed on. */
function choose({ t, language, query }: Visit, { doc_id, versions, earlier }: DiffAnswer, own: string): Markup {
  const says = t.diff;
  const isOther = earlier !== null && earlier.doc_id !== doc_id;
  return (
    <div class="versions">
      {versions.length < (isOther ? 1 : 2) ? null : (
        <form action={`${own}/diff`}>
          <label for="run">{says.earlier}</label>
          {choice(
            'run',
            versions.map((version) => [
              String(version.run),
              says.version(exact(language, new Date(version.published_at)), parserOf(version), version.config_version),
            ]),
            isOther ? '' : String(earlier?.run),
          )}
          <button type="submit" class="button second">
            {says.compare}
          </button>
        </form>
      )}
      <form action={`${own}/diff`}>
        <label for="against">{says.other}</label>
        <input
          id="against"
          name="against"
          value={isOther ? earlier.doc_id : (query.get('against') ?? '')}
          pattern="doc_[0-9a-f]{16}"
          maxlength={20}
          placeholder="doc_0123456789abcdef"
          autocomplete="off"
          {...UNSPELLED}
          required
          aria-describedby="against-says"
        />
        <button type="submit" class="button second">
          {says.compare}
        </button>
        <p class="hint" id="against-says">
          {says.otherSays}
        </p>
      </form>
    </div>
  );
}

/** The page as it is served, and over it what changed; what went is dashed, where both are of the same file. */
function drawn({ t, caller }: Visit, diff: DiffAnswer, path: string): Markup {
  const { width, height, doc_id, earlier } = diff;
  const ofOneFile = earlier?.doc_id === doc_id;
  const shown = new Set<Kind>();
  const here = diff.changes.map((change, at) => {
    const { kind, before, after } = change;
    const side = after?.page === diff.page ? after : ofOneFile && before?.page === diff.page ? before : null;
    if (side === null || side.boxes.length === 0) return null;
    // What stands here no more, since it moved to another page, is drawn as what went.
    const as = side === after ? kind : 'went';
    shown.add(as);
    return as === 'stayed' ? (
      <g class="d-stayed">{side.boxes.map(rect)}</g>
    ) : (
      <a href={`#change-${at}`} id={`on-${at}`} tabindex={-1} class={`d-${as}`}>
        {side.boxes.map(rect)}
      </a>
    );
  });
  return (
    <>
      <svg class="sheet-view diff-view" viewBox={`0 0 ${width} ${height}`} aria-hidden="true" focusable="false">
        <rect class="paper" width={String(width)} height={String(height)} />
        {diff.has_picture && WRITERS.includes(caller.role) ? (
          <image
            href={`/api/v1${path}/preview/picture?page=${diff.page}`}
            width={String(width)}
            height={String(height)}
            preserveAspectRatio="none"
          />
        ) : null}
        {here}
      </svg>
      <ul class="legend">
        {KINDS.filter((kind) => shown.has(kind)).map((kind) => (
          <li>
            <i class={`k-${kind}`} /> {t.diff.kinds[kind]}
          </li>
        ))}
      </ul>
    </>
  );
}

function rect({ x, y, width, height }: Box): Markup {
  return <rect x={String(x)} y={String(y)} width={String(width)} height={String(height)} rx="2" />;
}

function changes(t: Texts, diff: DiffAnswer): Markup {
  const says = t.diff;
  const all = diff.changes.map((change, at) => ({ change, at }));
  const told = all.filter(({ change }) => change.kind !== 'stayed' || change.gates);
  const stayed = all.length - told.length;
  return (
    <>
      {told.length === 0 ? <p class="soft">{says.noChanges}</p> : null}
      {told.some(({ change }) => change.kind === 'went' && change.before?.text === null) ? (
        <p class="soft small">{says.unshown}</p>
      ) : null}
      <ol class="chunks">{told.slice(0, LISTED).map(({ change, at }) => shown(t, diff, change, at))}</ol>
      {told.length > LISTED ? <p class="soft">{says.more(told.length - LISTED)}</p> : null}
      {stayed > 0 ? <p class="soft">{says.stayed(stayed)}</p> : null}
    </>
  );
}

function shown(t: Texts, diff: DiffAnswer, { kind, gates, before, after, added, gone }: Change, at: number): Markup {
  const says = t.diff;
  const side = (after ?? before)!;
  const isPlaced = diff.width > 0 && side.boxes.length > 0 && side.page === diff.page;
  const isOtherPage = before !== null && after !== null && before.page !== after.page;
  const elements = t.document.elements;
  return (
    <li class={`chunk d-${kind} e-${side.element_type}`} id={`change-${at}`}>
      {side.text === null ? (
        <p class="soft">{after === null ? says.wentSays(side.characters) : t.sheet.apart}</p>
      ) : (
        <div class="words" tabindex={side.element_type === 'table' ? 0 : undefined}>
          {after === null ? <del>{side.text}</del> : marked(side.text, added)}
        </div>
      )}
      <p class="gates">
        {pill(TONES[kind], says.kinds[kind]!)}
        <span>{elements[side.element_type] ?? side.element_type}</span>
        {before !== null && after !== null && before.element_type !== after.element_type ? (
          <span class="marked">{says.wasKind(elements[before.element_type] ?? before.element_type)}</span>
        ) : null}
        {isOtherPage ? <span>{after.page === diff.page ? says.from(before.page) : says.to(after.page)}</span> : null}
        {gone > 0 ? <span>{says.gone(gone)}</span> : null}
        {gates ? <span class="marked">{says.gatesSays}</span> : null}
        {gates && before?.standing === 'quarantined' ? <span>{says.apartBefore}</span> : null}
        {gates && before?.redacted === true ? <span>{says.redactedBefore}</span> : null}
        {isPlaced ? <a href={`#on-${at}`}>{t.sheet.onPage}</a> : null}
      </p>
    </li>
  );
}

/** A text with what is new in it marked. */
function marked(text: string, added: Change['added']): Markup {
  const pieces: (Markup | string)[] = [];
  let from = 0;
  for (const [start, end] of added) {
    pieces.push(text.slice(from, start), <ins>{text.slice(start, end)}</ins>);
    from = end;
  }
  return (
    <>
      {pieces}
      {text.slice(from)}
    </>
  );
}

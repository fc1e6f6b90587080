import { type Markup, name } from '../../api/markup.ts';
import { CLASSES, type RetrievalProof } from '../../api/schemas/query.ts';
import { highlighted } from '../parts/highlight.tsx';
import type { PageParts } from '../parts/layout.tsx';
import { copyable, emptyState, facts, pill, type Tone } from '../parts/pieces.tsx';
import type { Visit } from '../visit.ts';
import { tenantPath } from './paths.ts';

const TONES: Readonly<Record<string, Tone>> = Object.freeze({ strong: 'good', partial: 'waiting', none: 'quiet' });
const COUNTS = [5, 10, 20, 50] as const;

interface Asked {
  question: string;
  classification: (typeof CLASSES)[number] | undefined;
  count: (typeof COUNTS)[number];
}

/** Where a search begins. */
export async function searchPage(visit: Visit): Promise<PageParts> {
  const says = visit.t.search;
  const asked: Asked = { question: '', classification: undefined, count: 10 };
  return page(visit, asked, <div class="card">{emptyState(says.empty, says.emptySays)}</div>);
}

/** What a search found. The question comes in the body, so that no address and no history keeps it. */
export async function searchResultPage(visit: Visit): Promise<PageParts> {
  const { form, api, params } = visit;
  const text = (field: string) => String(form.get(field) ?? '');
  const asked: Asked = {
    question: text('question').trim(),
    classification: CLASSES.find((one) => one === text('classification')),
    count: COUNTS.find((one) => String(one) === text('count')) ?? 10,
  };
  if (asked.question === '') return searchPage(visit);
  const { question, classification, count } = asked;
  const body = { query_text: question, top_k: count, ...(classification ? { filters: { classification } } : {}) };
  const { data } = await api.send<RetrievalProof>('POST', `/query/${params.tenant_id}/search`, body, text('mark'));
  return page(visit, asked, found(visit, question, data));
}

function page({ t, params, mark }: Visit, { question, classification, count }: Asked, below: Markup): PageParts {
  const says = t.search;
  const here = tenantPath(params.tenant_id!, 'search');
  const option = (value: string, shown: string, isChosen: boolean) =>
    isChosen ? (
      <option value={value} selected>
        {shown}
      </option>
    ) : (
      <option value={value}>{shown}</option>
    );
  const main = (
    <>
      <div class="head">
        <h1>{says.title}</h1>
      </div>
      <search>
        <form method="post" action={here} class="card ask">
          <input type="hidden" name="mark" value={mark} />
          <p class="question">
            <label for="question">{says.question}</label>
            <input id="question" name="question" type="search" maxlength={10000} required value={question} />
          </p>
          <p>
            <label for="classification">{says.class}</label>
            <select id="classification" name="classification">
              {option('', says.anyClass, classification === undefined)}
              {CLASSES.map((one) => option(one, one, one === classification))}
            </select>
          </p>
          <p>
            <label for="count">{says.hits}</label>
            <select id="count" name="count">
              {COUNTS.map((one) => option(String(one), String(one), one === count))}
            </select>
          </p>
          <p>
            <button type="submit" class="button">
              {says.go}
            </button>
          </p>
        </form>
      </search>
      {below}
    </>
  );
  return { title: says.title, main, current: here };
}

function found({ t }: Visit, question: string, proof: RetrievalProof): Markup {
  const says = t.search;
  const { chunks, evidence } = proof;
  if (chunks.length === 0)
    return (
      <div class="card" role="status">
        {emptyState(says.nothing, says.nothingSays)}
      </div>
    );
  return (
    <>
      <p class="verdict" role="status">
        {pill(TONES[evidence]!, says.evidence[evidence]!)} {says.evidenceSays[evidence]}{' '}
        <span class="soft">{says.passage(chunks.length)}</span>
      </p>
      {proof.model_version_match ? null : <p class="told">{says.otherModel}</p>}
      <ol class="hits">{chunks.map((chunk) => hit(t, proof.tenant_id, question, chunk))}</ol>
      <section class="card" aria-labelledby="proof">
        <h2 id="proof">{says.proof}</h2>
        <p>{says.proofSays}</p>
        {facts([
          [says.query, copyable(t, proof.query_id)],
          [
            t.document.model,
            <code>
              {proof.embed_model} {proof.embed_version}
            </code>,
          ],
        ])}
        <p class="actions">
          <a
            class="button second"
            download={`retrieval-proof-${proof.query_id}.json`}
            href={`data:application/json;base64,${Buffer.from(JSON.stringify(proof, null, 2)).toString('base64')}`}
          >
            {says.download}
          </a>
        </p>
      </section>
    </>
  );
}

function hit(t: Visit['t'], tenant: string, question: string, chunk: RetrievalProof['chunks'][number]): Markup {
  const says = t.search;
  const { doc_id, chunk_id, original_filename, page: at, section_title, similarity_score: score, audit } = chunk;
  return (
    <li class="card hit">
      <h2>
        <a href={`${tenantPath(tenant, 'documents', doc_id)}#${chunk_id}`}>{name(original_filename)}</a>
      </h2>
      <p class="soft small">
        {t.document.page(at)}
        {section_title === null ? null : <> · {name(section_title)}</>} · {chunk.classification} ·{' '}
        <span class="score">
          {says.similarity}{' '}
          <meter min="0" max="1" value={score.toFixed(3)}>
            {score.toFixed(2)}
          </meter>{' '}
          {score.toFixed(2)}
        </span>
      </p>
      {chunk.boxes === null ? null : (
        <p class="small">
          <a href={`${tenantPath(tenant, 'documents', doc_id, 'pages', String(at))}#on-${chunk_id}`}>
            {t.sheet.onPage}
          </a>
        </p>
      )}
      <blockquote class="words">{highlighted(chunk.text, question)}</blockquote>
      <details>
        <summary>{says.proof}</summary>
        {facts([
          [t.document.chunks, copyable(t, chunk_id)],
          [says.source, copyable(t, chunk.source_sha256)],
          [says.canonical, copyable(t, chunk.canonical_sha256)],
          [says.event, copyable(t, audit.event_id)],
          [says.position, audit.log_index === null ? '–' : String(audit.log_index)],
        ])}
      </details>
    </li>
  );
}

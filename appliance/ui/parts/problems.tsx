import { code, type Markup, name } from '../../api/markup.ts';
import type { BatchStatus } from '../../api/schemas/ingest.ts';
import { REMEDIES, type ReportCode } from '../../kernel/remedies.ts';
import type { Texts } from '../texts/language.ts';

interface Problem {
  code: string;
  severity: 'blocked' | 'warning';
  message: string;
  remediation: string;
  concerned: { file: string; page: number | null; remark: string | null }[];
}

/** Files named with a problem at once; the rest is one click away. */
const NAMED = 5;

/**
 * What is to be done about a batch, what keeps files out of search first, the same problem of many files once. `reviews`: where
 * whoever looks may decide about those that are held; null where they may not.
 */
export function problems(t: Texts, batch: BatchStatus, reviews: string | null): Markup {
  const all = problemsOf(batch);
  const says = t.batch;
  const none = batch.acceptance_report === null ? says.notSettled : says.noProblems;
  return (
    <section class="card" aria-labelledby="problems">
      <h2 id="problems">{says.problems}</h2>
      {all.length === 0 ? <p class="soft">{none}</p> : all.map((problem) => shown(t, problem, reviews))}
    </section>
  );
}

function shown(
  t: Texts,
  { code: of, severity, message, remediation, concerned }: Problem,
  reviews: string | null,
): Markup {
  const says = t.batch;
  const files = (some: Problem['concerned']) => (
    <ul class="concerned">
      {some.map(({ file, page, remark }) => (
        <li>
          {name(file)}
          {page === null ? null : <>, {says.page(page)}</>}
          {remark === null ? null : (
            <>
              : <span lang="en">{remark}</span>
            </>
          )}
        </li>
      ))}
    </ul>
  );
  return (
    <article class={`problem ${severity}`}>
      <h3>
        <span lang="en">{message}</span>
      </h3>
      <p class="kind">
        {severity === 'blocked' ? says.blocked : says.warning} · {says.concerned(concerned.length)} · {code(of)}
      </p>
      <p class="mend">
        <b>{says.mend}</b> <span lang="en">{remediation}</span>
        {of === 'HELD_FOR_REVIEW' && reviews !== null ? (
          <>
            {' '}
            <a href={reviews}>{t.review.open}</a>
          </>
        ) : null}
      </p>
      {files(concerned.slice(0, NAMED))}
      {concerned.length <= NAMED ? null : (
        <details>
          <summary>{says.more(concerned.length - NAMED)}</summary>
          {files(concerned.slice(NAMED))}
        </details>
      )}
    </article>
  );
}

/** From the acceptance report where there is one, else from what went wrong so far. */
function problemsOf({ acceptance_report: report, files }: BatchStatus): Problem[] {
  const groups = new Map<string, Problem>();
  const add = (
    of: Omit<Problem, 'concerned' | 'severity'> & { severity: string },
    file: string,
    page: number | null,
  ) => {
    if (of.severity !== 'blocked' && of.severity !== 'warning') return;
    const key = JSON.stringify([of.code, of.remediation]);
    const group = groups.get(key) ?? { ...of, severity: of.severity, concerned: [] };
    groups.set(key, group);
    group.concerned.push({ file, page, remark: group.message === of.message ? null : of.message });
  };
  if (report !== null) {
    for (const file of report.files) for (const one of file.problems) add(one, file.original_filename, one.page);
  } else {
    for (const { error, original_filename } of files) {
      if (error === null) continue;
      const known = Object.hasOwn(REMEDIES, error.code) ? REMEDIES[error.code as ReportCode] : REMEDIES.INTERNAL_ERROR;
      add({ ...known, code: error.code, message: error.message }, original_filename, null);
    }
  }
  const weight = ({ severity, concerned }: Problem) => (severity === 'blocked' ? 1e6 : 0) + concerned.length;
  return [...groups.values()].sort((a, b) => weight(b) - weight(a));
}

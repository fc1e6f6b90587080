import { code, type Markup, name } from '../../api/markup.ts';
import type { Refusal } from '../api.ts';
import type { Texts } from '../texts/language.ts';

/** What went wrong, by its code, and what to do about it. The API's own words are English, and are marked as such. */
export function refused(t: Texts, refusal: Refusal): Markup {
  const mend = t.errors.mends[refusal.code] ?? t.errors.anyMend;
  return (
    <section class="refused" role="alert" aria-labelledby="refused">
      <h1 id="refused">{t.errors.title}</h1>
      <p class="what">
        <span lang="en">{refusal.message}</span> {code(refusal.code)}
      </p>
      <h2>{t.errors.mend}</h2>
      <p>
        {mend}
        {refusal.retryAfter === null ? null : <> {t.errors.retryIn(refusal.retryAfter)}</>}
      </p>
      {details(t, refusal)}
      {refusal.requestId === null ? null : (
        <p class="soft">
          {t.errors.request} <code>{refusal.requestId}</code>
        </p>
      )}
    </section>
  );
}

/** What stands at an address that leads nowhere. */
export function nowhere(t: Texts): Markup {
  const says = t.errors;
  return (
    <section class="refused">
      <h1>{says.notFound}</h1>
      <p>{says.notFoundSays}</p>
      <p>
        <a href="/">{t.home}</a>
      </p>
    </section>
  );
}

function details(t: Texts, { details: all }: Refusal): Markup | null {
  if (all.length === 0) return null;
  return (
    <table class="rows">
      <thead>
        <tr>
          <th>{t.errors.field}</th>
          <th>{t.errors.constraint}</th>
        </tr>
      </thead>
      <tbody lang="en">
        {all.slice(0, 100).map(({ field, constraint, file, remediation }) => (
          <tr>
            <td>
              {file === undefined ? null : <>{name(file)}: </>}
              <code>{field}</code>
            </td>
            <td>
              {constraint}
              {remediation === undefined ? null : <> {remediation}</>}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

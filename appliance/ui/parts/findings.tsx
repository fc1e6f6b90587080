import { code, type Markup } from '../../api/markup.ts';
import type { HostDiagnosis } from '../../control/verbs.ts';
import type { Texts } from '../texts/language.ts';
import { pill } from './pieces.tsx';

/** What the doctor found: each failure with its cause and its mend, and what could not be looked at. */
export function findings(t: Texts, { looked_for, findings: all, blind }: HostDiagnosis): Markup {
  const says = t.installer.support;
  return (
    <section class="card" aria-labelledby="doctor">
      <h2 id="doctor">{says.doctor}</h2>
      <p class="soft">{says.doctorSays(looked_for)}</p>
      {all.length === 0 ? <p>{pill('good', says.healthy)}</p> : null}
      <div lang="en">
        {all.map(({ code: which, title, why, mend, severity, found }) => (
          <article class="finding">
            <h3>
              {title} {pill(severity === 'warning' ? 'waiting' : 'bad', severity)}
            </h3>
            {found.map((each) => (
              <p>{each}</p>
            ))}
            <dl>
              <dt>{says.cause}</dt>
              <dd>{why}</dd>
              <dt>{says.mend}</dt>
              <dd>{mend}</dd>
            </dl>
            <p class="soft">{code(which)}</p>
          </article>
        ))}
      </div>
      {blind.length === 0 ? null : (
        <>
          <h3>{says.blind}</h3>
          <ul lang="en">
            {blind.map(({ what, why }) => (
              <li>
                {what}: {why}
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

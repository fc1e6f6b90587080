import type { Markup } from '../../api/markup.ts';
import type { IsolationReport } from '../../control/verbs.ts';
import type { Texts } from '../texts/language.ts';
import { pill } from './pieces.tsx';

type Check = IsolationReport['checks'][number];

/**
 * A report of the isolation check, store by store: each has tests of its own, and of each it says what opened, what was denied,
 * and what should have been.
 */
export function isolationTries(t: Texts, { checks, tenant_id }: IsolationReport): Markup {
  const says = t.tenant;
  const stores = Map.groupBy(checks, ({ store }) => store);
  return (
    <table class="rows tries">
      <thead>
        <tr>
          <th scope="col">{says.store}</th>
          <th scope="col">{says.tried}</th>
          <th scope="col">{says.came}</th>
        </tr>
      </thead>
      {[...stores].map(([store, ofStore]) => {
        const tests = [...Map.groupBy(ofStore, ({ test }) => test)];
        return (
          <tbody>
            {tests.map(([test, some], at) => (
              <tr>
                {at === 0 ? (
                  <th scope="rowgroup" rowspan={tests.length}>
                    {store}
                  </th>
                ) : null}
                <td lang="en">{test}</td>
                <td>{result(t, tenant_id, some)}</td>
              </tr>
            ))}
          </tbody>
        );
      })}
    </table>
  );
}

function result(t: Texts, own: string, checks: readonly Check[]): Markup {
  const says = t.tenant;
  const of = (one: Check['result']) => checks.filter((check) => check.result === one).length;
  // What the tenant cannot open of its own is as wrong as what it can open of another's.
  const closed = checks.filter((check) => check.target === own && check.result === 'DENIED').length;
  const denied = of('DENIED') - closed;
  return (
    <>
      {of('ALLOWED') > 0 ? pill('bad', says.allowed(of('ALLOWED'))) : null}{' '}
      {closed > 0 ? pill('bad', says.denied(closed)) : null} {of('OK') > 0 ? pill('good', says.opens) : null}{' '}
      {denied > 0 ? pill('good', says.denied(denied)) : null}{' '}
      {of('SKIPPED') === checks.length ? pill('quiet', says.skipped) : null}
    </>
  );
}

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

/** The same at a glance: every store with its tests, a square each. */
export function isolationMatrix(t: Texts, { checks, tenant_id }: IsolationReport): Markup {
  const says = t.ofTenant;
  return (
    <>
      <p class="soft small">{says.matrixSays}</p>
      <table class="matrix">
        <caption class="unseen-label">{says.matrix}</caption>
        <tbody>
          {[...Map.groupBy(checks, ({ store }) => store)].map(([store, ofStore]) => {
            const tests = [...Map.groupBy(ofStore, ({ test }) => test)].map(([test, some]) => ({
              test,
              tone: toneOf(tenant_id, some),
            }));
            const good = tests.filter(({ tone }) => tone === 'good').length;
            return (
              <tr>
                <th scope="row">{store}</th>
                <td>
                  <span class="squares" role="img" aria-label={says.cells(good, tests.length)}>
                    {tests.map(({ test, tone }) => (
                      <i class={`q-${tone}`} title={test} />
                    ))}
                  </span>
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </>
  );
}

/** How a test came out over all whom it was tried on. */
function toneOf(own: string, checks: readonly Check[]): 'good' | 'bad' | 'quiet' {
  if (checks.some((check) => check.result === 'ALLOWED' || isShut(own, check) || isSilent(check))) return 'bad';
  return checks.every(({ result: came }) => came === 'SKIPPED') ? 'quiet' : 'good';
}

/** What should have been tried and gave no answer is no refusal. */
const isSilent = ({ reason }: Check): boolean => reason !== undefined;

/** What the tenant cannot open of its own is as wrong as what it can open of another's. */
function isShut(own: string, { target, result: came }: Check): boolean {
  return target === own && came === 'DENIED';
}

function result(t: Texts, own: string, checks: readonly Check[]): Markup {
  const says = t.tenant;
  const of = (one: Check['result']) => checks.filter((check) => check.result === one).length;
  const closed = checks.filter((check) => isShut(own, check)).length;
  const denied = of('DENIED') - closed;
  return (
    <>
      {of('ALLOWED') > 0 ? pill('bad', says.allowed(of('ALLOWED'))) : null}{' '}
      {closed > 0 ? pill('bad', says.denied(closed)) : null} {of('OK') > 0 ? pill('good', says.opens) : null}{' '}
      {denied > 0 ? pill('good', says.denied(denied)) : null} {checks.some(isSilent) ? pill('bad', says.silent) : null}{' '}
      {of('SKIPPED') === checks.length && !checks.some(isSilent) ? pill('quiet', says.skipped) : null}
    </>
  );
}

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AlertReport, ControlVerbs, MeasuredPlots } from '../../../appliance/control/verbs.ts';
import { gatewayWorld } from '../../support/gateway-world.ts';

const SECRET = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ';
const AT = '2026-01-01T12:00:00.000Z';
const MEASURED: MeasuredPlots = {
  from: '2026-01-01T11:00:00.000Z',
  to: AT,
  step_seconds: 60,
  times: ['2026-01-01T11:30:00.000Z', AT],
  plots: [
    { plot: 'files', unit: 'count', lines: [{ line: 'accepted', points: [4, 12] }] },
    { plot: 'search_time', unit: 'seconds', lines: [{ line: 'p95', points: [null, 0.25] }] },
    { plot: 'gates', unit: 'count', lines: [{ line: 'pass', points: [null, null] }] },
    {
      plot: 'requests',
      unit: 'count',
      lines: [
        { line: '2xx', points: [700, 298] },
        { line: '5xx', points: [2, 0] },
      ],
    },
  ],
};
const REPORT: AlertReport = {
  evaluated_at: AT,
  alerts: [
    ['TenantStorageGrowthTrend', 'low', 'acme'],
    ['ParseFailureRateHigh', 'critical', 'acme'],
    ['DeadLetterQueueGrowth', 'high', 'beta'],
  ].map(([rule, severity, tenant_id]) => ({
    ...{ rule: rule!, severity: severity as 'low', tenant_id: tenant_id! },
    ...{ value: 0.75, above: 0.5, since: AT, summary: `${rule} holds.`, mend: 'Mend <it>.' },
  })),
  rules: [{ rule: 'ParseFailureRateHigh', severity: 'critical', summary: 'ParseFailureRateHigh holds.' }],
};

async function page(path: string, verbs: Partial<ControlVerbs> = {}): Promise<string> {
  const { request } = gatewayWorld({
    verbs: {
      session: async () => ({
        ...{ subject: 'frode', role: 'admin', tenant_id: null, jti: 'j', expires_at: '' },
        scopes: ['ingest', 'query', 'admin', 'audit'],
      }),
      plots: async () => MEASURED,
      alerts: async () => REPORT,
      ...verbs,
    },
  });
  const answer = await request('GET', path, { headers: { accept: 'text/html', cookie: `frostbyte=${SECRET}` } });
  assert.equal(answer.status, 200);
  return answer.text();
}

describe('what the box measured of itself', () => {
  it('is drawn, with its numbers in words, and says where there is nothing', async () => {
    const text = await page('/measures');
    assert.match(text, /aria-label="Files received: accepted 16, most 12"/);
    assert.match(text, /aria-label="Time to search: 95 of 100 within 250 ms, most 250 ms"/);
    assert.match(text, /Answers of the gates<\/figcaption><p class="soft small">Nothing was measured/);
    assert.match(text, /<dd>99\u00a0%<\/dd><dt>Requests served without a fault/, 'never whole where it is not');
  });

  it('asks for as much time as was chosen, and for none that nobody offers', async () => {
    const asked: number[] = [];
    const plots: ControlVerbs['plots'] = async ({ hours }) => {
      asked.push(hours);
      return MEASURED;
    };
    for (const hours of ['168', '5000', 'x']) await page(`/measures?hours=${hours}`, { plots });
    assert.deepEqual(asked, [168, 6, 6]);
  });
});

describe('alerts', () => {
  it('stand with the gravest first, each with its tenant and its mend', async () => {
    const text = await page('/alerts');
    const order = [...text.matchAll(/<article[\s\S]*?<code>(\w+)<\/code>/g)].map(([, rule]) => rule);
    assert.deepEqual(order, ['ParseFailureRateHigh', 'DeadLetterQueueGrowth', 'TenantStorageGrowthTrend']);
    assert.match(text, /href="\/tenants\/beta\/measures"/);
    assert.ok(text.includes('Mend &lt;it&gt;.'));
  });

  it('of a tenant’s page are its own', async () => {
    const text = await page('/tenants/acme/measures');
    assert.ok(text.includes('ParseFailureRateHigh') && !text.includes('DeadLetterQueueGrowth'));
  });

  it('that are none are a word', async () => {
    const text = await page('/alerts', { alerts: async () => ({ ...REPORT, alerts: [] }) });
    assert.match(text, /No rule holds/);
  });
});

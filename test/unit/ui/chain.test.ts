import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ControlVerbs } from '../../../appliance/control/verbs.ts';
import { gatewayWorld } from '../../support/gateway-world.ts';

const SECRET = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ';
const DOC = 'doc_0123456789abcdef';
const [RAW, CANONICAL, OTHER] = ['a', 'b', 'c'].map((digit) => `sha256:${digit.repeat(64)}`);

function event(at: number, type: string, details: Record<string, string>) {
  return {
    event_id: `0197a000-0000-7000-8000-00000000000${at}`,
    tenant_id: 'acme',
    event_type: type,
    timestamp: `2026-01-01T00:00:0${at}.000Z`,
    actor: 'system',
    resource_type: 'document',
    resource_id: DOC,
    details: { component: 'parse-worker', status: 'success', ...details },
    previous_event_id: null,
    log_index: at,
  };
}

/** The page of a document's chain whose parse took this in. */
async function chainWith(input: string): Promise<string> {
  const events = [
    event(1, 'DOCUMENT_INGESTED', { input_hash: RAW!, output_hash: RAW! }),
    event(2, 'DOCUMENT_PARSED', { input_hash: input, output_hash: CANONICAL! }),
  ];
  const verbs: Partial<ControlVerbs> = {
    session: async () => ({
      ...{ subject: 'astrid', role: 'auditor', tenant_id: null, scopes: ['audit'], jti: 'j', expires_at: '' },
    }),
    auditLog: async () => ({ count: async () => 2, resource: async () => events, readsOf: async () => [] }) as never,
  };
  const { request } = gatewayWorld({ verbs });
  const headers = { accept: 'text/html', cookie: `frostbyte=${SECRET}` };
  const answer = await request('GET', `/audit/acme/chain/${DOC}`, { headers });
  assert.equal(answer.status, 200);
  return answer.text();
}

describe('a drawn provenance chain', () => {
  it('is unbroken where every hash follows the one before it', async () => {
    const page = await chainWith(RAW!);
    assert.match(page, /The chain is unbroken/);
    assert.doesNotMatch(page, /class="broken"/);
  });

  it('is red where one does not: what was expected stands beside what was found', async () => {
    const page = await chainWith(OTHER!);
    assert.match(page, /The chain is broken in 1 place/);
    const [, broken] = /<li class="broken"([\s\S]*?)<\/li>/.exec(page)!;
    assert.match(broken!, /DOCUMENT_PARSED/);
    const breaks = broken!.slice(broken!.indexOf('class="break"'));
    assert.ok(breaks.includes(RAW!) && breaks.includes(OTHER!), breaks);
    assert.equal(page.match(/<li class="link"/g)?.length, 1);
  });
});

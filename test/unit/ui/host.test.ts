import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { BoundaryReport, ControlVerbs, InstallationReport } from '../../../appliance/control/verbs.ts';
import { forgeryMark } from '../../../appliance/gateway/session-cookie.ts';
import { gatewayWorld } from '../../support/gateway-world.ts';

const SECRET = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ';
const AT = '2026-01-01T12:00:00.000Z';
const HASH = 'ab'.repeat(32);
const INSTALLED: InstallationReport = {
  release: { version: '1.2.3', counter: 17, arch: 'amd64', manifest_sha256: HASH, signer: 'SHA256:signer' },
  images: [{ name: 'frostbyte.local/redis:1.2.3', digest: `sha256:${HASH}`, bytes: 40_000_000 }],
  containers: [{ name: 'frostbyte-redis-1', image: 'frostbyte.local/redis:1.2.3', image_id: HASH, running: true }],
  networks: [{ name: 'frostbyte-core', internal: false, subnets: ['172.28.0.0/24'], members: 3 }],
  evidence: {
    count: 2,
    head: HASH,
    records: [
      { n: 0, at: AT, by: 'root', action: 'verify', bundle: '1.2.3 (17)', result: 'ok', hash: HASH },
      { n: 1, at: AT, by: 'root (frida)', action: 'install', bundle: '1.2.3 (17)', result: 'ok', hash: HASH },
    ],
  },
};
const STATEMENT: NonNullable<BoundaryReport['statement']> = {
  ...{ made_at: AT, host: '<box>', version: '1.2.3', closed: false, signer: 'SHA256:host' },
  verdict: 'This box is NOT shown to be closed.',
  sections: [{ title: 'Networks of containers', columns: ['Network', 'Leads'], rows: [['core', 'OUT']] }],
};

function world(verbs: Partial<ControlVerbs> = {}, role: 'admin' | 'auditor' = 'admin') {
  const { request, calls } = gatewayWorld({
    verbs: {
      session: async () => ({
        ...{ subject: 'frode', role, tenant_id: null, jti: 'j', expires_at: '' },
        scopes: role === 'admin' ? ['ingest', 'query', 'admin', 'audit'] : ['audit'],
      }),
      installation: async () => INSTALLED,
      boundary: async () => ({ statement: STATEMENT, being_made: false, failed: null }),
      ...verbs,
    },
  });
  const headers = { accept: 'text/html', cookie: `frostbyte=${SECRET}`, origin: 'http://localhost' };
  return {
    calls,
    look: (path: string) => request('GET', path, { headers }),
    send: (path: string, fields: Record<string, string>) =>
      request('POST', path, {
        headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ mark: forgeryMark(SECRET), ...fields }).toString(),
      }),
  };
}

describe('the pages about the host', () => {
  it('show the release, its images by digest, networks that lead out in red, and the record with the newest first', async () => {
    const text = await (await world().look('/appliance')).text();
    assert.match(text, new RegExp(`sha256:${HASH}`));
    assert.match(text, /frostbyte-core<\/code><\/th><td><span class="pill t-bad">OUT/);
    assert.ok(text.indexOf('root (frida)') < text.indexOf('>verify<'));
    assert.match(text, /2 records, each with the hash/);
  });

  it('say what cannot be seen, and what was never installed from a bundle', async () => {
    const blind = { ...INSTALLED, containers: null, networks: null, evidence: null };
    const text = await (await world({ installation: async () => blind }).look('/appliance')).text();
    assert.match(text, /The engine does not say/);
    assert.match(text, /frostbyte evidence verify says where/);
    const none = { release: null, images: [], containers: [], networks: [], evidence: null };
    assert.match(
      await (await world({ installation: async () => none }).look('/appliance')).text(),
      /was not installed from a bundle/,
    );
  });

  it('show the boundary statement as it was signed, to whoever runs the box and to whoever audits, and nothing of it as markup', async () => {
    for (const role of ['admin', 'auditor'] as const) {
      const text = await (await world({}, role).look('/boundary')).text();
      assert.match(text, /NOT shown to be closed/);
      assert.match(text, /&lt;box&gt;/);
      assert.match(text, /Networks of containers/);
      assert.equal(text.includes('Make it anew'), role === 'admin');
    }
  });

  it('have a statement made, and wait for it for as long as it is being made', async () => {
    const { send, calls } = world();
    const sent = await send('/boundary', {});
    assert.equal(sent.headers.get('location'), '/boundary');
    assert.ok(calls.some(({ verb }) => verb === 'makeBoundary'));
    const boundary = (change: Partial<BoundaryReport>): Promise<Response> =>
      world({ boundary: async () => ({ statement: STATEMENT, being_made: false, failed: null, ...change }) }).look(
        '/boundary',
      );
    assert.match(await (await boundary({ being_made: true })).text(), /A statement is being made/);
    const failed = { at: AT, code: 'OPERATION_FAILED', message: 'No <engine> answers.' };
    const text = await (await boundary({ failed })).text();
    assert.match(text, /No newer one could be made[\s\S]*No &lt;engine&gt; answers/);
    assert.match(text, /Make it anew/);
  });

  it('offer a first statement where there is none, to whoever may have one made', async () => {
    const none = { boundary: async () => ({ statement: null, being_made: false, failed: null }) };
    assert.match(await (await world(none).look('/boundary')).text(), /Make it anew/);
    assert.match(await (await world(none, 'auditor').look('/boundary')).text(), /Ask whoever runs the box/);
  });

  it('list what a support bundle would hold before one is saved, and save it under the name of who asked', async () => {
    const listing = {
      files: [{ path: 'logs/<kernel>.log', bytes: 123_456, cut: true }],
      bytes: 45_678,
      missing: [{ path: 'metrics.txt', why: 'no answer <of> the gateway' }],
    };
    const made = new Uint8Array([0x1f, 0x8b, 8, 0]);
    const { look, send, calls } = world({ supportListing: async () => listing, supportBundle: async () => made });
    assert.match(await (await look('/appliance')).text(), /href="\/support"/);
    const text = await (await look('/support')).text();
    assert.match(text, /logs\/&lt;kernel&gt;\.log<\/code><\/th><td class="n">123,456<\/td><td>its end/);
    assert.match(text, /metrics\.txt[\s\S]*no answer &lt;of&gt; the gateway/);
    assert.ok(!calls.some(({ verb }) => verb === 'supportBundle'), 'a look makes none');
    const saved = await send('/support', {});
    assert.match(
      saved.headers.get('content-disposition')!,
      /^attachment; filename="frostbyte-support-\d{8}T\d{6}Z\.tar\.gz"$/,
    );
    assert.deepEqual(new Uint8Array(await saved.arrayBuffer()), made);
    assert.deepEqual(calls.find(({ verb }) => verb === 'supportBundle')!.args, ['frode']);
    const forged = await send('/support', { mark: 'A'.repeat(43) });
    assert.equal(forged.status, 403);
    assert.equal((await world({}, 'auditor').look('/support')).status, 403);
  });

  it('say what the doctor found, with cause and mend, and what could not be seen', async () => {
    const diagnose: ControlVerbs['diagnose'] = async () => ({
      looked_for: 31,
      ok: false,
      findings: [
        {
          code: 'X',
          title: 'A disk is full',
          why: 'Copies.',
          mend: 'Make room.',
          severity: 'trouble',
          found: ['/var <full>'],
        },
      ],
      blind: [{ what: 'the engine', why: 'it is away' }],
    });
    const text = await (await world({ diagnose }).look('/doctor')).text();
    for (const said of [
      '31 known failures',
      'A disk is full',
      'Make room.',
      '/var &lt;full&gt;',
      'the engine: it is away',
    ])
      assert.ok(text.includes(said), said);
  });
});

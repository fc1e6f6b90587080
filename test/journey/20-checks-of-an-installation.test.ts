import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { installationChecks } from '../../appliance/bin/host/installation-checks.ts';
import type { CheckRun, InstallationChecks } from '../../appliance/bundle/install/tools.ts';
import { createClient } from '../../appliance/cli/client.ts';
import type { Tenant } from '../../appliance/control/verbs.ts';
import { CHECKER } from '../../appliance/kernel/closed-door.ts';
import { type Appliance, startAppliance } from '../support/appliance.ts';

const NAME = 'Check of the installation (temporary)';
const DOCUMENT = resolve(import.meta.dirname, '../../docs/samples/contract-warehouse-lease.pdf');

/** What proves an installation by using it: a document through all stages, and no way from one tenant to another. */
describe('the checks of an installation', () => {
  let appliance: Appliance;
  let checks: InstallationChecks;
  const notes: string[] = [];
  let stop = new AbortController();
  const run = (): CheckRun => ({
    signal: stop.signal,
    note: (text) => void notes.push(text),
    progress: () => undefined,
  });
  before(async () => {
    appliance = await startAppliance();
    const client = (token: string) => createClient({ url: appliance.url, token });
    let token: string | null = null;
    checks = installationChecks({
      client,
      async admin() {
        token ??= await appliance.token({ role: 'admin', subject: 'whoever-installs' });
        return client(token);
      },
    });
  });
  after(() => appliance?.end());
  beforeEach(() => {
    notes.length = 0;
    stop = new AbortController();
  });
  const tenants = async () =>
    (await (await appliance.admin()).all<Tenant>('/admin/tenants')).filter((one) => one.state !== 'DEPROVISIONED');
  const ours = async () =>
    (await tenants()).filter((one) => one.tenant_id.startsWith('installcheck') && one.tenant_name === NAME).length;

  it('send a document through, find it, erase it, and leave two tenants for the other check, which leaves nothing', async () => {
    await checks.smoke(DOCUMENT, run());
    assert.equal(await ours(), 2);
    assert.deepEqual(notes.slice(1), [
      'contract-warehouse-lease.pdf went through intake, parse, policy, embed, index',
      'it was found by search, and by nobody else',
      'it was erased, and is found no more',
    ]);
    await checks.isolation(run());
    assert.equal(await ours(), 0);
    assert.match(notes.at(-2)!, /^\d\d+ tries by 2 tenants: each got at what is its own, and at nothing else$/);
    const admin = await appliance.admin();
    const { data } = await admin.send<{ revoked: number }>('POST', '/admin/tokens/revoke', {
      subject: CHECKER,
      reason: 'to see',
    });
    assert.equal(data.revoked, 0, 'their tokens are dead');
  });

  it('make tenants of their own where none were left, and check those of the site with them', async () => {
    await appliance.createTenant('nordlaw');
    await checks.isolation(run());
    assert.match(notes.at(-2)!, /tries by 3 tenants/);
    assert.deepEqual(
      (await tenants()).map(({ tenant_id }) => tenant_id),
      ['nordlaw'],
    );
  });

  it('take away what a killed one left, in whatever state, and nothing of the site that is called alike', async () => {
    const admin = await appliance.admin();
    const make = (tenant_id: string, tenant_name: string) =>
      admin.send('POST', '/admin/tenants', { tenant_id, tenant_name, contact_email: 'a@b.example', tier: 'standard' });
    await make('installcheckabcd1234', NAME);
    await make('installcheckofnorth1', 'North');
    await make('northern', NAME);
    await checks.clear(run());
    const left = (await tenants()).map(({ tenant_id }) => tenant_id).sort();
    assert.deepEqual(left, ['installcheckofnorth1', 'nordlaw', 'northern']);
    assert.deepEqual(notes, ['gone again: installcheckabcd1234']);
  });

  it('fail where a document does not come through, and say how far it came', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'frostbyte-broken-'));
    try {
      const broken = join(folder, 'broken.pdf');
      writeFileSync(broken, '%PDF-1.7\nnothing that a reader could make sense of\n%%EOF\n');
      await assert.rejects(checks.smoke(broken, run()), {
        code: 'OPERATION_FAILED',
        message: /the document did not come through: it is parse_failed, not through parse.*FILE_CORRUPTED/,
      });
    } finally {
      await rm(folder, { recursive: true });
    }
    assert.equal(await ours(), 2, 'for whoever looks why');
    await checks.clear(run());
    assert.equal(await ours(), 0);
  });

  it('stop when they are told to', async () => {
    stop.abort();
    await assert.rejects(checks.smoke(DOCUMENT, run()), { name: 'AbortError' });
    stop = new AbortController();
    await checks.clear(run());
  });
});

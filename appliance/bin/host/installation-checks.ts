import { randomInt } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { BatchStatus } from '../../api/schemas/ingest.ts';
import type { DeletionReceipt, RetrievalProof } from '../../api/schemas/query.ts';
import type { CheckRun, InstallationChecks } from '../../bundle/install/tools.ts';
import type { Sample } from '../../bundle/upgrade/tools.ts';
import type { Client } from '../../cli/client.ts';
import { submitFolder } from '../../cli/commands/ingest.ts';
import { askUntil, withinLimits } from '../../cli/waiting.ts';
import type { IsolationReport, IssuedToken, Tenant } from '../../control/verbs.ts';
import { CHECKER } from '../../kernel/closed-door.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { notIsolated } from './not-isolated.ts';

/** The appliance as an administrator reaches it: through its own front door. */
export interface Site {
  /** An administrator of this check; the same again while it lives. */
  admin(): Promise<Client>;
  client(token: string): Client;
}

/** By both a tenant is known as one of these checks: no site’s own is mistaken for one. */
const NAME = 'Check of the installation (temporary)';
const ID = /^installcheck[a-z0-9]{8}$/;
const CONTACT = 'installation@appliance.invalid';

const QUESTION = 'notice period of the warehouse lease';
const PARTIES = 2;
const STEPS = 6;
const PLANTED = 3;

/** A tenant is containers, databases and buckets; a small host takes its time. */
const TENANT_SECONDS = 300;
const DOCUMENT_SECONDS = 300;

/** Checks an installation by using it. */
export function installationChecks(site: Site): InstallationChecks {
  return {
    async smoke(document, run) {
      const api = patient(await site.admin());
      await clearTenants(api, run);
      run.progress(1, STEPS);
      const [sender, other] = await makeTenants(api, PARTIES, run);
      run.progress(2, STEPS);
      const [theirs, others] = [await clientOf(site, api, sender!), await clientOf(site, api, other!)];
      const docId = await sendThrough(theirs, sender!, document, run);
      run.progress(4, STEPS);
      await findAgain(theirs, sender!, docId, others, other!);
      run.note('it was found by search, and by nobody else');
      run.progress(5, STEPS);
      await erase(theirs, sender!, docId);
      run.note('it was erased, and is found no more');
      run.progress(STEPS, STEPS);
    },

    async isolation(run) {
      const api = patient(await site.admin());
      const ours = (await ownTenants(api)).filter(({ state }) => state === 'ACTIVE').map(({ tenant_id }) => tenant_id);
      if (ours.length < PARTIES) {
        await clearTenants(api, run);
        ours.splice(0, ours.length, ...(await makeTenants(api, PARTIES, run)));
      }
      const all = (await api.all<Tenant>('/admin/tenants', { state: 'ACTIVE' })).map(({ tenant_id }) => tenant_id);
      let tries = 0;
      for (const [at, tenantId] of all.entries()) {
        run.signal.throwIfAborted();
        tries += await needIsolated(api, tenantId);
        run.progress(at + 1, all.length + 1);
      }
      run.note(`${tries} tries by ${all.length} tenants: each got at what is its own, and at nothing else`);
      await clearTenants(api, run);
      await endTokens(api);
    },

    async clear(run) {
      const api = patient(await site.admin());
      await clearTenants(api, run);
      await endTokens(api);
    },
  };
}

/** A tenant of these checks with a document in it, which goes through two releases. */
export function releaseSample(site: Site): Sample {
  const own = async (api: Client): Promise<string | undefined> =>
    (await ownTenants(api)).find(({ state }) => state === 'ACTIVE')?.tenant_id;
  return {
    async plant(document, run) {
      const api = patient(await site.admin());
      await clearTenants(api, run);
      run.progress(1, PLANTED);
      const [sender] = await makeTenants(api, 1, run);
      run.progress(2, PLANTED);
      const theirs = await clientOf(site, api, sender!);
      const docId = await sendThrough(theirs, sender!, document, run);
      await findFirst(theirs, sender!, docId);
      run.progress(PLANTED, PLANTED);
    },
    async prove(document, run) {
      const api = patient(await site.admin());
      const sender = await own(api);
      if (sender === undefined) throw failed('the tenant that the release of before made is not there', 'tenant');
      const theirs = await clientOf(site, api, sender);
      const [docId] = await docsFound(theirs, sender);
      if (docId === undefined)
        throw failed('search does not find the document that the release of before took', sender);
      run.note('the document that the release of before took is found');
      await sendThrough(theirs, sender, document, run);
      await findFirst(theirs, sender, docId);
    },
    async clear(run) {
      const api = patient(await site.admin());
      await clearTenants(api, run);
      await endTokens(api);
    },
  };
}

async function findFirst(api: Client, tenant: string, docId: string): Promise<void> {
  const found = await docsFound(api, tenant);
  if (found[0] !== docId)
    throw failed(`search does not find the document that was sent (it finds ${found.length})`, docId);
}

/** Waits where a minute’s requests are used up: an installation is no reason to fail for. */
function patient(api: Client): Client {
  return {
    ...api,
    get: (...asked) => withinLimits(() => api.get(...asked)),
    send: (...sent) => withinLimits(() => api.send(...sent)),
  };
}

/** Tenants of these checks that are there in any way. */
async function ownTenants(api: Client): Promise<Tenant[]> {
  const all = await api.all<Tenant>('/admin/tenants');
  return all.filter((one) => ID.test(one.tenant_id) && one.tenant_name === NAME && one.state !== 'DEPROVISIONED');
}

async function makeTenants(api: Client, count: number, { note, signal }: CheckRun): Promise<string[]> {
  const made: string[] = [];
  for (let n = 0; n < count; n++) {
    const tenant_id = `installcheck${letters(8)}`;
    await api.send('POST', '/admin/tenants', {
      tenant_id,
      tenant_name: NAME,
      contact_email: CONTACT,
      tier: 'standard',
      // Nobody is there to review what would be held.
      config: { classification_review_enabled: false },
    });
    made.push(tenant_id);
  }
  for (const tenantId of made) {
    const { state, provisioning } = await settledTenant(api, tenantId, ['ACTIVE', 'FAILED'], signal);
    if (state === 'ACTIVE') continue;
    // By now it was undone, as all that came before it.
    const step = provisioning.steps.find(({ error_code }) => error_code !== undefined);
    throw failed(
      `a tenant could not be made (${step?.step ?? state}: ${step?.error_code ?? 'took too long'})`,
      tenantId,
    );
  }
  note(`made for this check: ${made.join(', ')}`);
  return made;
}

/** Takes away what a check, or one that was killed, left: for good, and looked after. */
async function clearTenants(api: Client, { note, signal }: CheckRun): Promise<void> {
  const left = await ownTenants(api);
  for (const { tenant_id, state } of left) {
    const now =
      state === 'PENDING' || state === 'PROVISIONING'
        ? (await settledTenant(api, tenant_id, ['ACTIVE', 'FAILED'], signal)).state
        : state;
    if (now === 'FAILED') await api.send('POST', `/admin/tenants/${tenant_id}/abandon`);
    else if (now !== 'DEPROVISIONING') {
      await api.send('POST', `/admin/tenants/${tenant_id}/deprovision`, {
        reason: 'the check of the installation is over',
        confirm: true,
        confirm_tenant_id: tenant_id,
      });
    }
  }
  for (const { tenant_id } of left) {
    const { state } = await settledTenant(api, tenant_id, ['DEPROVISIONED', 'FAILED'], signal);
    if (state !== 'DEPROVISIONED') throw failed(`the tenant of the check is ${state} and not gone`, tenant_id);
  }
  if (left.length > 0) note(`gone again: ${left.map(({ tenant_id }) => tenant_id).join(', ')}`);
}

async function settledTenant(
  api: Client,
  tenantId: string,
  ends: readonly string[],
  signal: AbortSignal,
): Promise<Tenant> {
  return askUntil(
    async () => {
      signal.throwIfAborted();
      return (await api.get<Tenant>(`/admin/tenants/${tenantId}`)).data;
    },
    ({ state }) => ends.includes(state),
    { seconds: TENANT_SECONDS },
  );
}

async function clientOf(site: Site, api: Client, tenant_id: string): Promise<Client> {
  const { data } = await api.send<IssuedToken>('POST', '/admin/tokens', {
    subject: CHECKER,
    role: 'tenant_admin',
    tenant_id,
    ttl_seconds: 1800,
  });
  return site.client(data.token);
}

/** Sends the document and follows it; answers its id once every stage is done with it. */
async function sendThrough(api: Client, tenant: string, document: string, { signal, note }: CheckRun): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'frostbyte-check-'));
  try {
    cpSync(document, join(folder, basename(document)));
    const { batch_id } = await submitFolder(api, folder, tenant, `installation-check-${letters(8)}`);
    const { status, files } = await askUntil(
      async () => {
        signal.throwIfAborted();
        return (await api.get<BatchStatus>(`/ingest/${tenant}/batch/${batch_id}`)).data;
      },
      (now) => now.status !== 'receiving' && now.status !== 'processing',
      { seconds: DOCUMENT_SECONDS },
    );
    const [file] = files;
    const stages = Object.entries(file?.stages ?? {});
    const undone = stages.filter(([, status]) => status !== 'completed').map(([name]) => name);
    if (status !== 'completed' || file?.state !== 'indexed' || file.doc_id === null || undone.length > 0) {
      const why =
        file?.error === null || file?.error === undefined
          ? (file?.status ?? 'no receipt')
          : `${file.error.code}: ${file.error.message}`;
      throw failed(
        `the document did not come through: it is ${file?.state ?? status}, not through ${undone.join(', ') || 'to search'} (${why})`,
        basename(document),
      );
    }
    note(`${basename(document)} went through ${stages.map(([name]) => name).join(', ')}`);
    return file.doc_id;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function findAgain(
  api: Client,
  tenant: string,
  docId: string,
  other: Client,
  otherTenant: string,
): Promise<void> {
  await findFirst(api, tenant, docId);
  const elsewhere = await docsFound(other, otherTenant);
  if (elsewhere.length > 0) {
    throw new FrostbyteError(
      'ISOLATION_VIOLATED',
      'A tenant finds what another one sent. Let nobody use this appliance.',
      {
        details: [{ field: 'search', value: otherTenant, constraint: 'finds nothing' }],
      },
    );
  }
}

async function erase(api: Client, tenant: string, docId: string): Promise<void> {
  const body = { reason: 'the check of the installation is over', confirm_doc_id: docId };
  const { data: from } = await api.send<DeletionReceipt>('DELETE', `/query/${tenant}/document/${docId}`, body);
  const { status } = await askUntil(
    async () => (await api.get<DeletionReceipt>(`/query/${tenant}/erasures/${from.deletion_receipt_id}`)).data,
    (receipt) => receipt.status !== 'pending',
    { from, seconds: DOCUMENT_SECONDS },
  );
  const left = await docsFound(api, tenant);
  if (status !== 'completed' || left.length > 0)
    throw failed(`the document was erased and is there still (${status})`, docId);
}

async function docsFound(api: Client, tenant: string): Promise<string[]> {
  const { data } = await api.send<RetrievalProof>('POST', `/query/${tenant}/search`, {
    query_text: QUESTION,
    top_k: 3,
  });
  return data.chunks.map(({ doc_id }) => doc_id);
}

/** How many tries there were. */
async function needIsolated(api: Client, tenantId: string): Promise<number> {
  const { data } = await api.send<IsolationReport>('POST', `/admin/tenants/${tenantId}/verify`);
  if (data.overall_pass) return data.checks.length;
  throw notIsolated(tenantId, data);
}

async function endTokens(api: Client): Promise<void> {
  await api.send('POST', '/admin/tokens/revoke', { subject: CHECKER, reason: 'the check of the installation is over' });
}

function letters(count: number): string {
  const from = 'abcdefghijklmnopqrstuvwxyz0123456789';
  return Array.from({ length: count }, () => from[randomInt(from.length)]).join('');
}

function failed(what: string, value: string): FrostbyteError {
  return new FrostbyteError(
    'OPERATION_FAILED',
    `The check of the installation failed: ${what}. journalctl -u frostbyte-control says more; go on with frostbyte plan resume.`,
    { details: [{ field: 'check', value, constraint: 'as at every customer' }] },
  );
}

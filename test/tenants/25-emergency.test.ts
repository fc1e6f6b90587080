import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { TenantKeyReport } from '../../appliance/control/keys/types.ts';
import { tenantNames, tenantPaths } from '../../appliance/kernel/names.ts';
import { MinioAdmin } from '../../appliance/stores/object/minio/admin.ts';
import { type Appliance, startAppliance } from '../support/appliance.ts';
import { submit, text, whenSettled } from '../support/batch.ts';
import { killIfThere, rolesOf } from '../support/faults/processes.ts';
import { ALL_FAULTS, seeded } from '../support/faults/random.ts';
import { until } from '../support/faults/until.ts';
import { stackMissing, testStack } from '../support/stack.ts';

/**
 * An emergency rotation makes new users in every store. Whenever it is cut short, and whatever else happens to the tenant
 * meanwhile, what its secrets file says is what the stores know: the tenant works, and no other user of it is left.
 */

const TENANT = 'acme';
const KILLS = ALL_FAULTS ? 30 : 1;
const RESUMES = ALL_FAULTS ? 15 : 2;
/** A rotation takes some two seconds, half of them for its drain. */
const LONGEST_MS = 2500;

/** What of a rotation has happened so far, as it lies in files. */
interface Reached {
  identities: number;
  /** How often the secrets were written anew. */
  rewrites: number;
  ended: string | null;
  wasEnded: boolean;
}

/** The steps of a rotation, each as it shows itself once it is done, and the next has begun. */
const MARKS: Readonly<Record<string, (reached: Reached) => boolean>> = Object.freeze({
  'the new identity is there': ({ identities }) => identities > 0,
  'the secrets are for it': ({ rewrites }) => rewrites >= 1,
  'a storage identity was added': ({ rewrites }) => rewrites >= 2,
  'credentials are to be ended': ({ ended }) => ended === 'ending',
  'they were ended': ({ ended }) => ended === 'ended',
  'new ones are among the secrets': ({ rewrites }) => rewrites >= 3,
  'every store knows the new ones': ({ ended, wasEnded }) => wasEnded && ended === null,
});

/** Looks at the tenant's files; each call says what has changed since the first. */
function rotationMarks(dataFolder: string): () => Reached {
  const { secrets } = tenantPaths(dataFolder, TENANT);
  const flag = join(dataFolder, 'control', 'ended', TENANT);
  const identities = () => readdirSync(secrets).filter((name) => name.startsWith('identity-')).length;
  const file = () => statSync(join(secrets, 'secrets.sops.yaml'), { bigint: true }).ino;
  const [before, seen] = [identities(), [file()]];
  let wasEnded = false;
  return () => {
    const now = file();
    if (seen.at(-1) !== now) seen.push(now);
    const ended = existsSync(flag) ? readFileSync(flag, 'utf8') : null;
    wasEnded ||= ended !== null;
    return { identities: identities() - before, rewrites: seen.length - 1, ended, wasEnded };
  };
}

describe('an emergency rotation over the stores', { skip: stackMissing() ?? false, timeout: 1_800_000 }, () => {
  let appliance: Appliance;
  let admin: Awaited<ReturnType<Appliance['admin']>>;
  const random = seeded(25);
  before(async () => {
    appliance = await startAppliance({ arrangement: 'stack', environment: { FROSTBYTE_DRAIN_SECONDS: '1' } });
    await appliance.createTenant(TENANT, { classification_review_enabled: false });
    admin = await appliance.admin();
    const dana = await appliance.client(TENANT);
    const { batch_id } = await submit(dana, TENANT, [text('kept.txt', 'SOP\n\nThe herring stays.')]);
    await whenSettled(dana, TENANT, batch_id);
  });
  after(() => appliance?.end());

  const rotate = () =>
    admin.send('POST', `/admin/tenants/${TENANT}/rotate-keys`, { emergency: true, reason: 'a loss' }).then(
      () => 'rotated',
      () => 'broke off',
    );
  const keys = async () => (await admin.get<TenantKeyReport>(`/admin/tenants/${TENANT}/keys`)).data;
  /** It is found what was there, by the tenant's own data plane. */
  const works = async () => {
    const dana = await appliance.client(TENANT);
    let last = '';
    const search = () =>
      dana.send<{ chunks: { text: string }[] }>('POST', `/query/${TENANT}/search`, { query_text: 'herring' }).then(
        ({ data }) => /herring/.test(data.chunks[0]?.text ?? ''),
        (error: unknown) => {
          last = String(error);
          return false;
        },
      );
    await until('the tenant to work', search, {
      seconds: 90,
      about: () => `${last}; ${appliance.logs().slice(-2000)}`,
    });
  };
  const users = async () => {
    const { endpoint, access_key: accessKey, secret_key: secretKey } = testStack()!.objects;
    const root = new MinioAdmin({ endpoint, accessKey, secretKey });
    const all = [...(await root.users()).values()].map(({ policyName }) => policyName);
    root.close();
    return all.filter((policy) => policy === tenantNames(TENANT).objectPolicy || policy === '');
  };

  /** Kills all that runs once `when` says so, starts it again, and looks that the rotation is finished, once. */
  async function killedOnce(when: () => Promise<unknown>): Promise<string> {
    const before = (await keys()).key_version!;
    const rotating = rotate();
    await when();
    for (const { pid } of rolesOf(appliance.process.pid!)) killIfThere(pid);
    await appliance.kill();
    const said = await rotating;
    await appliance.restart();
    admin = await appliance.admin();
    await works();
    await until('the end of the rotation', async () => (await keys()).rotation === null);
    await works();
    const after = (await keys()).key_version!;
    assert.ok(after === before + 1 || (said !== 'rotated' && after === before), `${before} and then ${after}`);
    assert.deepEqual(await users(), [tenantNames(TENANT).objectPolicy]);
    return `${said}, key ${after}`;
  }

  it('killed at any moment, is finished by the next start: the tenant has its new users, and no others', async (t) => {
    for (let n = 1; n <= KILLS; n++) {
      const ms = random.whole(0, LONGEST_MS);
      const said = await killedOnce(() => new Promise((resolve) => setTimeout(resolve, ms)));
      t.diagnostic(`killed after ${ms} ms: ${said}`);
    }
  });

  for (const mark of ALL_FAULTS ? Object.keys(MARKS) : [random.pick(Object.keys(MARKS))]) {
    it(`killed once ${mark}, is finished by the next start just so`, async () => {
      const reached = rotationMarks(appliance.dataFolder);
      const before = (await keys()).key_version!;
      await killedOnce(() => until(mark, () => MARKS[mark]!(reached()), { everyMs: 1 }));
      assert.equal((await keys()).key_version, before + 1, 'whatever has begun is brought to its end');
    });
  }

  it('beside a resume, leaves the stores with what the secrets file says', async () => {
    for (let n = 1; n <= RESUMES; n++) {
      await admin.send('POST', `/admin/tenants/${TENANT}/suspend`, { reason: 'incident', notify_tenant: false });
      await admin.send('POST', `/admin/tenants/${TENANT}/resume`, { reason: 'over' });
      const ms = random.whole(0, 1500);
      await new Promise((resolve) => setTimeout(resolve, ms));
      await until('a rotation', async () => (await rotate()) === 'rotated');
      await works();
    }
  });
});

import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Dependency } from '../../../../appliance/api/plane/tables.ts';
import type { VerbCaller } from '../../../../appliance/api/rpc/call-verbs.ts';
import { provenPlanes } from '../../../../appliance/bin/wire/proven-planes.ts';
import type { TenantResource } from '../../../../appliance/control/provisioning/port.ts';
import type { TenantGate } from '../../../../appliance/control/verbs.ts';
import { FrostbyteError } from '../../../../appliance/kernel/errors.ts';

const WELL: Dependency[] = [{ name: 'tenants.records', ok: true, message: 'answers' }];

/** Provisioning of one tenant whose data plane is as it is told. */
function world() {
  const states = new Map<string, TenantGate['state']>([['acme', 'PROVISIONING']]);
  const did: string[] = [];
  const note = (what: string) => async (tenantId: string) => void did.push(`${what} ${tenantId}`);
  const own: TenantResource = {
    make: note('make'),
    check: note('check'),
    destroy: note('destroy'),
    isGone: async () => true,
  };
  const plane = { answers: true, stores: WELL };
  const ask = {
    value: async (verb: string) => {
      did.push(verb);
      return verb === 'stores' ? plane.stores : undefined;
    },
  } as unknown as VerbCaller<never>;
  const proven = provenPlanes(own, {
    control: () => ({
      activeTenants: async () => [...states].filter(([, state]) => state === 'ACTIVE').map(([id]) => id),
      gate: async (id) => ({ state: states.get(id) ?? null, config: null, config_version: 1 }),
    }),
    planes: () => ({
      async address() {
        if (!plane.answers) throw new FrostbyteError('SERVICE_UNAVAILABLE', 'is being started', { retryAfter: 1 });
        return { socket: '/plane' };
      },
      asking: () => (plane.answers ? ask : null),
      stop: async (id) => void did.push(`stop ${id}`),
      tell: async (_id, tell) => void (await tell(ask)),
    }),
  });
  return { states, did, plane, ...proven };
}

it('the data plane of a tenant runs from its step on, and is proven to answer and to reach its stores', async () => {
  const { containers, wanted, did, plane } = world();
  assert.deepEqual(await wanted(), []);
  await containers.make('acme');
  assert.deepEqual(await wanted(), ['acme']);
  await containers.check('acme');
  assert.deepEqual(did, ['make acme', 'check acme', 'stores']);
  plane.stores = [{ name: 'tenants.records', ok: false, message: 'no pg_hba.conf entry' }];
  await assert.rejects(containers.check('acme'), {
    code: 'STORE_UNAVAILABLE',
    message: /tenants\.records no pg_hba\.conf entry/,
  });
  plane.answers = false;
  await assert.rejects(containers.check('acme'), { code: 'SERVICE_UNAVAILABLE' });
});

it('it is told when its tenant is ACTIVE, and goes with one that failed', async () => {
  const { containers, wanted, did, states } = world();
  await containers.make('acme');
  states.set('acme', 'ACTIVE');
  assert.deepEqual(await wanted(), ['acme']);
  assert.deepEqual(did, ['make acme', 'open']);
  await wanted();
  assert.deepEqual(did, ['make acme', 'open'], 'once');

  states.set('globex', 'PROVISIONING');
  await containers.check('globex');
  assert.deepEqual((await wanted()).sort(), ['acme', 'globex'], 'also where control was started anew in between');
  states.set('globex', 'FAILED');
  assert.deepEqual(await wanted(), ['acme']);
});

it('undoing ends it first', async () => {
  const { containers, wanted, did } = world();
  await containers.make('acme');
  await containers.destroy('acme');
  assert.deepEqual(did, ['make acme', 'stop acme', 'destroy acme']);
  assert.deepEqual(await wanted(), []);
});

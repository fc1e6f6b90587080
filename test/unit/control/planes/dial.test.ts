import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { request } from 'node:http';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { PLANE_TABLE, type QUESTION_TABLE } from '../../../../appliance/api/plane/tables.ts';
import { type Handlers, serveVerbs } from '../../../../appliance/api/rpc/serve-verbs.ts';
import { ASSERTION_HEADER, signControlAssertion, verifyControlAssertion } from '../../../../appliance/api/seam.ts';
import { spentAssertions } from '../../../../appliance/api/spent-assertions.ts';
import { DEFAULT_TENANT_CONFIG } from '../../../../appliance/api/tenant-config.ts';
import { listenAt, planeServer } from '../../../../appliance/bin/plane-server.ts';
import { dialPlane } from '../../../../appliance/control/planes/dial.ts';
import { type ControlLink, controlLink } from '../../../../appliance/data/control-link.ts';
import { FrostbyteError } from '../../../../appliance/kernel/errors.ts';
import { temporaryFolder } from '../../../support/control/control-fixture.ts';
import { until } from '../../../support/faults/until.ts';

const FIRST = { config: { ...DEFAULT_TENANT_CONFIG }, config_version: 1 };
const keys = generateKeyPairSync('ed25519');

type Answers = Handlers<typeof QUESTION_TABLE>;

/** The end of a channel at a plane, and what is asked of the plane. */
async function plane(t: TestContext, tenant = 'acme') {
  const socket = join(await temporaryFolder(t), 'planes', 's');
  const link = controlLink(FIRST);
  const spent = spentAssertions(40_000);
  const server = planeServer({
    fetch: () => new Response('the tenant’s app'),
    internal: serveVerbs(PLANE_TABLE, {
      alive: async () => true,
      configure: async (config: typeof FIRST.config, version: number) => link.configure(config, version),
    } as unknown as Handlers<typeof PLANE_TABLE>),
    admitControl: (path, assertion) => verifyControlAssertion(keys.publicKey, { path, assertion }, tenant, spent),
    attach: link.attach,
  });
  await listenAt(server, { socket });
  t.after(() => {
    link.detach();
    server.closeAllConnections();
    server.close();
  });
  return { address: { socket }, link };
}

const answers = (change: Partial<Answers> = {}): Answers => ({
  holdsOn: async () => [],
  isClockTrusted: async () => true,
  room: async () => 1000,
  ledger: async () => ({ entries: [], total: 0 }),
  ...change,
});

async function dialled(t: TestContext, address: { socket: string }, given: Answers) {
  const channel = await dialPlane('acme', address, keys.privateKey, given);
  t.after(() => channel.close());
  return channel;
}

const held = (link: ControlLink) => link.holds('doc_0123456789abcdef', ['b1']);

test('a plane asks over the channel that control dialled, as often as it likes, and gets errors as they were', async (t) => {
  const { address, link } = await plane(t);
  const asked: unknown[] = [];
  await dialled(
    t,
    address,
    answers({
      holdsOn: async (...args: unknown[]) => {
        asked.push(args);
        if (asked.length === 3) throw new FrostbyteError('STORE_UNAVAILABLE', 'The registry does not answer.');
        return ['tenant'];
      },
    }),
  );
  assert.deepEqual(await held(link), ['tenant']);
  assert.deepEqual(await held(link), ['tenant']);
  await assert.rejects(held(link), { code: 'STORE_UNAVAILABLE' });
  assert.deepEqual(await Promise.all([held(link), held(link)]), [['tenant'], ['tenant']]);
  assert.deepEqual(asked[0], ['doc_0123456789abcdef', ['b1']]);
});

test('a channel on which nothing was asked for a while still carries a question', async (t) => {
  const { address, link } = await plane(t);
  const channel = await dialled(t, address, answers());
  for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(await channel.ask.value('alive'), true);
  assert.deepEqual(await held(link), []);
});

test('without a channel nobody can say what is held, and the configuration is the last one known', async (t) => {
  const { address, link } = await plane(t);
  await assert.rejects(held(link), { code: 'SERVICE_UNAVAILABLE', retryAfter: 1 });
  const channel = await dialled(t, address, answers());
  await channel.ask.value('configure', { ...FIRST.config, max_batch_size: 7 }, 2);
  assert.deepEqual(await held(link), []);
  channel.close();
  await channel.closed;
  await until('the plane to notice', () =>
    held(link).then(
      () => false,
      ({ code }: FrostbyteError) => code === 'SERVICE_UNAVAILABLE',
    ),
  );
  assert.deepEqual(
    await link.config().then(({ config, config_version }) => [config.max_batch_size, config_version]),
    [7, 2],
  );
  await dialled(t, address, answers({ holdsOn: async () => ['batch'] }));
  assert.deepEqual(await held(link), ['batch']);
});

test('a question that was under way when the channel broke is refused, not left open', async (t) => {
  const { address, link } = await plane(t);
  const arrived = Promise.withResolvers<void>();
  const channel = await dialled(
    t,
    address,
    answers({
      holdsOn: () => {
        arrived.resolve();
        return new Promise(() => {});
      },
    }),
  );
  const question = held(link);
  await arrived.promise;
  channel.close();
  await assert.rejects(question, { code: 'SERVICE_UNAVAILABLE' });
});

test('an older configuration that comes late changes nothing', async (t) => {
  const { address, link } = await plane(t);
  const { ask } = await dialled(t, address, answers());
  await ask.value('configure', { ...FIRST.config, max_batch_size: 9 }, 3);
  await ask.value('configure', { ...FIRST.config, max_batch_size: 5 }, 2);
  assert.equal((await link.config()).config.max_batch_size, 9);
});

test('whoever is not control opens no channel and is told nothing; an assertion counts once, for its tenant and path', async (t) => {
  const { address } = await plane(t);
  const stranger = generateKeyPairSync('ed25519');
  await assert.rejects(dialPlane('acme', address, stranger.privateKey, answers()), { code: 'SERVICE_UNAVAILABLE' });
  await assert.rejects(dialPlane('globex', address, keys.privateKey, answers()), { code: 'SERVICE_UNAVAILABLE' });
  const ask = (path: string, assertion?: string) =>
    new Promise<number>((resolve, reject) => {
      const headers = assertion === undefined ? {} : { [ASSERTION_HEADER]: assertion };
      const asking = request({ socketPath: address.socket, path, method: 'POST', headers }, (answer) => {
        answer.resume();
        resolve(answer.statusCode!);
      });
      asking.on('error', reject);
      asking.end('[]');
    });
  const once = await signControlAssertion(keys.privateKey, 'acme', '/internal/alive');
  assert.equal(await ask('/internal/alive'), 401);
  assert.equal(await ask('/internal/drain', once), 401);
  assert.equal(
    await ask('/internal/alive', await signControlAssertion(keys.privateKey, 'globex', '/internal/alive')),
    401,
  );
  const good = await signControlAssertion(keys.privateKey, 'acme', '/internal/alive');
  assert.equal(await ask('/internal/alive', good), 200);
  assert.equal(await ask('/internal/alive', good), 401);
});

test('a plane asks how much room is left, and goes by what it heard last where control is away', async (t) => {
  const { address, link } = await plane(t);
  await assert.rejects(link.room(), { code: 'SERVICE_UNAVAILABLE' });
  const { promise: asked, resolve } = Promise.withResolvers<void>();
  const room = async () => {
    resolve();
    return 4096;
  };
  await dialled(t, address, answers({ room }));
  assert.equal(await link.room(), 4096);
  await asked;
  link.detach();
  assert.equal(await link.room(), 4096);
});

test('where control sees no disk there is no bound on the room', async (t) => {
  const { address, link } = await plane(t);
  await dialled(t, address, answers({ room: async () => null }));
  assert.equal(await link.room(), Number.POSITIVE_INFINITY);
});

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import type { IsolationOrder } from '../../appliance/api/plane/isolation-order.ts';
import type { BatchStatus } from '../../appliance/api/schemas/ingest.ts';
import type { RetrievalProof } from '../../appliance/api/schemas/query.ts';
import { embeddedRootKey } from '../../appliance/bin/wire/embedded-root-key.ts';
import { derivedPassword } from '../../appliance/bin/wire/stack/derived-password.ts';
import { PROBE_TENANT } from '../../appliance/control/tenants/tenant-id.ts';
import type { IsolationReport } from '../../appliance/control/verbs.ts';
import { type Tries, triesOf } from '../../appliance/isolation/attempt.ts';
import { tryVectors } from '../../appliance/isolation/try-vectors.ts';
import { systemClock } from '../../appliance/kernel/clock.ts';
import { tenantNames, tenantPaths } from '../../appliance/kernel/names.ts';
import { openTenantKeys } from '../../appliance/secrets/keyring.ts';
import { writeTenantSecrets } from '../../appliance/secrets/tenant-secrets.ts';
import { MinioAdmin } from '../../appliance/stores/object/minio/admin.ts';
import { Bucket } from '../../appliance/stores/object/minio/bucket.ts';
import { type PolicyStatement, tenantPolicy } from '../../appliance/stores/object/minio/policy.ts';
import { QdrantCollections } from '../../appliance/stores/vector/qdrant/collection.ts';
import { collectionToken, tokenId } from '../../appliance/stores/vector/qdrant/tokens.ts';
import { type Appliance, startAppliance } from '../support/appliance.ts';
import { makeBatch, text, whenSettled } from '../support/batch.ts';
import { docker } from '../support/docker.ts';
import { memoryHolding } from '../support/faults/memory.ts';
import { rolesOf } from '../support/faults/processes.ts';
import { startQdrant } from '../support/qdrant-double/start.ts';
import { stackMissing, testStack } from '../support/stack.ts';
import { credentialsOf } from '../support/stack-tenant.ts';

/**
 * Each permission widened by itself must be found by the isolation check, and by exactly the tries that it opens; put
 * back, the check passes again, and what the tenants have is there.
 */

const THIEF = 'acme';
const OTHER = 'globex';
/** What the other tenant has before anything is widened, and must have afterwards. */
const kept = makeBatch(OTHER, [text('kept.txt', 'SOP\n\nThe herring stays where it is.')]);
const probe = tenantNames(PROBE_TENANT);
const thief = tenantNames(THIEF);

/** What a token of the thief's opens that names the probe's collection too, for reading and writing. */
const WITH_A_WIDE_TOKEN = [
  'ask whether it is there',
  'change a payload',
  'count it',
  'delete a point',
  'find it in the list of collections',
  'list its aliases',
  'list its snapshots',
  'look at it',
  'look at its shards',
  'make a snapshot of it',
  'read a point',
  'scroll through it',
  'search it',
  'write a point',
];

describe('the isolation check over the stores', { skip: stackMissing() ?? false, timeout: 300_000 }, () => {
  let appliance: Appliance;
  let verify: () => Promise<IsolationReport>;
  before(async () => {
    appliance = await startAppliance({ arrangement: 'stack' });
    await appliance.createTenant(OTHER, { classification_review_enabled: false });
    await appliance.createTenant(THIEF);
    const dana = await appliance.client(OTHER);
    await dana.upload('/ingest/globex/batch', kept.form, {});
    await whenSettled(dana, OTHER, kept.manifest.batch_id);
    const admin = await appliance.admin();
    verify = async () => (await admin.send<IsolationReport>('POST', `/admin/tenants/${THIEF}/verify`)).data;
  });
  after(() => appliance?.end());

  const allowed = ({ checks }: IsolationReport) =>
    checks
      .filter(({ result }) => result === 'ALLOWED')
      .map(({ store, test, target }) => `${store}: ${test}: ${target}`);
  /** What the check finds while something is widened; and that it passes again afterwards. */
  const found = async (widen: () => Promise<void>, narrow: () => Promise<void>): Promise<string[]> => {
    await widen();
    try {
      const report = await verify();
      assert.equal(report.overall_pass, false);
      // It is this door that is open, and no other that went wrong beside it.
      for (const { store, test, target, result } of report.checks)
        if (target === THIEF) assert.equal(result, 'OK', `${store}: ${test}`);
      return allowed(report);
    } finally {
      await narrow();
    }
  };
  const passes = async () => {
    const report = await verify();
    assert.deepEqual(allowed(report), []);
    assert.equal(report.overall_pass, true);
  };

  it('passes as tenants are made: own doors open, those of the probe and of every other tenant closed', async () => {
    const { checks, overall_pass } = await verify();
    assert.equal(overall_pass, true);
    const own = checks.filter(({ target }) => target === THIEF);
    assert.deepEqual(
      own.map(({ store, test, result }) => [store, test, result]),
      [
        ['secrets', 'own access', 'OK'],
        ...['objects', 'records', 'vectors', 'queue'].flatMap((store) =>
          ['own access', 'own access after all that'].map((test) => [store, test, 'OK']),
        ),
      ],
    );
    for (const target of [PROBE_TENANT, OTHER]) {
      const stores = new Set(checks.filter((check) => check.target === target).map(({ store }) => store));
      assert.deepEqual([...stores].sort(), ['objects', 'queue', 'records', 'secrets', 'vectors']);
    }
    assert.ok(checks.length > 150, `${checks.length} checks`);
  });

  it('leaves nothing in a bucket, however often it comes: no version, no mark of a deletion', async () => {
    const { endpoint, access_key: accessKey, secret_key: secretKey } = testStack()!.objects;
    const held = async (tenant: string) => {
      const bucket = new Bucket({ endpoint, accessKey, secretKey, bucket: tenantNames(tenant).bucket });
      const versions = await bucket.versions('').finally(() => bucket.close());
      return versions.filter(({ name }) => name.startsWith('receipts/')).map(({ name }) => name);
    };
    for (let n = 0; n < 2; n++) await verify();
    assert.deepEqual(await held(THIEF), ['receipts/canary']);
    assert.deepEqual(await held(PROBE_TENANT), ['receipts/canary']);
  });

  describe('the object store', () => {
    let admin: MinioAdmin;
    before(() => {
      const { endpoint, access_key: accessKey, secret_key: secretKey } = testStack()!.objects;
      admin = new MinioAdmin({ endpoint, accessKey, secretKey });
    });
    after(() => admin.close());
    const with_ = (...more: PolicyStatement[]) => {
      const policy = tenantPolicy(thief.bucket);
      return admin.putPolicy(thief.objectPolicy, { ...policy, Statement: [...policy.Statement, ...more] });
    };
    const narrow = () => admin.putPolicy(thief.objectPolicy, tenantPolicy(thief.bucket));
    const may = (action: string, resource: string): PolicyStatement => ({
      Effect: 'Allow',
      Action: [action],
      Resource: [`arn:aws:s3:::${resource}`],
    });
    const inOthers = (...names: string[]) =>
      names.map((name) => `objects: ${name} in another's bucket: ${PROBE_TENANT}`);

    it('lets it list', async () => {
      const opened = await found(() => with_(may('s3:ListBucket', probe.bucket)), narrow);
      assert.deepEqual(
        opened.sort(),
        [
          ...inOthers('list', 'list in the old way', 'list versions', 'look whether it is there'),
          `objects: find it in the list of buckets: ${PROBE_TENANT}`,
        ].sort(),
      );
      await passes();
    });

    it('lets it read', async () => {
      const opened = await found(() => with_(may('s3:GetObject', `${probe.bucket}/*`)), narrow);
      assert.deepEqual(
        opened.sort(),
        [
          ...inOthers('read', 'read a range', 'ask for the size', 'copy out', 'copy out by an encoded name'),
          `objects: read by an address that was signed beforehand: ${PROBE_TENANT}`,
        ].sort(),
      );
      await passes();
    });

    it('lets it write', async () => {
      const opened = await found(() => with_(may('s3:PutObject', `${probe.bucket}/*`)), narrow);
      assert.deepEqual(opened.sort(), inOthers('write', 'begin an upload').sort());
      await passes();
    });

    it('lets it delete', async () => {
      const opened = await found(() => with_(may('s3:DeleteObject', `${probe.bucket}/*`)), narrow);
      assert.deepEqual(opened.sort(), inOthers('delete', 'delete many').sort());
      await passes();
    });

    it('lets it open its own bucket to everybody', async () => {
      const opened = await found(() => with_(may('s3:PutBucketPolicy', thief.bucket)), narrow);
      assert.deepEqual(opened, [`objects: open its own bucket to everybody: ${PROBE_TENANT}`]);
      await passes();
    });

    it('lets it make credentials that outlive its own', async () => {
      const policy = tenantPolicy(thief.bucket);
      const open = { ...policy, Statement: policy.Statement.filter(({ Effect }) => Effect === 'Allow') };
      const opened = await found(() => admin.putPolicy(thief.objectPolicy, open), narrow);
      assert.deepEqual(
        opened.sort(),
        ['make a service account', 'remove the service account'].map((test) => `objects: ${test}: ${PROBE_TENANT}`),
      );
      await passes();
    });
  });

  describe('the database', () => {
    let client: Client;
    before(async () => {
      const { hba_folder: _, ...login } = testStack()!.postgres;
      client = new Client(login);
      await client.connect();
    });
    after(() => client.end());
    const run =
      (database: string, ...statements: string[]) =>
      async () => {
        const { hba_folder: _, ...login } = testStack()!.postgres;
        const own = new Client({ ...login, database });
        await own.connect();
        try {
          for (const sql of statements) await own.query(sql);
        } finally {
          await own.end();
        }
      };
    const inProbe = (...tests: string[]) => tests.map((test) => `records: ${test}: ${PROBE_TENANT}`).sort();

    for (const [what, database, widen, narrow, tests] of [
      [
        'run programs',
        'postgres',
        `GRANT pg_execute_server_program TO ${thief.role} WITH INHERIT TRUE`,
        `REVOKE pg_execute_server_program FROM ${thief.role}`,
        ['run a program on the server', 'run a program and read what it says'],
      ],
      [
        'read files of the server',
        'postgres',
        `GRANT pg_read_server_files TO ${thief.role} WITH INHERIT TRUE`,
        `REVOKE pg_read_server_files FROM ${thief.role}`,
        ['copy a file of the server'],
      ],
      [
        'write files of the server',
        'postgres',
        `GRANT pg_write_server_files TO ${thief.role} WITH INHERIT TRUE`,
        `REVOKE pg_write_server_files FROM ${thief.role}`,
        ['write a file of the server'],
      ],
      [
        'read files by a function',
        thief.database,
        `GRANT EXECUTE ON FUNCTION pg_read_file(text) TO ${thief.role}; GRANT pg_read_server_files TO ${thief.role} WITH INHERIT TRUE`,
        `REVOKE EXECUTE ON FUNCTION pg_read_file(text) FROM ${thief.role}; REVOKE pg_read_server_files FROM ${thief.role}`,
        ['copy a file of the server', 'read a file of the server', 'read the rules of logging in'],
      ],
      [
        'become another',
        'postgres',
        `GRANT ${probe.role} TO ${thief.role}`,
        `REVOKE ${probe.role} FROM ${thief.role}`,
        ['become its user'],
      ],
      [
        'make tables where all may',
        thief.database,
        `GRANT CREATE ON SCHEMA public TO ${thief.role}`,
        `REVOKE CREATE ON SCHEMA public FROM ${thief.role}`,
        ['make a table where all may'],
      ],
      [
        'make schemas',
        'postgres',
        `GRANT CREATE ON DATABASE ${thief.database} TO ${thief.role}`,
        `REVOKE CREATE ON DATABASE ${thief.database} FROM ${thief.role}`,
        ['make a schema'],
      ],
      [
        'read passwords',
        thief.database,
        `GRANT SELECT ON pg_authid TO ${thief.role}`,
        `REVOKE SELECT ON pg_authid FROM ${thief.role}`,
        ['read the passwords of roles'],
      ],
      [
        'change the log',
        thief.database,
        `GRANT DELETE ON records.audit_events TO ${thief.role}`,
        `REVOKE DELETE ON records.audit_events FROM ${thief.role}`,
        ['delete an audit event'],
      ],
      [
        'reach other servers by an extension',
        thief.database,
        'CREATE EXTENSION dblink SCHEMA records',
        'DROP EXTENSION dblink',
        ['find extensions that reach other servers or files', 'install dblink'],
      ],
    ] as const) {
      it(`lets it ${what}`, async () => {
        const opened = await found(run(database, widen), run(database, narrow));
        assert.deepEqual(opened.sort(), inProbe(...tests));
        await passes();
      });
    }

    it('lets it into the database of another', async () => {
      const { hba_folder } = testStack()!.postgres;
      const rule = join(hba_folder, '90-sabotage.conf');
      const widen = async () => {
        writeFileSync(rule, `host ${probe.database} ${thief.role} 172.28.0.1/32 scram-sha-256\n`);
        await client.query(`GRANT CONNECT ON DATABASE ${probe.database} TO ${thief.role}`);
        await client.query('SELECT pg_reload_conf()');
        await rulesAre(client, /90-sabotage/, true);
      };
      const narrow = async () => {
        rmSync(rule);
        await client.query(`REVOKE CONNECT ON DATABASE ${probe.database} FROM ${thief.role}`);
        await client.query('SELECT pg_reload_conf()');
      };
      assert.deepEqual(await found(widen, narrow), inProbe('log in to its database'));
      await passes();
    });
  });

  describe('what lies with control', () => {
    it('has another’s secrets sealed to it', async () => {
      const at = (tenant: string) => tenantPaths(appliance.dataFolder, tenant).secrets;
      const copy = join(at(PROBE_TENANT), 'copied.sops.yaml');
      const opened = await found(
        async () => copyFileSync(join(at(THIEF), 'secrets.sops.yaml'), copy),
        async () => rmSync(copy),
      );
      assert.deepEqual(opened, [`secrets: decrypt copied.sops.yaml with own identities: ${PROBE_TENANT}`]);
      await passes();
    });

    it('has a token for the vectors that opens another’s, too', async () => {
      const root = await embeddedRootKey(appliance.dataFolder, systemClock());
      const folder = tenantPaths(appliance.dataFolder, THIEF).secrets;
      const { secrets, current } = await openTenantKeys(root, folder);
      const { apiKey } = appliance.stack!.qdrant;
      const write = (qdrant_token: string) =>
        writeTenantSecrets(
          folder,
          { ...secrets, values: { ...secrets.values, qdrant_token } },
          current.pair,
          systemClock(),
          { replace: true },
        );
      const own = secrets.values.qdrant_token!;
      const wide = collectionToken(apiKey, {
        collections: [thief.collection, `${thief.collection}_r1`, probe.collection],
        id: tokenId(own)!,
      });
      const opened = await found(
        async () => void (await write(wide)),
        async () => void (await write(own)),
      );
      assert.deepEqual(opened.sort(), WITH_A_WIDE_TOKEN.map((test) => `vectors: ${test}: ${PROBE_TENANT}`).sort());
      await passes();
    });
  });

  describe('the queue', () => {
    let redis: Redis;
    before(async () => {
      const root = await embeddedRootKey(appliance.dataFolder, systemClock());
      const address = '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}';
      redis = new Redis({
        host: docker(testStack()!, 'inspect', `frostbyte-${THIEF}-redis`, `--format=${address}`),
        port: 6379,
        password: derivedPassword(root, `redis of ${thief.redisUser}`),
      });
    });
    after(() => redis.disconnect());
    for (const [what, widen, narrow, tests] of [
      ['walk through all keys', ['+scan'], ['-scan'], ['walk through all keys']],
      ['read the configuration', ['+config|get'], ['-config|get'], ['read the configuration']],
      [
        'listen to all channels',
        ['allchannels'],
        ['resetchannels', `&${thief.redisPrefix}*`],
        ['listen to its channels', 'write to its channels'],
      ],
      ['forget everything', ['+flushdb'], ['-flushdb'], ['forget everything']],
      [
        'listen and write to the channels of another alone',
        [`&${probe.redisPrefix}*`],
        ['resetchannels', `&${thief.redisPrefix}*`],
        ['listen to its channels', 'write to its channels'],
      ],
      [
        'reach the keys of another, by scripts too',
        [`~${probe.redisPrefix}*`],
        ['resetkeys', `~${thief.redisPrefix}*`],
        [
          ...['read its keys', 'look whether a key is there', 'write its keys', 'delete its keys'],
          ...['reach its keys by a script', 'reach its keys by a script that hides them'],
        ],
      ],
    ] as const) {
      it(`lets it ${what}`, async () => {
        const rule = (words: readonly string[]) => async () => {
          await redis.call('ACL', 'SETUSER', thief.redisUser, ...words);
        };
        const opened = await found(rule(widen), rule(narrow));
        const expected = tests.flatMap((test) =>
          [PROBE_TENANT, ...(test === 'listen to its channels' && widen[0] === 'allchannels' ? [OTHER] : [])].map(
            (target) => `queue: ${test}: ${target}`,
          ),
        );
        assert.deepEqual(opened.sort(), expected.sort());
        await passes();
      });
    }
  });

  it('after all of it every tenant has what it had', async () => {
    await passes();
    const dana = await appliance.client(OTHER);
    const { data } = await dana.get<BatchStatus>(`/ingest/${OTHER}/batch/${kept.manifest.batch_id}`);
    assert.deepEqual(
      data.files.map(({ status, state }) => [status, state]),
      [['accepted', 'indexed']],
    );
    const found = await dana.send<RetrievalProof>('POST', `/query/${OTHER}/search`, { query_text: 'herring' });
    assert.equal(found.data.chunks.length, 1);
  });

  it('the gateway holds no credential of a store; a data plane holds its own tenant’s, and neither another’s nor control’s', async () => {
    const { postgres, objects, redis } = testStack()!;
    const ofControl = [postgres.password, objects.access_key, objects.secret_key, redis.password];
    ofControl.push(appliance.stack!.qdrant.apiKey);
    const of = async (tenant: string) => {
      const { tenant_api_key: _, ...held } = await credentialsOf(appliance.dataFolder, tenant);
      return Object.values(held);
    };
    const tenants = new Map<string, string[]>([
      [THIEF, await of(THIEF)],
      [OTHER, await of(OTHER)],
    ]);
    const all = [...ofControl, ...[...tenants.values()].flat()];
    const roles = rolesOf(appliance.process.pid!);
    assert.deepEqual(roles.map(({ role }) => role).sort(), ['control', 'data-plane', 'data-plane', 'gateway']);
    for (const { role, tenant, pid } of roles) {
      const held = memoryHolding(pid, all);
      if (role === 'control')
        assert.ok(
          ofControl.every((secret) => held.includes(secret)),
          'what is there is found',
        );
      if (role === 'gateway') assert.deepEqual(held, []);
      if (role === 'data-plane') assert.deepEqual(held.toSorted(), tenants.get(tenant!)!.toSorted(), tenant);
      const shown = ['cmdline', 'environ'].map((name) => readFileSync(`/proc/${pid}/${name}`, 'utf8')).join('');
      assert.ok(!all.some((secret) => shown.includes(secret)), role);
    }
    const logs = appliance.logs();
    assert.ok(!all.some((secret) => logs.includes(secret)), 'nor do the logs');
  });
});

/** Waits until the server goes by the rules as they lie in the folder. */
async function rulesAre(client: Client, pattern: RegExp, there: boolean): Promise<void> {
  const { rows } = await client.query<{ file_name: string }>('SELECT DISTINCT file_name FROM pg_hba_file_rules');
  assert.equal(
    rows.some(({ file_name }) => pattern.test(file_name)),
    there,
  );
}

describe('the isolation check over the vector index', () => {
  it('finds a token that opens another’s collection, and one that is an administrator’s', async (t) => {
    const qdrant = await startQdrant();
    t.after(() => qdrant.stop());
    const collections = new QdrantCollections({ url: qdrant.url, token: qdrant.apiKey });
    t.after(() => collections.close());
    for (const name of [thief.collection, probe.collection]) await collections.make(name);
    const jwt = (claims: object) => {
      const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
      const text = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`;
      return `${text}.${createHmac('sha256', qdrant.apiKey).update(text).digest('base64url')}`;
    };
    const tried = async (claims: object): Promise<string[]> => {
      const tries = doubled(triesOf('vectors', THIEF));
      await tryVectors(order(qdrant.url, jwt(claims)), tries);
      assert.equal(tries.found[0]?.result, 'OK');
      return tries.found.filter(({ result }) => result === 'ALLOWED').map(({ test }) => test);
    };
    const access = (...names: string[]) => names.map((collection) => ({ collection, access: 'rw' }));
    assert.deepEqual(await tried({ access: access(thief.collection) }), []);

    const listed = ['find it in the list of collections'];
    const both = { access: access(thief.collection, probe.collection) };
    assert.deepEqual(await tried(both), [...listed, ...READINGS, ...WRITINGS]);
    // Nobody gives a collection another name. Were there one, it would show the collection's own beside it.
    await called(qdrant, 'by_another_name', probe.collection);
    listed.push('find it in the list of aliases');
    assert.deepEqual(await tried(both), [...listed, ...READINGS, ...WRITINGS]);
    const reading = [...access(thief.collection), { collection: probe.collection, access: 'r' }];
    assert.deepEqual(await tried({ access: reading }), [...listed, ...READINGS]);
    const second = (test: string) => `${test} (second index)`;
    assert.deepEqual(await tried({}), [
      ...listed,
      ...[...READINGS, ...READINGS.map(second)],
      ...[...CHANGES, ...CHANGES.map(second)],
      ...OF_THE_SERVER,
    ]);
  });
});

/** What whoever may read a collection finds open, in the order of the tries. */
const READINGS = [
  'look at it',
  'ask whether it is there',
  'scroll through it',
  'count it',
  'search it',
  'read a point',
  'search the own with a point of it',
  'list its snapshots',
  'list its aliases',
  'look at its shards',
];
/** And whoever may write to it. */
const WRITINGS = ['write a point', 'change a payload', 'delete a point', 'make a snapshot of it'];
/** And an administrator. */
const CHANGES = [...WRITINGS, 'have it recovered from an address', 'name it by an alias', 'alter it', 'drop it'];
const OF_THE_SERVER = [
  'make a collection',
  'alter the own collection',
  'have the own collection recovered from an address',
  'list snapshots of everything',
  'make a snapshot of everything',
  'look at the cluster',
  'read the metrics',
];

/** Gives a collection another name, as its administrator may. */
async function called(qdrant: { url: string; apiKey: string }, alias_name: string, collection_name: string) {
  const { status } = await fetch(`${qdrant.url}/collections/aliases`, {
    method: 'POST',
    headers: { 'api-key': qdrant.apiKey, 'content-type': 'application/json' },
    body: JSON.stringify({ actions: [{ create_alias: { collection_name, alias_name } }] }),
  });
  assert.equal(status, 200);
}

/** The double lets some requests pass its guard and then does not know how to answer them (501): they are let in. */
function doubled(tries: Tries): Tries {
  return {
    ...tries,
    foreign: (target, test, work) =>
      tries.foreign(target, test, () =>
        work().catch((error: unknown) => {
          if (/answered 501/.test(String(error))) return 'allowed';
          throw error;
        }),
      ),
  };
}

function order(url: string, token: string): IsolationOrder {
  return {
    tenant_id: THIEF,
    inside: false,
    own: { vectors: { kind: 'qdrant', url, collection: thief.collection, token } },
    targets: [{ tenant_id: PROBE_TENANT, probe: true, vectors: { kind: 'qdrant', collection: probe.collection } }],
  } as unknown as IsolationOrder;
}

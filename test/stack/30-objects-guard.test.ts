import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { dirname, join, resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { coreContainers, docker } from '../support/docker.ts';
import { until } from '../support/faults/until.ts';
import { type S3, signedFetch, uploadUnsigned } from '../support/s3.ts';
import { stackMissing, type TestStack, testStack } from '../support/stack.ts';

const GUARD = resolve(import.meta.dirname, '../../images/objects/guard');
const TENANT_NETWORK = '172.28.250';

describe('the guard before the object store', { skip: stackMissing() ?? false }, () => {
  const stack = testStack() as TestStack;
  const id = randomUUID().slice(0, 8);
  const [bareName, guardedName, network] = [`bare-${id}`, `guarded-${id}`, `tenant-${id}`];
  /** The same image twice: the server alone, and as it is shipped, on a tenant's network too. */
  const { access_key, secret_key } = stack?.objects ?? {};
  const bare: S3 = { endpoint: 'http://172.28.0.200:9000', access_key, secret_key };
  const onControl: S3 = { endpoint: 'http://172.28.0.201:9000', access_key, secret_key };
  const onTenants: S3 = { endpoint: `http://${TENANT_NETWORK}.201:9000`, access_key, secret_key };

  before(async () => {
    const image = coreContainers(stack).get('objects')!.Image;
    const folder = join(dirname(stack.postgres.hba_folder), 'secrets');
    const secrets = ['objects_root_user', 'objects_root_password'].map(
      (name) => `--volume=${folder}/${name}:/run/secrets/${name}:ro`,
    );
    const common = ['--detach', '--network=frostbyte_stores', '--dns=127.0.0.1', ...secrets];
    docker(stack, 'network', 'create', '--internal', `--subnet=${TENANT_NETWORK}.0/24`, network);
    const server = ['/usr/bin/minio', 'server', '--quiet'];
    docker(
      stack,
      'run',
      ...common,
      `--name=${bareName}`,
      '--ip=172.28.0.200',
      `--entrypoint=${server[0]}`,
      image,
      ...server.slice(1),
      '--address=:9000',
      '/data',
    );
    docker(
      stack,
      'run',
      ...common,
      `--name=${guardedName}`,
      '--ip=172.28.0.201',
      image,
      '--control=172.28.0.0/24',
      '--',
      ...server,
      '--address=127.0.0.1:9001',
      '/data',
    );
    docker(stack, 'network', 'connect', `--ip=${TENANT_NETWORK}.201`, network, guardedName);
    for (const s3 of [bare, onControl])
      await until(`a bucket at ${s3.endpoint}`, () =>
        signedFetch(s3, 'PUT', '/victim').then(
          ({ status }) => status === 200 || status === 409,
          () => false,
        ),
      );
  });
  after(() => {
    docker(stack, 'rm', '--force', '--volumes', bareName, guardedName);
    docker(stack, 'network', 'rm', network);
  });

  it('has tests of its own, which pass', () => {
    for (const args of [
      ['vet', './...'],
      ['test', './...'],
    ]) {
      const { status, stdout, stderr } = spawnSync('go', args, { cwd: GUARD, encoding: 'utf8' });
      assert.equal(status, 0, `go ${args[0]}: ${stdout}${stderr}`);
    }
  });

  it('stands between the upload that nothing signs and a server that would take it', async () => {
    const taken = await uploadUnsigned(bare.endpoint, access_key, '/victim/planted', 'planted');
    assert.equal(taken.status, 200, `the bare server is expected to have the hole: ${taken.text}`);
    assert.equal((await signedFetch(bare, 'GET', '/victim/planted')).text, 'planted');
    for (const s3 of [onControl, onTenants, stack.objects])
      for (const where of ['header', 'query'] as const) {
        const refused = await uploadUnsigned(s3.endpoint, access_key, '/victim/planted', 'planted', where);
        assert.equal(refused.status, 403, `${s3.endpoint}, ${where}`);
        assert.match(refused.text, /<Code>AccessDenied<\/Code><Message>uploads with an unsigned trailer/);
      }
    assert.equal((await signedFetch(onControl, 'GET', '/victim/planted')).status, 404);
  });

  it('lets administration through from the control network, and from no tenant’s', async () => {
    const info = '/minio/admin/v3/info';
    const answered = await signedFetch(onControl, 'GET', info);
    assert.equal(answered.status, 200);
    assert.equal((JSON.parse(answered.text) as { mode: string }).mode, 'online');
    for (const target of [info, '//minio/admin/v3/info', '/minio/%61dmin/v3/info', '/minio/v2/metrics/cluster']) {
      const refused = await signedFetch(onTenants, 'GET', target);
      assert.equal(refused.status, 403, target);
      assert.match(refused.text, /on the control network only/, target);
    }
  });

  it('lets temporary credentials be asked for from the control network, and from no tenant’s', async () => {
    const ask = (s3: S3, target: string, body: string) =>
      signedFetch(s3, 'POST', target, {
        body,
        service: 'sts',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      });
    const form = 'Action=AssumeRole&Version=2011-06-15&DurationSeconds=3600';
    assert.doesNotMatch((await ask(onControl, '/', form)).text, /on the control network only/);
    for (const [target, body] of [
      ['/', form],
      ['/victim', form],
      ['/?Action=AssumeRoleWithWebIdentity&Version=2011-06-15&WebIdentityToken=x', ''],
    ] as const) {
      const refused = await ask(onTenants, target, body);
      assert.equal(refused.status, 403, target);
      assert.match(refused.text, /on the control network only/, target);
    }
  });

  it('serves S3 on a tenant’s network as on any other', async () => {
    assert.equal((await signedFetch(onTenants, 'PUT', '/victim/minutes', { body: 'minutes' })).status, 200);
    assert.equal((await signedFetch(onTenants, 'GET', '/victim/minutes')).text, 'minutes');
    assert.match((await signedFetch(onTenants, 'GET', '/victim?list-type=2')).text, /<Key>minutes<\/Key>/);
  });

  it('is the only way to the server', async () => {
    for (const s3 of [onControl, onTenants])
      await assert.rejects(fetch(s3.endpoint.replace(':9000', ':9001'), { signal: AbortSignal.timeout(5000) }));
  });
});

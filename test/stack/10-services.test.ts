import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { clamdScanner } from '../../appliance/data/1-intake/clamd.ts';
import { EICAR } from '../support/clamd.ts';
import { clamdSocket } from '../support/docker.ts';
import { until } from '../support/faults/until.ts';
import { psql } from '../support/psql.ts';
import { signedFetch } from '../support/s3.ts';
import { stackMissing, type TestStack, testStack } from '../support/stack.ts';

describe('the services of the core stack', { skip: stackMissing() ?? false }, () => {
  const stack = testStack() as TestStack;

  const redis = (password: string, ...args: string[]) => {
    const { stdout } = spawnSync('redis-cli', ['-h', stack.redis.host, '-p', String(stack.redis.port), ...args], {
      encoding: 'utf8',
      env: { PATH: process.env.PATH, REDISCLI_AUTH: password },
    });
    return stdout.trim();
  };

  it('PostgreSQL is 17, with checksums, words compared the same everywhere, and SCRAM', () => {
    const settings = psql(
      "select current_setting('server_version_num')::int / 10000, current_setting('data_checksums'), " +
        "current_setting('password_encryption'), (select datlocprovider::text || datlocale from pg_database where datname = 'postgres')",
    );
    assert.deepEqual(settings, { ok: true, said: '17|on|scram-sha-256|bC.UTF-8' });
    assert.match(psql('select rolpassword from pg_authid where rolname = current_user').said, /^SCRAM-SHA-256\$/);
  });

  it('PostgreSQL lets in nobody with another password, nor a role that no file names', () => {
    assert.match(psql('select 1', { password: 'wrong' }).said, /password authentication failed/);
    assert.match(psql('select 1', { user: 'somebody' }).said, /no pg_hba\.conf entry for host "172\.28\.0\.1"/);
  });

  it('who writes a file of rules lets a role in, and out again, without a restart', async () => {
    const role = `visitor_${randomUUID().slice(0, 8)}`;
    const rules = join(stack.postgres.hba_folder, `50-${role}.conf`);
    const visit = () => psql('select current_user', { user: role, password: 'p' });
    assert.ok(psql(`create role ${role} login password 'p'`).ok);
    // An appliance that used these stores took the right to come in from everybody.
    assert.ok(psql(`grant connect on database postgres to ${role}`).ok);
    try {
      assert.match(visit().said, /no pg_hba\.conf entry/);
      writeFileSync(rules, `host postgres ${role} 172.28.0.1/32 scram-sha-256\n`);
      // A file that somebody else takes away while the folder is read has the server keep the rules that it had.
      const reload = () => assert.ok(psql('select pg_reload_conf()').ok);
      const isLetIn = () => {
        reload();
        return visit().ok;
      };
      await until('the role to be let in', isLetIn, { seconds: 20, everyMs: 100 });
      rmSync(rules);
      const isKeptOut = () => {
        reload();
        return !visit().ok;
      };
      await until('the role to be kept out', isKeptOut, { seconds: 20, everyMs: 100 });
    } finally {
      rmSync(rules, { force: true });
      psql(`drop owned by ${role}`);
      psql(`drop role ${role}`);
    }
  });

  it('PostgreSQL writes no statement and no value into its log, nor takes settings from a session', () => {
    const settings = psql(
      "select string_agg(current_setting(name), ',' order by name) from pg_settings where name in " +
        "('log_statement', 'log_min_error_statement', 'log_error_verbosity', 'allow_alter_system')",
    );
    assert.equal(settings.said, 'off,terse,panic,none');
    assert.equal(psql('alter system set work_mem = 4096').ok, false);
  });

  it('Redis is 8, and answers nobody without the password', () => {
    assert.match(redis(stack.redis.password, 'info', 'server'), /redis_version:8\./);
    assert.match(redis('', 'ping'), /NOAUTH/);
    assert.match(redis('wrong', 'ping'), /NOAUTH|WRONGPASS/);
    assert.match(redis(stack.redis.password, 'debug', 'sleep', '0'), /ERR DEBUG command not allowed/);
  });

  it('clamd is 1.4, and finds the test file', async () => {
    const path = clamdSocket(stack);
    const socket = connect(path);
    socket.write('zVERSION\0');
    assert.match(await text(socket), /^ClamAV 1\.4\./);
    const scan = await clamdScanner(path).begin();
    await scan.write(Buffer.from(EICAR));
    const verdict = await scan.end();
    assert.equal(verdict.result, 'quarantined');
    assert.match((verdict as { signature: string }).signature, /Frostbyte\.Eicar\.Test/);
  });

  it('MinIO takes a bucket, an object and gives it back, through the guard', async () => {
    const bucket = `/round-trip-${randomUUID().slice(0, 8)}`;
    const s3 = (method: string, target: string, body?: string) => signedFetch(stack.objects, method, target, { body });
    assert.equal((await s3('PUT', bucket)).status, 200);
    const key = `${bucket}/raw/a%20b%2Bc/%C3%A6`;
    assert.equal((await s3('PUT', key, 'minutes of the board')).status, 200);
    assert.deepEqual(await s3('GET', key).then(({ status, text }) => ({ status, text })), {
      status: 200,
      text: 'minutes of the board',
    });
    assert.equal((await s3('DELETE', key)).status, 204);
    assert.equal((await s3('GET', key)).status, 404);
    assert.equal((await s3('DELETE', bucket)).status, 204);
    const stranger = { ...stack.objects, secret_key: 'not-the-secret-of-this-store' };
    assert.match((await signedFetch(stranger, 'GET', '/')).text, /SignatureDoesNotMatch/);
  });
});

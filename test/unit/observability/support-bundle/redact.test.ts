import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import { MARK, redactLine, redactText } from '../../../../appliance/observability/support-bundle/redact.ts';
import { logMessages } from '../../../../scripts/log-messages.ts';

const ROOT = resolve(import.meta.dirname, '../../../..');
const ABOUT = { known: new Set(['nordlaw', 'frostbyte-postgres-1', 'tenant_nordlaw']), subnet: '172.28' };
const redact = (line: string) => redactLine(line, ABOUT);

describe('what helps', () => {
  for (const line of [
    '2026-09-21 14:13:20.123 UTC [42] LOG:  database system is ready to accept connections',
    '2026-09-21T14:13:20.5Z FATAL:  password authentication failed for user "tenant_nordlaw"',
    'PANIC:  could not write to file "pg_wal/xlogtemp.29": No space left on device'.replace(
      'pg_wal/xlogtemp.29',
      'wal/temp.29',
    ),
    'clamd: Database correctly reloaded (8 signatures)'.replace('correctly ', ''),
    'Out of memory: Killed process 4242 (redis-server) total-vm:812kB',
    'dial tcp 172.28.0.10:5432: connect: connection refused',
    'the request 0198f1c2-7e5d-7abc-8def-0123456789ab failed with STORE_UNAVAILABLE and ENOSPC',
    'frostbyte-postgres-1 exited (137)',
  ])
    it(`passes as it is: ${line.slice(0, 50)}`, () => assert.equal(redact(line), line));

  it('of our own is every message, and the fields that a log may have', () => {
    const messages = globSync('appliance/**/*.ts', { cwd: ROOT }).flatMap((file) =>
      logMessages(readFileSync(join(ROOT, file), 'utf8')),
    );
    assert.ok(messages.length > 80);
    for (const message of messages) assert.ok(!redactText(message, ABOUT).includes(MARK), message);
    const line = JSON.stringify({
      level: 'warn',
      timestamp: '2026-09-21T14:13:20.123Z',
      component: 'worker',
      message: 'listening',
      tenant_id: 'nordlaw',
      code: 'STORE_UNAVAILABLE',
      frames: 'appliance/bin/daemon.ts:12',
      count: 3,
    });
    assert.equal(redact(line), line);
  });
});

describe('what is somebody’s', () => {
  for (const [what, line] of [
    ['a statement', `STATEMENT:  INSERT INTO chunks VALUES ('Dana Weber, lessee of the warehouse')`],
    ['a file’s name', 'GET /tenant-nordlaw-bucket/raw/Kündigung-Weber.pdf 404'],
    ['what a scanner found', '/scratch/Weber_contract.docx: Eicar-Test-Signature FOUND'],
    ['a mail address', 'error for dana.weber@example.org'],
    ['a social security number', 'invalid input: 123-45-6789'],
    ['a day of birth', 'invalid input: 1985-04-12'],
    ['a number of a card, or an account', 'value 4111111111111111, DE89370400440532013000'],
    ['a telephone number', 'call 415 555 2671 or +49 30 901820'],
    ['an address of somebody’s network', 'client 192.168.17.23:51515 closed'],
    ['another host’s name', 'lookup fileserver.weber.example on resolver'],
    [
      'a secret',
      'password=hunter2correct token=eyJhbGciOiJFZERTQSJ9.e30.sig AKIAIOSFODNN7EXAMPLE AGE-SECRET-KEY-1QQPQ',
    ],
    ['spelt in hexadecimal', `payload ${Buffer.from('Weber').toString('hex')}`],
    ['spelt in base64', `payload ${Buffer.from('Weber lessee').toString('base64')}`],
    ['in JSON that is not ours', JSON.stringify({ msg: 'Weber', level: 'error', name: 'Dana' })],
    [
      'in a line that looks like ours',
      JSON.stringify({
        level: 'error',
        message: 'Weber',
        component: 'Weber',
        tenant_id: 'weber',
        route: '/weber',
        code: 'WEBER',
        Weber: 'Weber',
        timestamp: 'Weber',
      }),
    ],
    ['escaped', 'value "\\u0057eber" \u0000W\u0000e\u0000b\u0000e\u0000r'],
  ] as const)
    it(`stays here: ${what}`, () => {
      const said = redact(line);
      assert.match(said, new RegExp(MARK));
      assert.doesNotMatch(
        said,
        /weber|dana|lessee|warehouse|k.ndigung|eicar|example\.org|123-45|6789|1985|4111|DE89|555|2671|901820|192\.168|fileserver|hunter2|eyJ|AKIA|AGE-|5765626572|V2ViZXI|u0057/i,
      );
    });

  it('is marked, and what stands around it passes', () => {
    assert.equal(redact('ERROR: duplicate key value (Weber)'), `ERROR: duplicate key value (${MARK})`);
    assert.equal(
      redact('file /run/frostbyte/tenants/nordlaw/Weber.pdf'),
      `file /run/frostbyte/tenants/nordlaw/${MARK}.${MARK}`,
    );
  });
});

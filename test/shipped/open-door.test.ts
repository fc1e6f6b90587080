import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type ConnectionOptions, connect } from 'node:tls';
import { type Appliance, type Arrangement, startAppliance } from '../support/appliance.ts';
import { freePort } from '../support/free-port.ts';
import { requireBuild, runProgram } from '../support/shipped.ts';

/** The door for named networks, with a certificate that the box made for itself. */

const FROSTBYTE = resolve(import.meta.dirname, '../../dist/frostbyte');
const frostbyte = (...words: string[]) =>
  runProgram([FROSTBYTE, ...words], { env: { PATH: process.env.PATH ?? '', HOME: '/nonexistent' } });

for (const arrangement of ['single', 'split'] satisfies Arrangement[]) {
  describe(`the open door, ${arrangement === 'single' ? 'one process' : 'a process a role'}`, () => {
    let folder: string;
    let appliance: Appliance;
    let url: string;
    let port: number;
    let made: { certificate: string; key: string; fingerprint: string };
    before(async () => {
      requireBuild();
      folder = mkdtempSync(join(tmpdir(), 'frostbyte-door-'));
      const { code, out, err } = await frostbyte(
        ...['certificate', 'new', join(folder, 'door'), '--name', 'box.example', '--name', '127.0.0.2', '--json'],
      );
      assert.equal(code, 0, err);
      made = JSON.parse(out) as typeof made;
      port = await freePort();
      const file = join(folder, 'frostbyte.yaml');
      const open = { host: '127.0.0.2', port, networks: ['10.1.0.0/16'], certificate: made.certificate, key: made.key };
      writeFileSync(file, JSON.stringify({ listen: { open } }));
      appliance = await startAppliance({
        arrangement,
        launcher: FROSTBYTE,
        environment: { FROSTBYTE_CONFIG: file },
      });
      url = `https://127.0.0.2:${port}`;
    });
    after(async () => {
      await appliance?.end();
      rmSync(folder, { recursive: true, force: true });
    });

    const hello = (options: ConnectionOptions): Promise<{ protocol: string | null; fingerprint: string }> =>
      new Promise((done, failed) => {
        const socket = connect({ host: '127.0.0.2', port, rejectUnauthorized: false, ...options }, () => {
          const { fingerprint256: fingerprint } = socket.getPeerCertificate();
          done({ protocol: socket.getProtocol(), fingerprint });
          socket.destroy();
        });
        socket.on('error', failed);
      });

    test('shows the certificate whose fingerprint was printed, and speaks nothing older than TLS 1.3', async () => {
      assert.deepEqual(await hello({}), { protocol: 'TLSv1.3', fingerprint: made.fingerprint });
      await assert.rejects(hello({ maxVersion: 'TLSv1.2' }));
      await assert.rejects(fetch(`http://127.0.0.2:${port}/health`), 'nothing is said in plain');
      assert.equal((await fetch(`${appliance.url}/health`)).status, 200, 'whoever is on the host comes as before');
    });

    test('is used by the command line, which believes that certificate and no other', async () => {
      const token = await appliance.token({ role: 'admin' });
      const tokenFile = join(folder, 'token');
      writeFileSync(tokenFile, token);
      const ask = ['--url', url, '--token-file', tokenFile, 'tenant', 'list', '--json'];
      const trusted = await frostbyte('--ca', made.certificate, ...ask);
      assert.deepEqual([trusted.code, JSON.parse(trusted.out)], [0, []], trusted.err);
      const unknown = await frostbyte(...ask);
      assert.equal(unknown.code, 3, unknown.err);
      assert.match(unknown.err, /certificate/);
    });
  });
}

test('a certificate of its own has its key for itself alone, and is not written over', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'frostbyte-certificate-'));
  try {
    const make = (...words: string[]) => frostbyte('certificate', 'new', folder, ...words);
    const first = await make('--name', 'box.example');
    assert.equal(first.code, 0, first.err);
    assert.match(first.out, /SHA-256 (?:[0-9A-F]{2}:){31}[0-9A-F]{2}/);
    assert.equal(statSync(join(folder, 'key.pem')).mode & 0o777, 0o600);
    const key = readFileSync(join(folder, 'key.pem'), 'utf8');
    const again = await make('--name', 'box.example');
    assert.deepEqual([again.code, /put the old one away first/.test(again.err)], [2, true], again.err);
    assert.equal(readFileSync(join(folder, 'key.pem'), 'utf8'), key);
    const strange = await make('--name', 'box/example,DNS:other');
    assert.deepEqual([strange.code, /as people type it/.test(strange.err)], [2, true], strange.err);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a door without named networks, or whose files are none, is not opened, and nothing starts', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'frostbyte-no-door-'));
  try {
    const file = join(folder, 'frostbyte.yaml');
    const [certificate, key] = [join(folder, 'certificate.pem'), join(folder, 'key.pem')];
    const serve = async (open: object) => {
      writeFileSync(file, JSON.stringify({ data_folder: join(folder, 'data'), listen: { port: 0, open } }));
      return frostbyte('serve', '--config', file);
    };
    const door = { host: '0.0.0.0', port: 0, networks: ['10.1.0.0/16'], certificate, key };
    for (const [open, says] of [
      [{ ...door, networks: [] }, /listen\.open\.networks: must name whoever may come/],
      [{ ...door, networks: ['10.1.0.0'] }, /must be a network, as 10\.1\.0\.0\/16/],
      [door, /listen\.open\.certificate must be a file that this user reads \(ENOENT\)/],
    ] as const) {
      const { code, err } = await serve(open);
      assert.equal(code, 2, err);
      assert.match(err, says);
    }
    writeFileSync(certificate, 'none');
    writeFileSync(key, 'none');
    const { code, err } = await serve(door);
    assert.deepEqual([code, /a certificate as PEM text/.test(err)], [2, true], err);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

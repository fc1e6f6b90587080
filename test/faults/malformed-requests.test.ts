import assert from 'node:assert/strict';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { ErrorEnvelope, STATUS } from '../../appliance/api/errors.ts';
import { withControl } from '../../appliance/bin/wire/embedded.ts';
import { loadConfig } from '../../appliance/config/load.ts';
import { type Appliance, startAppliance } from '../support/appliance.ts';
import { type RoleProcess, rolesOf } from '../support/faults/processes.ts';
import { GARBAGE, type Malformed, malformed } from '../support/malformed-requests.ts';

/**
 * Ten thousand requests that no honest client sends, against a real daemon: each gets a documented answer, also where a gateway
 * that is a process of its own forwards it to the data plane.
 */

const COUNT = 10_000;
const SEED = Number(process.env.FROSTBYTE_TEST_SEED ?? 20_260_101);
const CONCURRENCY = 24;

const TUS_STATUSES = [412, 415, 460];

interface Answer {
  status: number;
  type: string;
  policy: string | undefined;
  location: string | undefined;
  requestId: string | undefined;
  text: string;
}

const MACHINERY = /node_modules|at \w+ \(|SQLITE|ENOENT|\/appliance\/|TypeError|SyntaxError/;

/**
 * An answer is a success, a page's way to another page of ours, a page that says what is wrong, or the envelope with the
 * status of its code; never a 500, and no word of the machinery.
 */
function check(answer: Answer, { method, path }: Malformed): void {
  assert.ok(answer.requestId, 'a request id');
  const forPrograms = path.startsWith('/api/');
  if (answer.status === 303 && !forPrograms) {
    assert.match(answer.location!, /^\/(?![/\\])/, 'never another site');
    return;
  }
  assert.ok(answer.status >= 400 || [200, 201, 202, 204].includes(answer.status), String(answer.status));
  if (answer.status < 400) return;
  assert.notEqual(answer.status, 500);
  if (method === 'HEAD') return;
  assert.ok(answer.text.length < 64_000, 'an answer is no amplifier');
  assert.doesNotMatch(answer.text, MACHINERY);
  if (!forPrograms && answer.type.startsWith('text/html')) {
    assert.match(answer.policy!, /default-src 'none'/);
    assert.match(answer.text, /<h1/);
    return;
  }
  assert.match(answer.type, /^application\/json/);
  const { error } = ErrorEnvelope.parse(JSON.parse(answer.text));
  // tus has statuses of its own, all for one code of ours.
  if (TUS_STATUSES.includes(answer.status)) assert.equal(error.code, 'VALIDATION_ERROR');
  else assert.equal(STATUS[error.code], answer.status);
  assert.equal(error.request_id, answer.requestId);
}

for (const arrangement of ['single', 'split'] as const) {
  describe(`malformed requests, arrangement ${arrangement}`, () => {
    let appliance: Appliance;
    const tokens: Record<Malformed['who'], string | null> = {
      admin: null,
      tenant: null,
      auditor: null,
      nobody: null,
      forged: 'aaaa.bbbb.cccc',
    };
    const PASSWORD = 'a long winter passphrase';
    /** Cookies of the same people in a browser. */
    const sessions: Record<string, string> = { forged: `frostbyte=${'A'.repeat(43)}` };
    before(async () => {
      appliance = await startAppliance({ arrangement, environment: { FROSTBYTE_LOG_LEVEL: 'warn' } });
      await appliance.createTenant('acme');
      tokens.admin = await appliance.token({ role: 'admin' });
      tokens.tenant = await appliance.token({ role: 'tenant_admin', tenant_id: 'acme' });
      tokens.auditor = await appliance.token({ role: 'auditor' });
      const config = loadConfig({ variables: {}, overrides: { data_folder: appliance.dataFolder } });
      await withControl(config, async (control) => {
        const people = {
          admin: ['admin', null],
          tenant: ['tenant_admin', 'acme'],
          auditor: ['auditor', null],
        } as const;
        for (const [who, [role, tenant]] of Object.entries(people)) {
          await control.addUser(
            { username: who, role, ...(tenant ? { tenant_id: tenant } : {}), password: PASSWORD },
            'operator',
          );
          sessions[who] = await signedIn(who);
        }
      });
    });
    after(() => appliance.end());
    const roles = () => rolesOf(appliance.process.pid!);
    const standing = ({ role }: RoleProcess) => role !== 'data-plane';

    async function signedIn(username: string): Promise<string> {
      const { headers, status } = await fetch(`${appliance.url}/sign-in`, {
        method: 'POST',
        redirect: 'manual',
        headers: { origin: appliance.url },
        body: new URLSearchParams({ username, password: PASSWORD }),
      });
      assert.equal(status, 303);
      return headers.get('set-cookie')!.split(';')[0]!;
    }

    const agent = new Agent({ keepAlive: true, maxSockets: CONCURRENCY });
    after(() => agent.destroy());

    function send(asked: Malformed, again = false): Promise<Answer> {
      const { method, path, headers, body, who, by } = asked;
      const { hostname, port } = new URL(appliance.url);
      const token = by === 'token' ? tokens[who] : null;
      const session = by === 'session' ? sessions[who] : undefined;
      return new Promise((resolve, reject) => {
        const outgoing = request(
          {
            hostname,
            port,
            agent,
            method,
            path,
            timeout: 20_000,
            headers: {
              ...headers,
              ...(token ? { authorization: `Bearer ${token}` } : {}),
              ...(session ? { cookie: session } : {}),
              ...(who === 'admin' && headers['x-break-glass-reason'] === undefined
                ? { 'x-break-glass-reason': 'fuzz' }
                : {}),
              ...(body ? { 'content-length': body.length } : {}),
            },
          },
          (incoming) => {
            const chunks: Buffer[] = [];
            incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
            incoming.on('end', () =>
              resolve({
                status: incoming.statusCode!,
                type: incoming.headers['content-type'] ?? '',
                policy: incoming.headers['content-security-policy'] as string | undefined,
                location: incoming.headers.location,
                requestId: incoming.headers['x-request-id'] as string | undefined,
                text: Buffer.concat(chunks).toString(),
              }),
            );
            incoming.on('error', reject);
          },
        );
        outgoing.on('timeout', () => outgoing.destroy(new Error('no answer in 20 s')));
        outgoing.on('error', (error: NodeJS.ErrnoException) => {
          // A kept connection may be closed by its server at the moment it is used again: an honest client asks once more.
          const closed = outgoing.reusedSocket && error.code === 'ECONNRESET' && !again;
          if (closed) resolve(send(asked, true));
          else reject(error);
        });
        outgoing.end(body ?? undefined);
      });
    }

    it(`${COUNT} malformed requests get documented answers, and the daemon is well afterwards`, {
      timeout: 600_000,
    }, async () => {
      const before = roles();
      assert.deepEqual(
        before.map(({ role }) => role).sort(),
        arrangement === 'split' ? ['control', 'data-plane', 'gateway'] : [],
      );
      const started = performance.now();
      const queue = fc.sample(malformed, { seed: SEED, numRuns: COUNT });
      const made = performance.now() - started;
      const seen = new Map<number, number>();
      const wrong: string[] = [];
      const work = async () => {
        for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
          const shown = `${next.who} by ${next.by} ${next.method} ${next.path.slice(0, 200)} ${JSON.stringify(next.headers).slice(0, 200)} ${next.body?.toString('latin1').slice(0, 200)}`;
          try {
            const answer = await send(next);
            seen.set(answer.status, (seen.get(answer.status) ?? 0) + 1);
            check(answer, next);
          } catch (error) {
            wrong.push(`${(error as Error).message.slice(0, 300)}\n    ${shown}`);
          }
        }
      };
      await Promise.all(Array.from({ length: CONCURRENCY }, work));
      const counts = [...seen].sort(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`);
      console.log(
        `malformed requests, ${arrangement}, seed ${SEED}, ${Math.round(made)} ms to make, ${Math.round(performance.now() - started - made)} ms to send: ${counts.join('  ')}`,
      );
      assert.deepEqual(wrong.slice(0, 12), [], `${wrong.length} answers are not as documented`);
      assert.equal(
        [...seen.values()].reduce((sum, n) => sum + n, 0),
        COUNT,
      );
      for (const status of [200, 303, 400, 401, 403, 404, 413])
        assert.ok((seen.get(status) ?? 0) > 0, `the generator reaches ${status}`);
      assert.equal(appliance.process.exitCode, null);
      // A data plane that is slow to answer control is started anew, on a busy machine too; one that crashes says so in the log.
      assert.deepEqual(roles().filter(standing), before.filter(standing));
      assert.equal((await fetch(`${appliance.url}/health`)).status, 200);
      assert.equal((await fetch(`${appliance.url}/ready`)).status, 200);
    });

    function sendRaw(bytes: string): Promise<string> {
      return new Promise((resolve) => {
        const socket = connect(Number(new URL(appliance.url).port), '127.0.0.1', () =>
          socket.write(Buffer.from(bytes, 'latin1')),
        );
        let text = '';
        socket.setTimeout(1500, () => socket.end());
        socket.on('data', (chunk) => {
          text += chunk.toString('latin1');
        });
        socket.on('error', () => undefined);
        socket.on('close', () => resolve(text));
      });
    }

    it('bytes that are hardly HTTP are refused in the envelope or cut off, and hurt nobody', async () => {
      const answers = await Promise.all(GARBAGE.map(sendRaw));
      for (const [i, text] of answers.entries()) {
        const shown = JSON.stringify(GARBAGE[i]!.slice(0, 80));
        assert.doesNotMatch(text, /^HTTP\/1\.1 5/, shown);
        if (text === '' || /^HTTP\/1\.1 200/.test(text)) continue;
        const [head, body] = text.split('\r\n\r\n', 2) as [string, string];
        const json = body.startsWith('{') ? body : body.slice(body.indexOf('{'), body.lastIndexOf('}') + 1);
        assert.ok(json.endsWith('}'), `${shown} → ${text.slice(0, 300)}`);
        const { error } = ErrorEnvelope.parse(JSON.parse(json));
        assert.match(head, new RegExp(`^HTTP/1\\.1 ${STATUS[error.code]} `), shown);
      }
      assert.equal((await fetch(`${appliance.url}/health`)).status, 200);
    });

    it('no request left a trace of itself in the log but codes and patterns', () => {
      const lines = appliance.logs().trim().split('\n').filter(Boolean);
      for (const line of lines) {
        const { level, code } = JSON.parse(line) as { level: string; code?: string };
        assert.notEqual(code, 'INTERNAL_ERROR', line);
        assert.notEqual(level, 'fatal');
      }
    });
  });
}

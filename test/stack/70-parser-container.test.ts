import assert from 'node:assert/strict';
import { closeSync, openSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { socketParser } from '../../appliance/data/2-parse/over-socket/ask-parser.ts';
import { sha256Hex } from '../../appliance/kernel/digest.ts';
import { type ErrorCode, isFrostbyteError } from '../../appliance/kernel/errors.ts';
import { docId } from '../../appliance/kernel/ids.ts';
import { GOLDEN_FILE, type Golden, goldenOf, parseSamples } from '../../scripts/gen-golden.ts';
import { descendantsOf } from '../support/faults/processes.ts';
import { USUAL_LIMITS } from '../support/read-options.ts';
import {
  PARSER_FOLDER,
  PARSER_UID,
  PLANE_UID,
  type RoleContainers,
  roleContainers,
} from '../support/roles/containers.ts';
import { stockOf } from '../support/roles/stock.ts';
import { stackMissing, testStack } from '../support/stack.ts';

/** The parser in its container: no network, no capability, another user, a root file system that cannot be written to. */

const HOSTILE = resolve(import.meta.dirname, '../fixtures/parser-sandbox/hostile.mjs');
const CHILD = '/opt/frostbyte/parse-child.mjs';
const COMMAND = ['serve', '--role', 'parser'];
const BUDGET = { memoryLimitMb: 256, timeoutMs: 30_000 };

describe('the parser in a container', { skip: stackMissing() ?? false, timeout: 300_000 }, () => {
  let containers: RoleContainers;
  before(async () => {
    containers = await roleContainers(testStack()!);
  });
  after(() => containers?.end());

  /** Starts one; gives the path of its socket. */
  function start(
    name: string,
    options: { child?: string; network?: string; secrets?: string; memoryMb?: number } = {},
  ): string {
    const folder = containers.parserFolder(name);
    const { child, network, secrets, memoryMb } = options;
    containers.run(name, {
      command: COMMAND,
      uid: PARSER_UID,
      ...(network && { network: { name: network } }),
      ...(memoryMb && { memoryMb }),
      mounts: [
        { source: folder, target: PARSER_FOLDER, writable: true },
        ...(child ? [{ source: child, target: CHILD, writable: false }] : []),
        ...(secrets ? [{ source: secrets, target: '/run/secrets', writable: false }] : []),
      ],
    });
    return join(folder, 'parser.sock');
  }

  async function parse(socket: string, content: string, budget = {}): Promise<unknown> {
    const bytes = Buffer.from(content);
    const raw_sha256 = sha256Hex(bytes);
    const file = join(containers.folder, raw_sha256.slice(0, 12));
    writeFileSync(file, bytes);
    const fd = openSync(file, 'r');
    try {
      return await socketParser({ socket, ...BUDGET, patienceMs: 20_000, ...budget }).parse(
        { open: async () => fd, mediaType: 'text/plain', size: bytes.length },
        {
          tenant_id: 'acme',
          doc_id: docId('acme', raw_sha256),
          raw_sha256,
          chunkLimits: { soft: 1200, hard: 2400 },
          limits: USUAL_LIMITS,
        },
      );
    } finally {
      closeSync(fd);
    }
  }
  async function fails(socket: string, order: string, code: ErrorCode, words: RegExp, budget = {}): Promise<string> {
    let said = '';
    await assert.rejects(parse(socket, order, budget), (error) => {
      assert.ok(isFrostbyteError(error, code), `${order}: ${String(error)} instead of ${code}`);
      assert.match(error.message, words, order);
      said = error.message;
      return true;
    });
    return said;
  }
  const facts = (said: string) =>
    Object.fromEntries(said.split(' ').map((fact) => fact.split('=') as [string, string]));

  describe('as it ships', () => {
    let socket: string;
    before(async () => {
      socket = start('parser');
      await containers.healthy('parser');
    });

    it('finds the container’s walls around it in place of a network namespace of its own', async () => {
      const { mode, ok, layers } = await socketParser({ socket, ...BUDGET }).layers();
      assert.deepEqual([mode, ok], ['contained', true], JSON.stringify(layers));
      for (const { name, state } of layers) assert.equal(state, 'active', name);
      assert.match(layers.find(({ name }) => name === 'network_namespace')!.message, /container that has no network/);
    });

    it('gives the samples the promised hashes and chunk ids', () => {
      const golden = JSON.parse(readFileSync(GOLDEN_FILE, 'utf8')) as Record<string, Golden>;
      const found = goldenOf(
        parseSamples([resolve('dist/frostbyte')], { env: { FROSTBYTE_PARSER_SOCKET: socket }, cwd: '/' }),
      );
      assert.deepEqual(Object.keys(found), Object.keys(golden));
      for (const [file, promised] of Object.entries(golden)) assert.deepEqual(found[file], promised, file);
    });

    it('listens where its plane’s group may connect, and nobody else', () => {
      const { mode, uid, gid } = statSync(socket);
      assert.deepEqual([mode & 0o777, uid, gid], [0o660, PARSER_UID, PLANE_UID]);
    });

    it('holds nothing, itself and its processes: no environment, no interface, no file, no privilege', async () => {
      await parse(socket, 'A line of text.\n');
      const { Pid } = containers.inspect('parser').State;
      const processes = [Pid, ...descendantsOf(Pid)];
      assert.ok(processes.length >= 2, 'it keeps a spare process');
      for (const pid of processes) {
        const stock = stockOf(pid);
        assert.deepEqual(
          { ...stock, commandLine: '', unix: [] },
          {
            uid: String(PARSER_UID),
            groups: stock.groups,
            capabilities: 0,
            sealed: true,
            seccomp: '2',
            environment: [],
            commandLine: '',
            interfaces: ['lo'],
            files: [],
            internet: [],
            unix: [],
          },
        );
        assert.ok(['', String(PARSER_UID)].includes(stock.groups), stock.groups);
        const own = pid === Pid ? [`${PARSER_FOLDER}/parser.sock`] : [];
        assert.deepEqual([...new Set(stock.unix)], own, stock.commandLine);
      }
    });
  });

  describe('when it is taken over', () => {
    let socket: string;
    let born: string;
    const startedAt = () =>
      JSON.stringify([containers.inspect('hostile').State.Pid, containers.inspect('hostile').RestartCount]);
    before(async () => {
      socket = start('hostile', { child: HOSTILE, memoryMb: 512 });
      await containers.healthy('hostile');
      born = startedAt();
    });
    after(() => assert.equal(startedAt(), born, 'the role itself was never ended'));

    it('opens no file, starts nothing, and ends nobody', async () => {
      const files = facts(await fails(socket, 'files /tmp/written', 'PARSER_ERROR', /passwd=/));
      for (const [name, outcome] of Object.entries(files)) assert.equal(outcome, 'ERR_ACCESS_DENIED', name);
      // Its first process takes no signal from inside that ends it unasked.
      const { kill: _, ...programs } = facts(await fails(socket, 'programs 1', 'PARSER_ERROR', /spawn=/));
      assert.deepEqual(programs, {
        spawn: 'ERR_ACCESS_DENIED',
        exec: 'ERR_ACCESS_DENIED',
        worker: 'ERR_ACCESS_DENIED',
        addon: 'ERR_DLOPEN_DISABLED',
        binding: 'ERR_ACCESS_DENIED',
        eval: 'EvalError',
      });
    });

    it('reaches nothing: on its loopback nobody listens, and there is no other way', async () => {
      const { lookup, resolver, ...direct } = facts(await fails(socket, 'network 9229', 'PARSER_ERROR', /loopback=/));
      assert.deepEqual(direct, {
        loopback: 'ECONNREFUSED',
        outside: 'ENETUNREACH',
        six: direct.six === 'EADDRNOTAVAIL' ? 'EADDRNOTAVAIL' : 'ECONNREFUSED',
        datagram: 'ENETUNREACH',
        interfaces: '1',
      });
      assert.ok(['EAI_AGAIN', 'ENOTFOUND'].includes(lookup!), lookup);
      assert.ok(['ECONNREFUSED', 'ETIMEOUT'].includes(resolver!), resolver);
    });

    it('fails its document alone, with the same codes as everywhere', async () => {
      await fails(
        socket,
        'environment',
        'PARSER_ERROR',
        new RegExp(`variables=0 argument=text/plain user=${PARSER_UID}`),
      );
      for (const order of ['heap', 'buffers', 'wasm'])
        await fails(socket, order, 'PARSER_MEMORY', /more memory/, { memoryLimitMb: 128 });
      await fails(socket, 'spin', 'PARSER_TIMEOUT', /longer/, { timeoutMs: 1000 });
      await fails(socket, 'sleep', 'PARSER_TIMEOUT', /longer/, { timeoutMs: 1000 });
      // The way in which V8 gives up where memory ends.
      await fails(socket, 'abort', 'PARSER_MEMORY', /more memory/);
      for (const order of ['exit 1', 'complain']) await fails(socket, order, 'PARSER_ERROR', /died/);
      for (const order of ['silence', 'print {"ok":true}']) await fails(socket, order, 'PARSER_ERROR', /does not hold/);
      await fails(socket, 'flood', 'PARSER_ERROR', /longer answer/);
    });

    it('is what the kernel takes where the memory of the whole container runs out', async () => {
      await fails(socket, 'buffers', 'PARSER_MEMORY', /more memory/, { memoryLimitMb: 8192 });
      await fails(socket, 'environment', 'PARSER_ERROR', /variables=0/);
    });
  });

  it('does not parse where there is a network around it, and says so', async () => {
    const socket = start('networked', { network: 'frostbyte_scanning' });
    await fails(
      socket,
      'A line of text.\n',
      'PARSER_SANDBOX_UNAVAILABLE',
      /network_namespace.*there is a network \(up: eth0\)/,
    );
    await containers.unhealthy('networked', /network_namespace/);
  });

  it('does not parse where there is what may be a secret, and says so', async () => {
    const secrets = containers.parserFolder('secrets');
    writeFileSync(join(secrets, 'postgres_password'), 'x');
    const socket = start('secretive', { secrets });
    await fails(socket, 'A line of text.\n', 'PARSER_SANDBOX_UNAVAILABLE', /no_secrets/);
    await containers.unhealthy('secretive', /no_secrets/);
  });
});

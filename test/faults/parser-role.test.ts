import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { socketParser } from '../../appliance/data/2-parse/over-socket/ask-parser.ts';
import { type Ask, line } from '../../appliance/data/2-parse/over-socket/wire.ts';
import { childEntry } from '../../appliance/data/2-parse/sandbox/entry.ts';
import { checkLayers } from '../../appliance/data/2-parse/sandbox/layers.ts';
import { sha256Hex } from '../../appliance/kernel/digest.ts';
import { isFrostbyteError } from '../../appliance/kernel/errors.ts';
import { docId } from '../../appliance/kernel/ids.ts';
import { descendantsOf, isRunning } from '../support/faults/processes.ts';
import { until } from '../support/faults/until.ts';
import { USUAL_LIMITS } from '../support/read-options.ts';

/** The role `parser` among hostile documents, clients that go away, and its own end. */

const ROLE = fileURLToPath(new URL('../fixtures/parser-sandbox/parser-role.ts', import.meta.url));
const HOSTILE = fileURLToPath(new URL('../fixtures/parser-sandbox/hostile.mjs', import.meta.url));
const BUDGET = { memoryLimitMb: 128, timeoutMs: 20_000 };

const { layers } = await checkLayers(['full'], childEntry(HOSTILE), BUDGET);
const missing = layers.layers.filter((layer) => layer.required && layer.state === 'missing').map(({ name }) => name);
const skip = missing.length === 0 ? false : `this host lacks the layers ${missing.join(', ')}`;

describe('the role parser', { skip, timeout: 600_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'frostbyte-parser-role-'));
  const socket = join(folder, 'parser.sock');
  let role: ChildProcess;

  async function start(): Promise<void> {
    const words = ['--disable-warning=ExperimentalWarning', ROLE, socket, HOSTILE];
    role = spawn(process.execPath, words, { env: {}, cwd: '/', stdio: ['ignore', 'pipe', 'ignore'] });
    await once(role.stdout!, 'data');
  }
  async function kill(): Promise<void> {
    if (role.exitCode !== null || role.signalCode !== null) return;
    const ended = once(role, 'exit');
    role.kill('SIGKILL');
    await ended;
  }
  before(() => {
    chmodSync(folder, 0o755);
    return start();
  });
  after(async () => {
    await kill();
    rmSync(folder, { recursive: true, force: true });
  });

  const requestFor = (bytes: Buffer) => {
    const raw_sha256 = sha256Hex(bytes);
    const chunkLimits = { soft: 1200, hard: 2400 };
    return { tenant_id: 'acme', doc_id: docId('acme', raw_sha256), raw_sha256, chunkLimits, limits: USUAL_LIMITS };
  };
  const parser = (budget = {}) => socketParser({ socket, ...BUDGET, patienceMs: 5000, ...budget });
  async function parse(order: string, budget = {}): Promise<never> {
    const bytes = Buffer.from(order);
    const file = join(folder, sha256Hex(bytes).slice(0, 8));
    writeFileSync(file, bytes);
    const fd = openSync(file, 'r');
    try {
      const source = { open: async () => fd, mediaType: 'text/plain', size: bytes.length };
      return (await parser(budget).parse(source, requestFor(bytes))) as never;
    } finally {
      closeSync(fd);
    }
  }
  /** The outermost process of each parser. */
  const parsers = () => descendantsOf(role.pid!).filter((pid) => isRunning(pid) && parentOf(pid) === role.pid);
  /** The processes of the document that `ask` brings: the spare one takes it, and another becomes the spare. */
  async function takenBy(ask: () => void): Promise<number[]> {
    const [spare] = await until('the spare parser alone', () => (parsers().length === 1 ? parsers() : null));
    ask();
    await until('another spare parser', () => parsers().length === 2);
    return [spare!, ...descendantsOf(spare!)];
  }

  it('outlives whatever a document does to its process', async () => {
    const first = role.pid;
    for (const order of ['abort', 'heap', 'buffers', 'flood', 'complain', 'silence', 'exit 0', 'print secret'])
      await assert.rejects(parse(order), (error) => isFrostbyteError(error, 'PARSER_ERROR', 'PARSER_MEMORY'), order);
    await assert.rejects(parse('spin', { timeoutMs: 400 }), (error) => isFrostbyteError(error, 'PARSER_TIMEOUT'));
    assert.equal(role.pid, first);
    assert.ok(isRunning(role.pid!));
    await assert.rejects(parse('environment'), /variables=0/);
  });

  it('takes the limits of each document, also where they change', async () => {
    const state = async (memoryLimitMb: number) => {
      const { layers: all } = await parser({ memoryLimitMb }).layers();
      return all.find(({ name }) => name === 'resource_limits')!.message;
    };
    assert.match(await state(200), /200 MB/);
    assert.match(await state(150), /150 MB/);
    await assert.rejects(parse('environment', { memoryLimitMb: 150 }), /variables=0/);
  });

  it('ends the process of a document when who sent it goes away, before its end and behind it', async () => {
    const bytes = Buffer.from('sleep');
    const { chunkLimits, ...request } = requestFor(bytes);
    const ask: Ask = {
      ask: 'parse',
      budget: BUDGET,
      request: { ...request, media_type: 'text/plain', size: bytes.length, chunk_limits: chunkLimits },
    };
    // So that the spare is one with these limits.
    await assert.rejects(parse('environment'), /variables=0/);
    for (const sent of [bytes.subarray(0, 2), bytes]) {
      const client = connect(socket);
      client.on('error', () => undefined);
      const taken = await takenBy(() => client.write(line(ask)));
      client.write(sent);
      assert.ok(taken.every(isRunning));
      client.destroy();
      await until('the end of its processes', () => !taken.some(isRunning));
    }
    await assert.rejects(parse('environment'), /variables=0/);
  });

  it('hangs up on who speaks otherwise, and serves the next', async () => {
    const said = async (...pieces: (string | Buffer)[]) => {
      const client = connect(socket);
      client.on('error', () => undefined);
      let heard = '';
      client.on('data', (part) => (heard += part));
      for (const piece of pieces) client.write(piece);
      await new Promise((resolve) => client.once('close', resolve));
      return heard;
    };
    const answers = await Promise.all([
      said('GET / HTTP/1.1\r\n\r\n'),
      said('{}\n'),
      said('{"ask":"parse"}\n'),
      said('{"ask":"layers","budget":{"memoryLimitMb":1e9,"timeoutMs":1}}\n'),
      said(Buffer.alloc(200_000, 'x')),
    ]);
    assert.deepEqual(answers, ['', '', '', '', '']);
    await assert.rejects(parse('environment'), /variables=0/);
  });

  it('dies without leaving a process, and a document that it had is asked for again of the next one', async () => {
    let parsing: Promise<never> | undefined;
    await takenBy(() => {
      parsing = parse('sleep');
      parsing.catch(() => undefined);
    });
    const all = descendantsOf(role.pid!);
    await kill();
    await assert.rejects(parsing!, (error) => isFrostbyteError(error, 'PARSER_ERROR') && error.kind === 'later');
    await until('the end of all its processes', () => !all.some(isRunning));
    assert.equal((await parser().layers()).ok, false, 'nobody is there');
    // Who asks meanwhile waits for the next one, and not for ever.
    const waiting = assert.rejects(parse('environment'), /variables=0/);
    await assert.rejects(parse('abort', { patienceMs: 0 }), (error) =>
      isFrostbyteError(error, 'PARSER_SANDBOX_UNAVAILABLE'),
    );
    await start();
    await waiting;
  });

  it('that hangs is given up after its time', async () => {
    role.kill('SIGSTOP');
    try {
      await assert.rejects(parse('environment', { timeoutMs: 100, patienceMs: 100 }), (error) =>
        isFrostbyteError(error, 'PARSER_SANDBOX_UNAVAILABLE'),
      );
    } finally {
      role.kill('SIGCONT');
    }
    await assert.rejects(parse('environment'), /variables=0/);
  });
});

function parentOf(pid: number): number {
  try {
    return Number(/^\d+ \(.*\) \S (\d+)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1]);
  } catch {
    return 0;
  }
}

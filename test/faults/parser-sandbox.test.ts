import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, copyFile, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { childEntry } from '../../appliance/data/2-parse/sandbox/entry.ts';
import { checkLayers } from '../../appliance/data/2-parse/sandbox/layers.ts';
import type { ErrorCode } from '../../appliance/kernel/errors.ts';
import { isFrostbyteError } from '../../appliance/kernel/errors.ts';
import { type ParserWay, type SandboxedParser, withParser } from '../support/sandboxed-parser.ts';

const run = promisify(execFile);
const HOSTILE = fileURLToPath(new URL('../fixtures/parser-sandbox/hostile.mjs', import.meta.url));
const DOOMED = fileURLToPath(new URL('../fixtures/parser-sandbox/doomed-service.ts', import.meta.url));
const PROBE = fileURLToPath(new URL('../fixtures/parser-sandbox/probe.c', import.meta.url));

const { layers } = await checkLayers(['full'], childEntry(HOSTILE), { memoryLimitMb: 256, timeoutMs: 30_000 });
const missing = layers.layers.filter((layer) => layer.state === 'missing').map((layer) => layer.name);
const skip = missing.length === 0 ? false : `this host lacks the layers ${missing.join(', ')}`;

/** True while the process runs; one that ended and was not collected yet does not. */
function isRunning(pid: string): boolean {
  try {
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** The facts a hostile child reports, by name. */
async function report(order: string): Promise<Record<string, string>> {
  let facts: Record<string, string> = {};
  await withParser({ childEntry: HOSTILE }, async ({ parse }) => {
    await assert.rejects(parse(order), (error) => {
      assert.ok(isFrostbyteError(error, 'PARSER_ERROR'), String(error));
      facts = Object.fromEntries(error.message.split(' ').map((fact) => fact.split('=') as [string, string]));
      return true;
    });
  });
  return facts;
}

/** The document fails with this code and, so that no other failure passes for it, these words. */
async function fails(way: ParserWay, order: string, code: ErrorCode, words: RegExp, setting = {}): Promise<void> {
  const use = async ({ parse, logged }: SandboxedParser) => {
    await assert.rejects(parse(order), (error) => {
      assert.ok(isFrostbyteError(error, code), `${String(error)} instead of ${code}`);
      assert.match(error.message, words);
      assert.doesNotMatch(error.message, /secret/);
      return true;
    });
    assert.doesNotMatch(JSON.stringify(logged), /secret/);
  };
  await withParser({ childEntry: HOSTILE, memoryLimitMb: 128, ...setting }, use, way);
}

describe('a parser that was taken over', { skip }, () => {
  let listener: Server;
  let folder: string;
  let port: number;
  const callers: string[] = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'frostbyte-sandbox-'));
    await chmod(folder, 0o777);
    listener = createServer((socket) => {
      callers.push(String(socket.remoteAddress));
      socket.destroy();
    });
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    port = (listener.address() as { port: number }).port;
  });

  after(async () => {
    listener.close();
    await rm(folder, { recursive: true });
  });

  it('cannot open a file, nor its document a second time, nor write anywhere', async () => {
    const target = join(folder, 'written');
    const facts = await report(`files ${target}`);
    for (const [name, outcome] of Object.entries(facts)) assert.equal(outcome, 'ERR_ACCESS_DENIED', name);
    assert.equal(Object.keys(facts).length, 8);
    assert.ok(!existsSync(target));
  });

  it('cannot start programs or workers, load native code, make code from text or signal its parent', async () => {
    const facts = await report(`programs ${process.pid}`);
    assert.deepEqual(facts, {
      spawn: 'ERR_ACCESS_DENIED',
      exec: 'ERR_ACCESS_DENIED',
      worker: 'ERR_ACCESS_DENIED',
      addon: 'ERR_DLOPEN_DISABLED',
      binding: 'ERR_ACCESS_DENIED',
      eval: 'EvalError',
      kill: 'ESRCH',
    });
  });

  it('reaches neither loopback nor anything outside, by no protocol', async () => {
    const facts = await report(`network ${port}`);
    const { lookup, resolver, ...direct } = facts;
    assert.deepEqual(direct, {
      loopback: 'ENETUNREACH',
      outside: 'ENETUNREACH',
      six: direct.six === 'EADDRNOTAVAIL' ? 'EADDRNOTAVAIL' : 'ENETUNREACH',
      datagram: 'ENETUNREACH',
      interfaces: '0',
    });
    assert.ok(['EAI_AGAIN', 'ENOTFOUND'].includes(lookup!), lookup);
    assert.ok(['ECONNREFUSED', 'ETIMEOUT', 'ENETUNREACH'].includes(resolver!), resolver);
    assert.deepEqual(callers, []);
  });

  it('has no environment, and an argument that tells no more than a format', async () => {
    const { user, ...facts } = await report('environment');
    assert.deepEqual(facts, { variables: '0', argument: 'text/plain', permission: 'false' });
    assert.match(user!, /^\d+$/);
  });

  it('dies with the service that started it, even in the middle of a document', async () => {
    const service = spawn(process.execPath, [DOOMED, HOSTILE], { stdio: ['ignore', 'pipe', 'inherit'] });
    let family: string[] = [];
    try {
      const [said] = (await once(service.stdout, 'data')) as [Buffer];
      const outermost = said.toString().trim();
      const below = readFileSync(`/proc/${outermost}/task/${outermost}/children`, 'utf8').trim().split(' ');
      family = [outermost, ...below].filter(Boolean);
      assert.ok(family.every(isRunning));
      service.kill('SIGKILL');
      // The kernel tells no stranger when a process ends, so it is asked; a second is a hundred times what it takes.
      const deadline = Date.now() + 5_000;
      while (family.some(isRunning) && Date.now() < deadline) await setImmediate();
      assert.ok(!family.some(isRunning), 'the parser outlived its service');
    } finally {
      service.kill('SIGKILL');
      for (const pid of family.filter(isRunning)) process.kill(Number(pid), 'SIGKILL');
    }
  });

  it('gets nothing through native code either', async (t) => {
    const program = join(folder, 'probe');
    try {
      await run('gcc', ['-O1', '-o', program, PROBE]);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      return t.skip('there is no C compiler here');
    }
    await copyFile(program, join(folder, 'again'));
    await chmod(program, 0o755);
    // The control: without the sandbox the same program does reach the listener and does write.
    const outside = JSON.parse((await run(program, [String(port), join(folder, 'outside')])).stdout);
    assert.equal(outside.loopback, 0);
    assert.equal(outside.write, 0);
    assert.equal(callers.length, 1);

    const plan = await checkLayers(['full'], childEntry(HOSTILE), { memoryLimitMb: 256, timeoutMs: 30_000 });
    const [wrap, ...words] = [...plan.wrapper!.words, program, String(port), join(folder, 'inside'), 'hard'];
    const inside = JSON.parse((await run(wrap!, words, { env: {}, cwd: '/' })).stdout);
    const ENETUNREACH = 101;
    const EFBIG = 27;
    const ENOMEM = 12;
    const EPERM = 1;
    assert.deepEqual(inside, {
      loopback: ENETUNREACH,
      outside: ENETUNREACH,
      datagram: ENETUNREACH,
      raw: EPERM,
      write: EFBIG,
      memory: ENOMEM,
      root: EPERM,
      namespace: EPERM,
    });
    assert.equal(callers.length, 1);
  });
});

for (const way of ['in-process', 'socket'] as const) {
  describe(`a parser that was taken over, ${way}`, { skip }, () => {
    it('is stopped by its memory limit, wherever the memory is', async () => {
      await fails(way, 'heap', 'PARSER_MEMORY', /more memory/);
      await fails(way, 'buffers', 'PARSER_MEMORY', /more memory/);
      await fails(way, 'wasm', 'PARSER_MEMORY', /more memory/);
    });

    it('is stopped by the clock, whether it spins or sleeps', async () => {
      await fails(way, 'spin', 'PARSER_TIMEOUT', /longer/, { timeoutMs: 400 });
      await fails(way, 'sleep', 'PARSER_TIMEOUT', /longer/, { timeoutMs: 400 });
    });

    it('is a failed document when it dies, however it dies', async () => {
      for (const order of ['abort', 'exit 1', 'complain']) await fails(way, order, 'PARSER_ERROR', /died/);
      for (const order of ['exit 0', 'silence']) await fails(way, order, 'PARSER_ERROR', /does not hold together/);
    });

    it('is not believed when its answer is garbage, endless or forged', async () => {
      const answers = [
        'print hello secret',
        'print {"ok":true}',
        'print null',
        'print []',
        'forge {"ok":true,"document":{},"pageTexts":[],"hiddenTexts":[],"stage1_ms":1,"stage2_ms":1}',
        // A code that is not a parser's to give, and a message with a line break in it.
        'forge {"ok":false,"code":"TENANT_SUSPENDED","message":"secret","kind":"never"}',
        'forge {"ok":false,"code":"FILE_CORRUPTED","message":"secret\\nsecret","kind":"never"}',
      ];
      for (const answer of answers) await fails(way, answer, 'PARSER_ERROR', /does not hold together/);
      await fails(way, 'flood', 'PARSER_ERROR', /longer answer/);
    });

    it('does not meet the next document: each has a process of its own', async () => {
      await withParser(
        { childEntry: HOSTILE },
        async ({ parse }) => {
          for (const order of ['abort', 'silence', 'print x']) await assert.rejects(parse(order));
          await assert.rejects(parse('environment'), /variables=0/);
        },
        way,
      );
    });
  });
}

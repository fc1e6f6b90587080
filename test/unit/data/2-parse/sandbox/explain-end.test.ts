import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ChildEnd } from '../../../../../appliance/data/2-parse/sandbox/child-process.ts';
import { deathHash, explainEnd } from '../../../../../appliance/data/2-parse/sandbox/explain-end.ts';

function end(change: Partial<ChildEnd>): ChildEnd {
  return { code: 0, signal: null, output: Buffer.alloc(0), overflow: false, noise: '', startError: null, ...change };
}

describe('why a parser ended', () => {
  it('is read from how it ended', () => {
    const cases: [Partial<ChildEnd>, string | undefined][] = [
      [{}, undefined],
      [{ code: 1 }, 'PARSER_ERROR'],
      [{ code: null, signal: 'SIGSEGV' }, 'PARSER_ERROR'],
      [{ code: 134 }, 'PARSER_MEMORY'],
      [{ code: 137 }, 'PARSER_MEMORY'],
      [{ code: null, signal: 'SIGABRT' }, 'PARSER_MEMORY'],
      [{ code: null, signal: 'SIGKILL' }, 'PARSER_MEMORY'],
      [{ code: null, signal: 'SIGSEGV', noise: 'FATAL ERROR: JavaScript heap out of memory' }, 'PARSER_MEMORY'],
      [{ code: 1, noise: 'RangeError: Array buffer allocation failed' }, 'PARSER_MEMORY'],
      [{ code: null, signal: 'SIGXCPU' }, 'PARSER_TIMEOUT'],
      [{ code: null, signal: 'SIGKILL', overflow: true }, 'PARSER_ERROR'],
      [{ code: 1, noise: 'unshare: unshare failed: Operation not permitted' }, 'PARSER_SANDBOX_UNAVAILABLE'],
      [{ code: 1, noise: 'prlimit: failed to set the CPU resource limit' }, 'PARSER_SANDBOX_UNAVAILABLE'],
      [{ code: null, startError: 'EAGAIN' }, 'PARSER_SANDBOX_UNAVAILABLE'],
    ];
    for (const [change, code] of cases) assert.equal(explainEnd(end(change))?.code, code, JSON.stringify(change));
  });

  it('never repeats what the parser said', () => {
    const noise = 'unshare: the patient is called Example\nout of memory';
    for (const code of [1, 134]) assert.doesNotMatch(explainEnd(end({ code, noise }))!.message, /Example/);
  });

  it('has a hash that is the same for the same death at other addresses', () => {
    const first = deathHash(end({ noise: '[812:0x7f00aa] 17 ms: out of memory' }));
    assert.equal(deathHash(end({ noise: '[9:0x55bb] 2345 ms: out of memory' })), first);
    assert.notEqual(deathHash(end({ noise: 'another' })), first);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { commandLine, nodeFlags, wrapperCandidates } from '../../../../../appliance/data/2-parse/sandbox/command.ts';

const budget = { memoryLimitMb: 512, timeoutMs: 60_000 };
const ALL = { prlimit: '/usr/bin/prlimit', setpriv: '/usr/bin/setpriv', unshare: '/usr/bin/unshare' };

describe('the command line of a parser', () => {
  it('tries every way with a network namespace before any without', () => {
    for (const root of [true, false]) {
      const network = wrapperCandidates(ALL, root, budget).map((wrapper) => wrapper.network);
      assert.ok(network.includes(true) && network.includes(false));
      assert.ok(network.lastIndexOf(true) < network.indexOf(false));
    }
  });

  it('sets limits, allows no new privileges and dies with its parent in every way', () => {
    for (const root of [true, false]) {
      for (const { words } of wrapperCandidates(ALL, root, budget)) {
        assert.equal(words[0], ALL.prlimit);
        for (const word of ['--fsize=0', '--core=0', '--no-new-privs', '--pdeathsig']) {
          assert.ok(words.includes(word), `${word} in ${words.join(' ')}`);
        }
        assert.equal(words.at(-1), '--');
      }
    }
  });

  it('becomes nobody first where the service is root, and never tries where it is not', () => {
    assert.ok(wrapperCandidates(ALL, true, budget)[0]!.words.includes('--reuid=65534'));
    for (const { words } of wrapperCandidates(ALL, false, budget)) assert.ok(!words.includes('--reuid=65534'));
  });

  it('leaves out what the host does not have, and says so', () => {
    const bare = wrapperCandidates({ prlimit: null, setpriv: null, unshare: null }, true, budget);
    for (const wrapper of bare) {
      assert.deepEqual(wrapper, { words: [], network: false });
    }
    const without = wrapperCandidates({ ...ALL, unshare: null }, false, budget);
    assert.ok(without.every((wrapper) => !wrapper.network && wrapper.words[0] === ALL.prlimit));
  });

  it('allows Node to read the given paths and nothing more', () => {
    const flags = nodeFlags({ file: '/opt/p.mjs', readable: ['/opt/p.mjs', '/opt/assets'] }, budget);
    assert.deepEqual(
      flags.filter((flag) => flag.startsWith('--allow')),
      ['--allow-fs-read=/opt/p.mjs', '--allow-fs-read=/opt/assets'],
    );
    assert.ok(flags.includes('--permission') && flags.includes('--max-old-space-size=384'));
  });

  it('is Node alone where there is nothing to wrap it in', () => {
    const [wrapper] = wrapperCandidates({ prlimit: null, setpriv: null, unshare: null }, false, budget);
    assert.deepEqual(commandLine(wrapper!, '/node', ['a']), { program: '/node', args: ['a'] });
  });
});

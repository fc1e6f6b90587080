import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { CHECKS, judgeHost, refuseFailed } from '../../../../appliance/bundle/preflight/judge.ts';
import { freeSubnet, overlap, rangeOf } from '../../../../appliance/bundle/preflight/subnets.ts';
import { compareVersions } from '../../../../appliance/bundle/preflight/versions.ts';
import { preflightTable } from '../../../../appliance/cli/preflight-table.ts';
import { preflightVector, preflightVectors } from '../../../support/preflight-vectors.ts';

const VECTORS = preflightVectors();

describe('a preflight', () => {
  test('holds a host to at least 25 things, each with a name of its own', () => {
    assert.ok(CHECKS.length >= 25, `${CHECKS.length} checks`);
    assert.equal(new Set(CHECKS.map(({ name }) => name)).size, CHECKS.length);
    assert.ok(CHECKS.filter(({ strict }) => strict).length >= 10);
  });

  for (const { name, about, facts, needs, expect } of VECTORS) {
    test(`${name} (${about.source}): ${about.what}`, () => {
      const { checks, ok, counts } = judgeHost(facts, needs);
      const found = checks.filter(({ result }) => result !== 'pass').map(({ name: check, result }) => [check, result]);
      assert.deepEqual(Object.fromEntries(found), expect);
      assert.equal(ok, !Object.values(expect).includes('fail'));
      assert.equal(counts.pass + counts.warn + counts.fail, CHECKS.length);
      for (const { result, found: is, mend } of checks) {
        assert.ok(is.length > 0);
        assert.equal(mend === null, result === 'pass', is);
      }
    });
  }

  test('has a host for each of its checks on which it does not pass', () => {
    const shown = new Set(VECTORS.flatMap(({ expect }) => Object.keys(expect)));
    const never = CHECKS.filter(({ name }) => !shown.has(name)).map(({ name }) => name);
    assert.deepEqual(never, []);
  });

  test('takes its minimums from the release', () => {
    const { facts, needs } = preflightVector('debian-12-ready');
    const failing = (changes: Partial<typeof needs.requirements>) =>
      judgeHost(facts, { ...needs, requirements: { ...needs.requirements, ...changes } })
        .checks.filter(({ result }) => result === 'fail')
        .map(({ name }) => name);
    assert.deepEqual(failing({ kernel: '6.12' }), ['kernel']);
    assert.deepEqual(failing({ cpus: 4 }), ['processors']);
    assert.deepEqual(failing({ memory_bytes: 64 * 2 ** 30 }), ['memory']);
    assert.deepEqual(failing({ docker_engine: '28' }), ['engine']);
    assert.deepEqual(failing({ disk_bytes: 2 ** 40 }), ['disk-programs', 'disk-data', 'disk-images']);
  });

  test('names another subnet that is free', () => {
    const { facts, needs } = preflightVector('subnet-route');
    const { mend } = judgeHost(facts, needs).checks.find(({ name }) => name === 'subnet')!;
    assert.match(mend!, /--subnet 10\.200 /);
    const other = preflightVector('subnet-address');
    assert.match(
      judgeHost(other.facts, other.needs).checks.find(({ name }) => name === 'subnet')!.mend!,
      /--subnet 172\.31 /,
    );
  });
});

describe('what failed', () => {
  const { facts, needs } = preflightVector('swap-open');
  test('can be allowed where it is not strict, and stays visible', () => {
    const { ok, checks, counts } = judgeHost(facts, needs, ['swap']);
    assert.equal(ok, true);
    assert.equal(counts.allowed, 1);
    const { result, mend } = checks.find(({ name }) => name === 'swap')!;
    assert.equal(result, 'allowed');
    assert.match(mend!, /swapoff/);
  });

  test('is no more than a warning’s permission: what passes is not called allowed', () => {
    const ready = preflightVector('debian-12-ready');
    assert.equal(judgeHost(ready.facts, ready.needs, ['swap']).counts.allowed, 0);
  });

  test('cannot be allowed where it is strict, nor by a name that there is not', () => {
    for (const { name, strict } of CHECKS) {
      if (!strict) continue;
      assert.throws(() => judgeHost(facts, needs, [name]), { code: 'VALIDATION_ERROR' }, name);
    }
    assert.throws(() => judgeHost(facts, needs, ['swapp']), { code: 'VALIDATION_ERROR' });
  });

  test('is told with its mend by whoever installs', () => {
    assert.throws(
      () => refuseFailed(judgeHost(facts, needs)),
      (error: { code?: string; details?: { field: string; remediation?: string }[] }) => {
        assert.equal(error.code, 'PREFLIGHT_FAILED');
        assert.deepEqual(
          error.details!.map(({ field }) => field),
          ['swap'],
        );
        assert.match(error.details![0]!.remediation!, /swapoff/);
        return true;
      },
    );
    refuseFailed(judgeHost(facts, needs, ['swap']));
  });
});

describe('the table', () => {
  test('fits eighty columns on every host, and names every check', () => {
    for (const { name, facts, needs } of VECTORS) {
      const lines = preflightTable(judgeHost(facts, needs), false).split('\n');
      for (const line of lines) assert.ok(line.length <= 80, `${name}: ${line}`);
      for (const { title } of CHECKS)
        assert.ok(
          lines.some((line) => line.includes(title)),
          title,
        );
    }
  });

  test('tells what there is, what to do, and what may be allowed', () => {
    const { facts, needs } = preflightVector('machine-small');
    const text = preflightTable(judgeHost(facts, needs), false);
    assert.match(
      text,
      /^Preflight of Frostbyte 1\.2\.3 on box-1, Debian GNU\/Linux 12 \(bookworm\)\n\nHost\n {2}pass {2}Run by root/,
    );
    assert.match(text, /\n {2}FAIL {2}Memory {20}4\.0 GiB; 8\.0 GiB are needed\n {8}→ Give the machine more\./);
    assert.match(text, /--allow memory\)/);
    assert.match(text, /\n\d+ checks: \d+ pass, 2 fail\. This host cannot take the release yet\./);
    assert.match(text, /recorded:\s--allow\s+processors,memory\s--reason\sTEXT$/);
    assert.match(
      preflightTable(judgeHost(facts, needs, ['memory', 'processors']), false),
      /allow Memory[\s\S]*This host can take the release\.$/,
    );
  });

  test('shows what a host calls itself and does not obey it', () => {
    const { facts, needs } = preflightVector('debian-12-ready');
    const odd = { ...facts, system: { ...facts.system, hostname: 'box\u001b[2J\u202e' } };
    assert.match(preflightTable(judgeHost(odd, needs), false), /on box\\u001b\[2J\\u202e,/);
    assert.ok(preflightTable(judgeHost(odd, needs), true).includes('\u001b[32mpass \u001b[0m Run by root'));
  });
});

test('versions are compared as numbers, whatever stands around them', () => {
  for (const [older, newer] of [
    ['20.10.24+dfsg1', '26.1.5'],
    ['20.10.9', '20.10.24'],
    ['v2.9', 'v2.29.0'],
    ['4.19.0-27-amd64', '5.10'],
    ['nothing', '0'],
  ] as const) {
    assert.ok(compareVersions(older, newer) < 0 && compareVersions(newer, older) > 0, `${older} ${newer}`);
  }
  assert.equal(compareVersions('2.29', 'v2.29.0'), 0);
});

test('subnets overlap exactly where they have an address in common', () => {
  const octet = fc.integer({ min: 0, max: 255 });
  const subnet = fc
    .tuple(octet, octet, octet, octet, fc.integer({ min: 0, max: 32 }))
    .map(([a, b, c, d, l]) => `${a}.${b}.${c}.${d}/${l}`);
  fc.assert(
    fc.property(subnet, subnet, (one, other) => {
      // By their bits: the shorter prefix decides.
      const bits = (text: string) => {
        const [address, length] = text.split('/') as [string, string];
        return address
          .split('.')
          .map((part) => Number(part).toString(2).padStart(8, '0'))
          .join('')
          .slice(0, Number(length));
      };
      const [a, b] = [bits(one), bits(other)];
      assert.equal(overlap(one, other), a.startsWith(b) || b.startsWith(a));
      assert.equal(overlap(one, other), overlap(other, one));
    }),
  );
  for (const none of ['fe80::1/64', '1.2.3.4', '1.2.3.400/8', '1.2.3.4/33', '']) assert.equal(rangeOf(none), null);
  assert.equal(freeSubnet(['0.0.0.0/0']), null);
});

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { parseDocument } from 'yaml';
import { isFrostbyteError } from '../../../../appliance/kernel/errors.ts';
import {
  identityFile,
  type KeyPair,
  makeKeyPair,
  parseIdentityFile,
} from '../../../../appliance/secrets/identities.ts';
import { openSops, sealSops, sopsRecipients } from '../../../../appliance/secrets/sops/sops-file.ts';
import type { SopsTree, SopsValue } from '../../../../appliance/secrets/sops/tree.ts';
import { stockSops, without } from '../../../support/stock-tools.ts';

const VECTORS = join(import.meta.dirname, '..', '..', '..', 'vectors', 'sops');
const AT = '2026-01-31T12:00:00.250Z';
const vector = (name: string): string => readFileSync(join(VECTORS, name), 'utf8');
const identityOf = async (name: string) =>
  (await parseIdentityFile(readFileSync(join(VECTORS, `${name}.key`)))).identity;

const refused = (error: unknown) => isFrostbyteError(error, 'OBJECT_CORRUPTED');
const noKey = (error: unknown) => isFrostbyteError(error, 'KEY_UNAVAILABLE');

/** What the plain source of a vector holds: dates as SOPS writes them, and what no 64 bits hold as a float. */
function plain(name: string): SopsTree {
  const options = { schema: 'core', intAsBigInt: true } as const;
  const tree = parseDocument(vector(join('plain', name)), options).toJS({ mapAsMap: true }) as SopsTree;
  if (tree.get('day') === '2002-12-14') tree.set('day', '2002-12-14T00:00:00Z');
  const beyond = tree.get('readable_unencrypted');
  if (typeof beyond === 'bigint') tree.set('readable_unencrypted', Number(beyond));
  return tree;
}

/** Lines of a file, each changed by `change`. */
const lines = (text: string, change: (line: string) => string) => text.split('\n').map(change).join('\n');

describe('files that the stock sops wrote', () => {
  let alice: string;
  let bob: string;
  let mallory: string;
  before(async () => {
    [alice, bob, mallory] = (await Promise.all(['alice', 'bob', 'mallory'].map(identityOf))) as [
      string,
      string,
      string,
    ];
  });

  for (const [name, source] of [
    ['everything.yaml', 'everything.yaml'],
    ['two-recipients.yaml', 'small.yaml'],
    ['unencrypted-suffix.yaml', 'partial.yaml'],
    ['encrypted-suffix.yaml', 'partial.yaml'],
    ['encrypted-regex.yaml', 'partial.yaml'],
    ['unencrypted-regex.yaml', 'partial.yaml'],
    ['mac-only-encrypted.yaml', 'partial.yaml'],
  ] as const) {
    it(`are read, ${name}`, async () => {
      assert.deepEqual(await openSops(vector(name), [alice]), plain(source));
    });
  }

  for (const [what, words, source] of [
    ['whole', [], 'everything.yaml'],
    ['only names that match', ['--encrypted-regex', '^(pass|tok)'], 'partial.yaml'],
    ['all but names that match', ['--unencrypted-regex', '^(name|port)$'], 'partial.yaml'],
    ['with a MAC over what is encrypted', ['--mac-only-encrypted', '--encrypted-suffix', '_secret'], 'partial.yaml'],
  ] as const) {
    it(`are read where it writes them now, for two recipients, ${what}`, {
      skip: without(stockSops, 'sops'),
    }, async () => {
      const [first, second] = await Promise.all([makeKeyPair(), makeKeyPair()]);
      const sealed = execFileSync(
        stockSops!,
        ['--encrypt', '--disable-version-check', '--age', `${first!.recipient},${second!.recipient}`, ...words].concat(
          join(VECTORS, 'plain', source),
        ),
        { encoding: 'utf8', env: { PATH: process.env.PATH ?? '' } },
      );
      assert.match(sealed, /ENC\[AES256_GCM/);
      for (const { identity } of [first!, second!]) assert.deepEqual(await openSops(sealed, [identity]), plain(source));
      await assert.rejects(openSops(sealed, [alice]), noKey);
    });
  }

  it('are read as JSON too', async () => {
    assert.deepEqual(await openSops(vector('everything.json'), [alice]), plain('everything.json'));
  });

  it('open for each of several recipients, whichever identities are tried before, and for nobody else', async () => {
    const small = plain('small.yaml');
    assert.deepEqual(await openSops(vector('two-recipients.yaml'), [bob]), small);
    assert.deepEqual(await openSops(vector('two-recipients.yaml'), [mallory, bob]), small);
    await assert.rejects(openSops(vector('two-recipients.yaml'), [mallory]), noKey);
    await assert.rejects(openSops(vector('everything.yaml'), [bob]), noKey);
    await assert.rejects(openSops(vector('everything.yaml'), []), noKey);
  });

  it('are refused by name where they use what is not read here', async () => {
    for (const [name, field] of [
      ['key-groups.yaml', 'sops.key_groups'],
      ['comment-regex.yaml', 'sops.encrypted_comment_regex'],
      ['documents.yaml', 'sops.several documents'],
    ] as const) {
      await assert.rejects(
        openSops(vector(name), [alice]),
        (error) => isFrostbyteError(error, 'VALIDATION_ERROR') && error.details[0]?.field === field,
        name,
      );
    }
  });

  it('with any one byte changed are refused, or read as they were', async () => {
    const text = vector('two-recipients.yaml');
    const expected = plain('small.yaml');
    let read = 0;
    for (let at = 0; at < text.length; at++) {
      const bytes = Buffer.from(text);
      bytes[at]! ^= 1;
      const outcome = await openSops(bytes.toString('latin1'), [alice]).catch((error: unknown) => error);
      if (outcome instanceof Map) {
        assert.deepEqual(outcome, expected, `byte ${at}`);
        read++;
      } else
        assert.ok(isFrostbyteError(outcome, 'OBJECT_CORRUPTED', 'KEY_UNAVAILABLE', 'VALIDATION_ERROR'), `byte ${at}`);
    }
    // What nobody relies on: the version, the name of a recipient, the key as it is wrapped for another.
    assert.ok(read < text.length / 2, `${read} of ${text.length}`);
  });

  it('cut anywhere are refused', async () => {
    const text = vector('two-recipients.yaml');
    for (let at = 0; at < text.indexOf('    unencrypted_suffix'); at += 7) {
      await assert.rejects(openSops(text.slice(0, at), [alice, bob]), (error) => isFrostbyteError(error), `at ${at}`);
    }
  });

  it('with two values swapped, one moved, one removed or one repeated are refused', async () => {
    const text = vector('two-recipients.yaml');
    const [first, second] = ['first', 'second'].map((name) => new RegExp(`^${name}: (.*)$`, 'm').exec(text)![1]!);
    for (const [what, changed] of Object.entries({
      swapped: lines(text, (line) =>
        line.startsWith('first: ') ? `first: ${second}` : line.startsWith('second: ') ? `second: ${first}` : line,
      ),
      moved: text.replace(/^first: /m, 'other: '),
      reordered: `second: ${second}\n${text.replace(/^second: .*\n/m, '')}`,
      removed: text.replace(/^second: .*\n/m, ''),
      emptied: text.replace(/^second: .*$/m, 'second: ""'),
      nulled: text.replace(/^second: .*$/m, 'second: null'),
      'in the clear': text.replace(/^second: .*$/m, 'second: two'),
      added: `zero_unencrypted: x\n${text}`,
      'of another type': text.replace(/^(second: .*)type:str/m, '$1type:comment'),
      repeated: `${text.replace(/^sops:/m, `second: ${second}\nsops:`)}`,
    })) {
      assert.notEqual(changed, text, what);
      await assert.rejects(openSops(changed, [alice]), refused, what);
    }
  });

  it('with another MAC, another time or none of either are refused', async () => {
    const text = vector('two-recipients.yaml');
    const other = /^ {4}mac: .*$/m.exec(vector('everything.yaml'))![0];
    for (const [what, changed] of Object.entries({
      'the MAC of another file': text.replace(/^ {4}mac: .*$/m, other),
      'no MAC': text.replace(/^ {4}mac: .*\n/m, ''),
      'an empty MAC': text.replace(/^ {4}mac: .*$/m, '    mac: ""'),
      'another time': text.replace(/lastmodified: "2/, 'lastmodified: "1'),
      'no time': text.replace(/^ {4}lastmodified: .*\n/m, ''),
      'a MAC over less': text.replace(/^ {4}version/m, '    mac_only_encrypted: true\n    version'),
      'nothing at all': '',
      'no metadata': text.replace(/^sops:[\s\S]*$/m, ''),
    })) {
      assert.notEqual(changed, text, what);
      await assert.rejects(openSops(changed, [alice]), refused, what);
    }
  });
});

/** Texts that every YAML reader takes for the same: without control characters and lone surrogates. */
const text = fc.string({ unit: 'grapheme', maxLength: 12 }).filter((value) => !/\p{Cc}|\p{Cs}/u.test(value));
const scalar = fc.oneof(
  text,
  fc.constantFrom('true', 'null', '017', '1e3', '- a', '#x', "it's", 'a: b', 'two\nlines\n'),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
);
const key = text.filter((name) => name !== 'sops' && name !== '');
const { value: anyValue } = fc.letrec<{ value: SopsValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    scalar,
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.array(fc.tuple(key, tie('value')), { maxLength: 3 }).map((pairs) => new Map(pairs)),
  ),
}));
const tree = fc
  .array(fc.tuple(key, anyValue), { minLength: 1, maxLength: 5 })
  .map((pairs) => new Map(pairs) as SopsTree);

describe('files that are written here', () => {
  let pair: KeyPair;
  let folder: string;
  before(async () => {
    pair = await makeKeyPair();
    folder = mkdtempSync(join(tmpdir(), 'sops-'));
    writeFileSync(join(folder, 'key'), identityFile(pair, AT), { mode: 0o600 });
  });
  after(() => rmSync(folder, { recursive: true }));

  const stockReads = (file: string, environment = {}): string =>
    execFileSync(stockSops!, ['--decrypt', '--disable-version-check', file], {
      encoding: 'utf8',
      env: { ...process.env, SOPS_AGE_KEY_FILE: join(folder, 'key'), ...environment },
      stdio: ['ignore', 'pipe', 'ignore'],
    });

  it('read as what went in, whatever that is', async () => {
    await fc.assert(
      fc.asyncProperty(tree, async (values) => {
        const sealed = await sealSops(values, [pair.recipient], { at: AT });
        assert.deepEqual(await openSops(sealed, [pair.identity]), values);
      }),
      { numRuns: 40 },
    );
  });

  it('show no value, and name their recipients', async () => {
    const other = await makeKeyPair();
    const values: SopsTree = new Map([['tenant_api_key', 'correct horse']]);
    const sealed = await sealSops(values, [pair.recipient, other.recipient], { at: AT });
    assert.ok(!sealed.includes('horse'));
    assert.deepEqual(sopsRecipients(sealed), [pair.recipient, other.recipient]);
    assert.deepEqual(await openSops(sealed, [other.identity]), values);
  });

  it('are never alike, though they hold the same', async () => {
    const values: SopsTree = new Map([['a', 'same']]);
    const [one, two] = await Promise.all([0, 1].map(() => sealSops(values, [pair.recipient], { at: AT })));
    assert.notEqual(/data:[^,]+/.exec(one!)![0], /data:[^,]+/.exec(two!)![0]);
  });

  it('are read by the stock sops: every kind of value', { skip: without(stockSops, 'sops') }, async () => {
    const values = plain('everything.yaml');
    // Stock sops prints them as whole numbers.
    for (const whole of ['whole_float', 'minus_zero']) (values.get('numbers') as SopsTree).delete(whole);
    const file = join(folder, 'ours.yaml');
    writeFileSync(file, await sealSops(values, [pair.recipient], { at: AT }));
    const read = parseDocument(stockReads(file), { schema: 'core', intAsBigInt: true }).toJS({ mapAsMap: true });
    assert.deepEqual(read, values);
  });

  it('are read by the stock sops: whatever they hold', { skip: without(stockSops, 'sops') }, async () => {
    const file = join(folder, 'any.yaml');
    await fc.assert(
      fc.asyncProperty(tree, async (values) => {
        writeFileSync(file, await sealSops(values, [pair.recipient], { at: AT }));
        stockReads(file);
      }),
      { numRuns: 15 },
    );
  });

  it('are refused by the stock sops too where a value was swapped or the key is another’s', {
    skip: without(stockSops, 'sops'),
  }, async () => {
    const values: SopsTree = new Map([
      ['first', 'one'],
      ['second', 'two'],
    ]);
    const sealed = await sealSops(values, [pair.recipient], { at: AT });
    const file = join(folder, 'swapped.yaml');
    writeFileSync(
      file,
      sealed
        .replace(/^first:/m, 'x:')
        .replace(/^second:/m, 'first:')
        .replace(/^x:/m, 'second:'),
    );
    assert.throws(() => stockReads(file));
    writeFileSync(file, sealed);
    const theirs = { SOPS_AGE_KEY_FILE: join(VECTORS, 'mallory.key') };
    assert.throws(() => stockReads(file, theirs));
    assert.match(stockReads(file), /first: one/);
  });
});

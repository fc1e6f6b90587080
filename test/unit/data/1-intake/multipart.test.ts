import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { BodyBroken, boundaryOf, MultipartReader } from '../../../../appliance/data/1-intake/multipart.ts';
import { isFrostbyteError } from '../../../../appliance/kernel/errors.ts';
import { BOUNDARY, bodyOf } from '../../../support/intake.ts';

async function* chunked(body: Buffer, sizes: number[]): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (let n = 0; at < body.length; n++) {
    const size = sizes[n % sizes.length]!;
    yield body.subarray(at, at + size);
    at += size;
  }
}

async function readParts(body: Buffer, sizes: number[]) {
  const reader = new MultipartReader(chunked(body, sizes), BOUNDARY);
  const parts: { name: string; filename: string | null; content: Buffer }[] = [];
  for (let part = await reader.next(); part !== null; part = await reader.next()) {
    const chunks: Buffer[] = [];
    for await (const chunk of part.content) chunks.push(chunk);
    parts.push({ name: part.name, filename: part.filename, content: Buffer.concat(chunks) });
  }
  return parts;
}

const malformed = (error: unknown) => isFrostbyteError(error, 'MANIFEST_INVALID');
const hostile = Buffer.from(`\r\n--boundary-7d\r\n-\r\n\r\r\n--${BOUNDARY.slice(0, -1)}--\r\n--\r`);

describe('multipart bodies', () => {
  it('give the same parts wherever they are cut in two', async () => {
    const body = bodyOf([
      { name: 'manifest', content: '{}' },
      { name: 'empty', filename: 'e.txt', content: '' },
      { name: 'f1', filename: 'a b;"c.txt'.replaceAll('"', '%22'), content: hostile },
    ]);
    const expected = [
      { name: 'manifest', filename: null, content: Buffer.from('{}') },
      { name: 'empty', filename: 'e.txt', content: Buffer.alloc(0) },
      { name: 'f1', filename: 'a b;"c.txt', content: hostile },
    ];
    for (let at = 1; at < body.length; at++)
      assert.deepEqual(await readParts(body, [at, body.length]), expected, `cut at ${at}`);
    assert.deepEqual(await readParts(body, [1]), expected);
  });

  it('give any content back, in chunks of any size', async () => {
    const noise = fc.array(
      fc.constantFrom(
        Buffer.from('\r'),
        Buffer.from('\n'),
        Buffer.from('-'),
        Buffer.from(`\r\n--${BOUNDARY.slice(0, 6)}`),
        Buffer.from('data'),
      ),
      { maxLength: 40 },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(noise, { maxLength: 4 }),
        fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 6 }),
        async (contents, sizes) => {
          const parts = contents.map((pieces, n) => ({ name: `p${n}`, content: Buffer.concat(pieces) }));
          const read = await readParts(bodyOf(parts), sizes);
          assert.deepEqual(
            read.map(({ name, content }) => ({ name, content })),
            parts,
          );
        },
      ),
      { numRuns: 100 },
    );
  });

  it('are broken wherever their end is cut off', async () => {
    const body = bodyOf([{ name: 'a', content: 'content' }]);
    for (let length = 0; length < body.length - 3; length++) {
      await assert.rejects(readParts(body.subarray(0, length), [7]), BodyBroken, `length ${length}`);
    }
    assert.equal((await readParts(body.subarray(0, -2), [7])).length, 1);
  });

  it('skip content that nobody reads', async () => {
    const reader = new MultipartReader(
      chunked(
        bodyOf([
          { name: 'a', content: 'x'.repeat(10_000) },
          { name: 'b', content: 'y' },
        ]),
        [64],
      ),
      BOUNDARY,
    );
    const names: string[] = [];
    for (let part = await reader.next(); part !== null; part = await reader.next()) names.push(part.name);
    assert.deepEqual(names, ['a', 'b']);
    assert.equal(await reader.next(), null);
  });

  it('may begin with a preamble and end with an epilogue', async () => {
    const body = Buffer.concat([
      Buffer.from('preamble\r\n'),
      bodyOf([{ name: 'a', content: 'x' }]),
      Buffer.from('epilogue'),
    ]);
    assert.equal((await readParts(body, [5])).length, 1);
    await assert.rejects(readParts(Buffer.concat([Buffer.alloc(70_000), body]), [1000]), malformed);
  });

  it('are refused with endless headers, without a name, or with rubbish behind a boundary', async () => {
    const start = `--${BOUNDARY}`;
    for (const text of [
      `${start}\r\nX: ${'y'.repeat(20_000)}\r\n\r\nz\r\n${start}--`,
      `${start}\r\nContent-Disposition: form-data\r\n\r\nz\r\n${start}--`,
      `${start}\r\nContent-Disposition: attachment; name="a"\r\n\r\nz\r\n${start}--`,
      `${start}\r\n\r\nz\r\n${start}--`,
      `${start}rubbish\r\nContent-Disposition: form-data; name="a"\r\n\r\nz\r\n${start}--`,
    ]) {
      await assert.rejects(readParts(Buffer.from(text), [100]), malformed, text.slice(0, 60));
    }
  });

  it('take names without quotes, with escapes, and in any case', async () => {
    const text = `--${BOUNDARY}\r\nCONTENT-DISPOSITION: form-data; NAME=plain; filename="a\\"b\\\\c.txt"\r\n\r\nz\r\n--${BOUNDARY}--`;
    assert.deepEqual(await readParts(Buffer.from(text), [9]), [
      { name: 'plain', filename: 'a"b\\c.txt', content: Buffer.from('z') },
    ]);
  });

  it('are read no further than their reader asks', async () => {
    let given = 0;
    async function* endless() {
      yield Buffer.from(`--${BOUNDARY}\r\nContent-Disposition: form-data; name="a"\r\n\r\n`);
      for (;;) {
        given++;
        yield Buffer.alloc(1000);
      }
    }
    const reader = new MultipartReader(endless(), BOUNDARY);
    const part = await reader.next();
    let taken = 0;
    for await (const _ of part!.content) if (++taken === 5) break;
    assert.equal(given, 5);
  });

  it('are over at the closing boundary, whatever follows and though the sender stays', async () => {
    const rest = bodyOf([{ name: 'late', content: 'x' }]);
    for (const glue of ['', '\r\n', '\r\n--', '--', `\r\n--${BOUNDARY}`]) {
      async function* open() {
        yield Buffer.concat([bodyOf([{ name: 'a', content: 'x' }]).subarray(0, -2), Buffer.from(glue), rest]);
        assert.fail('the body was read beyond its end');
      }
      const reader = new MultipartReader(open(), BOUNDARY);
      assert.equal((await reader.next())?.name, 'a');
      assert.equal(reader.closed, false);
      assert.equal(await reader.next(), null);
      assert.equal(await reader.next(), null);
      assert.equal(reader.closed, true);
    }
  });

  it('may have no parts at all', async () => {
    assert.deepEqual(await readParts(Buffer.from(`--${BOUNDARY}--`), [3]), []);
  });

  it('are refused when a part has no usable header, and the parts before it come first', async () => {
    const good = bodyOf([{ name: 'a', content: 'x' }]).subarray(0, -(BOUNDARY.length + 6));
    const named = 'Content-Disposition: form-data; name="b"';
    for (const headers of [
      'Content-Type: text/plain\r\n\r\n',
      `${named}\r\n${named}\r\n\r\n`,
      'Content-Disposition: form-data; name="b\r\n\r\n',
      'Content-Disposition: form-data; name="b\nc"\r\n\r\n',
      'Content-Disposition form-data; name="b"\r\n\r\n',
      `${'X: y\r\n'.repeat(40)}${named}\r\n\r\n`,
      `X: ${'y'.repeat(17_000)}\r\n${named}\r\n\r\n`,
      // A boundary where headers should end.
      `${named}\r\n`,
      '',
    ]) {
      const body = Buffer.concat([good, Buffer.from(`--${BOUNDARY}\r\n${headers}z\r\n--${BOUNDARY}--\r\n`)]);
      for (const size of [1, 50, body.length]) {
        const reader = new MultipartReader(chunked(body, [size]), BOUNDARY);
        assert.equal((await reader.next())?.name, 'a');
        await assert.rejects(reader.next(), malformed, `${headers.slice(0, 60)} in chunks of ${size}`);
      }
    }
  });

  it('are refused while headers without an end still come', async () => {
    let given = 0;
    async function* endless() {
      yield Buffer.from(`--${BOUNDARY}\r\nContent-Disposition: form-data; name="a"\r\nX: `);
      for (; given < 1000; given++) yield Buffer.alloc(1000, 'y');
    }
    await assert.rejects(new MultipartReader(endless(), BOUNDARY).next(), malformed);
    assert.ok(given < 20, String(given));
  });

  it('within a part are content like any other', async () => {
    const inner = bodyOf([{ name: 'x', content: 'y' }])
      .toString()
      .replaceAll(BOUNDARY, 'inner');
    const [part, ...more] = await readParts(bodyOf([{ name: 'a', content: inner }]), [13]);
    assert.equal(part?.content.toString(), inner);
    assert.deepEqual(more, []);
  });

  it('that fail end the part that is being read', async () => {
    async function* failing() {
      yield Buffer.from(`--${BOUNDARY}\r\nContent-Disposition: form-data; name="a"\r\n\r\nhalf`);
      throw new Error('reset');
    }
    const part = await new MultipartReader(failing(), BOUNDARY).next();
    await assert.rejects(async () => {
      for await (const _ of part!.content) void _;
    }, BodyBroken);
  });

  it('can be drained from anywhere, up to a limit, and end there', async () => {
    let stopped = 0;
    async function* endless() {
      try {
        yield Buffer.from(`--${BOUNDARY}\r\nContent-Disposition: form-data; name="a"\r\n\r\nhalf`);
        for (;;) yield Buffer.alloc(1000);
      } finally {
        stopped++;
      }
    }
    const reader = new MultipartReader(endless(), BOUNDARY);
    const part = await reader.next();
    await reader.drain(10_000);
    assert.equal(stopped, 1);
    assert.equal(await reader.next(), null);
    for await (const _ of part!.content) assert.fail('content after the end');
  });

  it('name files in UTF-8 and with their folders, whatever their content’s charset', async () => {
    for (const [given, expected] of [
      ['filename="Verträge/über uns.txt"', 'Verträge/über uns.txt'],
      ['filename="C:\\\\docs\\\\a.txt"', 'C:\\docs\\a.txt'],
      ['filename="../../etc/passwd"', '../../etc/passwd'],
      [`filename="plain.txt"; filename*=UTF-8''%C3%BCber.txt`, 'über.txt'],
      [`filename="plain.txt"; filename*=UTF-8''%ZZ`, 'plain.txt'],
      [`filename="a.txt"; filename="b.txt"`, 'a.txt'],
    ] as const) {
      const text = `--${BOUNDARY}\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Disposition: form-data; name="a"; ${given}\r\n\r\nz\r\n--${BOUNDARY}--`;
      const [part] = await readParts(Buffer.from(text), [text.length]);
      assert.equal(part?.filename, expected, given);
    }
  });

  it('name their boundary, quoted or not', () => {
    assert.equal(boundaryOf('multipart/form-data; boundary=abc'), 'abc');
    assert.equal(boundaryOf('Multipart/Form-Data; charset=utf-8; boundary="a b"'), 'a b');
    for (const type of [
      '',
      'application/json',
      'multipart/form-data',
      'multipart/form-data; boundary=',
      'multipart/mixed; boundary=x',
      'multipart/form-data; boundary=a; boundary=b',
      'multipart/form-data; boundary="a"; charset=utf-8; Boundary=a',
      'multipart/form-data; boundary=grüße',
      'multipart/form-data; boundary="a ',
      `multipart/form-data; boundary=${'x'.repeat(300)}`,
    ]) {
      assert.throws(() => boundaryOf(type), malformed, type);
    }
  });
});

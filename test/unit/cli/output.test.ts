import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createOutput, printable, table } from '../../../appliance/cli/output.ts';

function stream(isTTY = false) {
  const parts: string[] = [];
  return { parts, stream: { isTTY, write: (text: string) => parts.push(text) > 0 } as unknown as NodeJS.WriteStream };
}

test('columns line up, and what is not there shows as a dash', () => {
  assert.equal(
    table([
      ['A', 'LONG', 'C'],
      [1, null, 'x'],
      ['three', undefined, 'y'],
    ]),
    'A      LONG  C\n1      –     x\nthree  –     y',
  );
});

test('terminal escapes, line breaks and bidirectional marks are shown, not obeyed', () => {
  assert.equal(printable('a\u001b[31mb'), 'a\\u001b[31mb');
  assert.equal(printable('a\nb\rc'), 'a\\u000ab\\u000dc');
  assert.equal(printable('invoice\u202etxt.exe'), 'invoice\\u202etxt.exe');
  assert.equal(printable('\u009b2J\u2066'), '\\u009b2J\\u2066');
  assert.equal(printable('Größe – 北京 🧊'), 'Größe – 北京 🧊');
});

test('no cell, whatever it holds, breaks its line or reaches the terminal', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.string({ unit: 'binary' }), { minLength: 2, maxLength: 2 }), { minLength: 1, maxLength: 5 }),
      (rows) => {
        const text = table(rows);
        assert.equal(text.split('\n').length, rows.length);
        assert.doesNotMatch(text.replaceAll('\n', ''), /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
      },
    ),
  );
});

test('--json answers the value and keeps everything else off standard output', () => {
  const out = stream();
  const error = stream();
  const output = createOutput({ json: true, stdout: out.stream, stderr: error.stream });
  output.say('for people');
  const bar = output.progress('files', 3);
  bar.update(1);
  bar.end();
  output.answer({ a: 1 }, () => 'text');
  output.warn('careful');
  assert.deepEqual(out.parts, ['{"a":1}\n']);
  assert.deepEqual(error.parts, ['careful\n']);
});

test('a pipe gets a plain line for each tenth, a terminal one bar that is redrawn', () => {
  const pipe = stream(false);
  const lines = createOutput({ json: false, stdout: stream().stream, stderr: pipe.stream }).progress('files', 100);
  for (let i = 0; i <= 100; i++) lines.update(i);
  lines.end();
  assert.equal(pipe.parts.length, 11);
  assert.doesNotMatch(pipe.parts.join(''), /\u001b|\r/);
  const terminal = stream(true);
  const bar = createOutput({ json: false, stdout: stream().stream, stderr: terminal.stream }).progress('files', 2);
  bar.update(1);
  bar.update(1);
  bar.update(2);
  bar.end();
  assert.equal(terminal.parts.length, 3, 'nothing is drawn twice');
  assert.match(terminal.parts[0]!, /^\r/);
  const empty = createOutput({ json: false, stdout: stream().stream, stderr: stream(true).stream }).progress(
    'files',
    0,
  );
  empty.update(0);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { momentsOf } from '../../../appliance/kernel/moments.ts';

const at = (text: string) => momentsOf(text)?.from;

test('a plain date is its whole day in UTC, a moment is itself', () => {
  const day = Date.UTC(2026, 0, 31);
  assert.deepEqual(momentsOf('2026-01-31'), { from: day, to: day + 86_399_999 });
  const noon = day + 12 * 3_600_000;
  for (const text of [
    '2026-01-31T12:00Z',
    '2026-01-31T12:00:00Z',
    '2026-01-31T14:30:00.000+02:30',
    '2026-01-30T22:00:00-14:00',
  ])
    assert.deepEqual(momentsOf(text), { from: noon, to: noon }, text);
});

test('fractions are rounded to the millisecond and never reach the next second', () => {
  const base = Date.UTC(2026, 0, 31, 12);
  for (const [text, milliseconds] of [
    ['.5', 500],
    ['.123', 123],
    ['.1234567', 123],
    ['.1236', 124],
    ['.9999', 999],
  ] as const)
    assert.equal(at(`2026-01-31T12:00:00${text}Z`), base + milliseconds, text);
});

test('what is in no calendar, or not written as a date, is none', () => {
  for (const text of [
    '',
    '2026-02-30',
    '2025-02-29',
    '2026-13-01',
    '2026-00-10',
    '2026-1-31',
    '31.01.2026',
    '2026-01-31T24:00:00Z',
    '2026-01-31T12:60:00Z',
    '2026-01-31T12:00:60Z',
    '2026-01-31T12:00:00',
    '2026-01-31T12:00.5Z',
    '2026-01-31T12:00:00+15:00',
    '2026-01-31 12:00:00Z',
    '2026-01-31T12:00:00z',
    '2026-01-31T12:00:00Z ',
    '2026-01-31\n',
    '9999-12-31T23:59:59-01:00',
    `2026-01-31T12:00:00.${'0'.repeat(20)}Z`,
  ])
    assert.equal(momentsOf(text), null, JSON.stringify(text));
  assert.notEqual(momentsOf('2024-02-29'), null);
});

test('every moment that JavaScript writes is read as that moment, every day as its beginning', () => {
  const moment = fc.date({
    min: new Date('0000-01-01T00:00:00Z'),
    max: new Date('9999-12-31T23:59:59.999Z'),
    noInvalidDate: true,
  });
  fc.assert(
    fc.property(moment, (date) => {
      assert.equal(at(date.toISOString()), date.getTime());
      assert.equal(
        at(date.toISOString().slice(0, 10)),
        date.getTime() - (((date.getTime() % 86_400_000) + 86_400_000) % 86_400_000),
      );
    }),
  );
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { instant } from '../../../../appliance/stores/shared/instant.ts';

describe('a bound of a time range', () => {
  test('is written as rows write time', () => {
    assert.equal(instant('2026-03-01T12:00:00Z', 'start'), '2026-03-01T12:00:00.000Z');
    assert.equal(instant('2026-03-01T12:00:00.5+02:00', 'end'), '2026-03-01T10:00:00.500Z');
  });

  test('a day is its first moment as a start, its last as an end', () => {
    assert.equal(instant('2026-03-01', 'start'), '2026-03-01T00:00:00.000Z');
    assert.equal(instant('2026-03-01', 'end'), '2026-03-01T23:59:59.999Z');
  });

  for (const wrong of ['', 'yesterday', '2026-13-01', '2026-02-01T99:00:00Z', '1 May 2026', '2026-01-01; DROP']) {
    test(`${JSON.stringify(wrong)} is refused`, () => {
      assert.throws(() => instant(wrong, 'start'), { code: 'VALIDATION_ERROR' });
    });
  }
});

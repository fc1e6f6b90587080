import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findPiiInTable } from '../../../../../appliance/data/3-policy/pii/find-in-table.ts';
import { PII_TYPES, type PiiType } from '../../../../../appliance/data/enriched.ts';

const found = (text: string, header: string[] | null, types: readonly PiiType[] = PII_TYPES) =>
  findPiiInTable(text, header, types).map((span) => [span.type, text.slice(span.start, span.end)]);

describe('findPiiInTable', () => {
  it('reads bare values by the header in the first line', () => {
    assert.deepEqual(
      found('Room | DOB | SSN\n12 | 03/14/1962 | 536228145\n14 | 04/15/1963 | 536228146', null, ['DOB', 'SSN']),
      [
        ['DOB', '03/14/1962'],
        ['SSN', '536228145'],
        ['DOB', '04/15/1963'],
        ['SSN', '536228146'],
      ],
    );
  });

  it('reads bare values by a header that stands apart from the text', () => {
    assert.deepEqual(found('1 | 12.03.1980\n2 | 01.04.1991', ['Nr', 'Geburtsdatum'], ['DOB']), [
      ['DOB', '12.03.1980'],
      ['DOB', '01.04.1991'],
    ]);
  });

  it('does not take dates under other headers for dates of birth', () => {
    assert.deepEqual(found('Order | Delivery date\n7 | 03/14/2021', null, ['DOB']), []);
    assert.deepEqual(found('Order | Ordered | Delivered\n7 | 03/14/2021 | 03/15/2021', null, ['DOB']), []);
  });

  it('takes "Name" for people only beside another personal column', () => {
    assert.deepEqual(
      found('Name | Qty\nZulvex Kappro | 4', null, ['NAME']).filter(([, value]) => value === 'Zulvex'),
      [],
    );
    assert.ok(
      found('Name | MRN\nVenkat Chowdary | 482913', null, ['NAME']).some(([, value]) => value === 'Venkat Chowdary'),
    );
  });

  it('keeps columns apart where outer cells are empty', () => {
    assert.deepEqual(found('A | DOB | B\n| 03/14/1962 |', null, ['DOB']), [['DOB', '03/14/1962']]);
    assert.deepEqual(found('x | 03/14/1962', ['DOB', 'Sold'], ['DOB']), []);
  });

  it('reads ragged rows as plain text', () => {
    assert.deepEqual(found('DOB | A\n03/14/1962', null, ['DOB']), found('DOB | A\n03/14/1962', ['DOB', 'A'], ['DOB']));
    assert.deepEqual(found('x', [], ['DOB']), []);
  });
});

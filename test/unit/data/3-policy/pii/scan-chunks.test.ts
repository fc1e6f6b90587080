import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { redactChunk } from '../../../../../appliance/data/3-policy/pii/redact-chunk.ts';
import { scanChunks } from '../../../../../appliance/data/3-policy/pii/scan-chunks.ts';
import type { Chunk } from '../../../../../appliance/data/document.ts';
import { PII_TYPES, type PiiType } from '../../../../../appliance/data/enriched.ts';
import { chunkId } from '../../../../../appliance/kernel/ids.ts';

interface Piece {
  text: string;
  page?: number;
  /** Characters between this chunk and the one before it on its page. */
  gap?: number;
  title?: string;
  header?: string[];
  table?: boolean;
}

function chunksOf(pieces: readonly Piece[]): Chunk[] {
  const ends = new Map<number, number>();
  return pieces.map(({ text, page = 1, gap = 1, title, header, table }) => {
    const start = ends.has(page) ? ends.get(page)! + gap : 0;
    const end = start + text.length;
    ends.set(page, end);
    return {
      chunk_id: chunkId('doc_0123456789abcdef', page, start, end),
      text,
      page,
      start_char: start,
      end_char: end,
      element_type: table ? 'table' : 'paragraph',
      metadata: {
        section_title: title ?? null,
        heading_level: title === undefined ? null : 1,
        ...(header ? { table_header: header } : {}),
      },
    };
  });
}

const redacted = (pieces: readonly Piece[], types: readonly PiiType[] = ['SSN', 'DOB', 'EMAIL']) => {
  const chunks = chunksOf(pieces);
  const scans = scanChunks(chunks, types);
  return chunks.map((chunk, i) => redactChunk(chunk, scans[i]!));
};
const texts = (pieces: readonly Piece[], types?: readonly PiiType[]) => redacted(pieces, types).map(({ text }) => text);

describe('a value that the edge between two chunks divides', () => {
  it('is found in both', () => {
    assert.deepEqual(
      texts([{ text: 'The patient, born on 14.' }, { text: 'März 1962 in Kiel, was admitted.' }], ['DOB']),
      ['The patient, born on [REDACTED:DOB]', '[REDACTED:DOB] in Kiel, was admitted.'],
    );
    assert.deepEqual(texts([{ text: 'Her SSN is 536 22' }, { text: '8145, as stated.' }]), [
      'Her SSN is [REDACTED:SSN]',
      '[REDACTED:SSN], as stated.',
    ]);
  });

  it('is not put together across pages, nor across what lies between', () => {
    const apart = [{ text: 'Her SSN is 536 22' }, { text: '8145, as stated.', page: 2 }];
    assert.deepEqual(
      texts(apart),
      apart.map(({ text }) => text),
    );
    const between = [{ text: 'Her SSN is 536 22' }, { text: '8145, as stated.', gap: 40 }];
    assert.deepEqual(
      texts(between),
      between.map(({ text }) => text),
    );
  });

  it('leaves what belongs to one side alone to that side', () => {
    const [scan] = scanChunks(chunksOf([{ text: 'SSN 536-22-8145.' }, { text: 'Nothing here.' }]), PII_TYPES);
    assert.deepEqual(
      scan!.text.map(({ start, end }) => [start, end]),
      [[4, 15]],
    );
  });
});

describe('what stands beside a text', () => {
  it('loses a value that only the text gives away', () => {
    const [chunk] = redacted([{ text: 'File 03/14/1962\nDate of birth: 03/14/1962', title: 'File 03/14/1962' }]);
    assert.equal(chunk!.metadata.section_title, 'File [REDACTED:DOB]');
    assert.ok(!JSON.stringify(chunk).includes('1962'));
  });

  it('loses it in every chunk of the section', () => {
    const chunks = redacted([
      { text: 'File 03/14/1962\nDate of birth: 03/14/1962', title: 'File 03/14/1962' },
      { text: 'Nothing of that kind.', title: 'File 03/14/1962', page: 2 },
    ]);
    assert.deepEqual(
      chunks.map(({ metadata }) => metadata.section_title),
      ['File [REDACTED:DOB]', 'File [REDACTED:DOB]'],
    );
  });

  it('loses values of table cells from the header that is carried along', () => {
    const [chunk] = redacted([{ text: '12 | 03/14/1962', header: ['Room', 'Date of birth 03/14/1962'], table: true }]);
    assert.ok(!JSON.stringify(chunk).includes('1962'), JSON.stringify(chunk));
  });

  it('gives what a title shows to the heading in the text', () => {
    const [chunk] = redacted([{ text: 'SSN 536-22-8145 of the claimant', title: 'SSN 536-22-8145' }]);
    assert.equal(chunk!.text, 'SSN [REDACTED:SSN] of the claimant');
  });

  it('keeps words that only contain the value', () => {
    const [chunk] = redacted([{ text: 'Mail ann@example.org please', title: 'joann@example.organic matter' }]);
    assert.equal(chunk!.text, 'Mail [REDACTED:EMAIL] please');
    assert.ok(!chunk!.metadata.section_title!.includes('jo[REDACTED'));
  });
});

it('names the types of a chunk in the fixed order, each once', () => {
  const [scan] = scanChunks(
    chunksOf([{ text: 'ann@example.org, bob@example.org, SSN 536-22-8145', title: 'cy@example.org' }]),
    ['EMAIL', 'SSN'],
  );
  assert.deepEqual(scan!.types, ['SSN', 'EMAIL']);
});

import type { Chunk } from '../../document.ts';
import { redact } from './redact.ts';
import type { ChunkScan } from './scan-chunks.ts';

/**
 * A chunk without what a scan of it found: in its text, its section title, its table header and its sheet name. Id and
 * offsets still speak of the original.
 */
export function redactChunk<C extends Chunk>(chunk: C, scan: ChunkScan): C {
  const { section_title, table_header } = chunk.metadata;
  return {
    ...chunk,
    text: redact(chunk.text, scan.text),
    metadata: {
      ...chunk.metadata,
      section_title: section_title === null ? null : redact(section_title, scan.section_title),
      ...(table_header ? { table_header: table_header.map((cell, i) => redact(cell, scan.table_header[i]!)) } : {}),
    },
    ...(chunk.path?.sheet === undefined
      ? {}
      : { path: { ...chunk.path, sheet: redact(chunk.path.sheet, scan.sheet) } }),
  };
}

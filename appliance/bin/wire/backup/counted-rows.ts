import Database from 'better-sqlite3';
import type { TarFile } from '../../../bundle/backup/read-tar.ts';
import { TABLE_SUFFIX } from './servers-source.ts';

/** How many documents and chunks the rows of a part are. */
export interface RowCounts {
  documents: number;
  chunks: number;
}

/** Rows in a SQLite file. */
export function countFile(file: string): RowCounts {
  const db = new Database(file, { readonly: true });
  try {
    const count = (table: string) => (db.prepare(`SELECT count(*) AS n FROM ${table}`).get() as { n: number }).n;
    return { documents: count('documents'), chunks: count('chunks') };
  } finally {
    db.close();
  }
}

/** Counts the rows of tables as they go by: one a line, behind the line that names the columns. */
export class CountedTables {
  readonly counts: RowCounts = { documents: 0, chunks: 0 };

  async add(name: string, file: TarFile): Promise<void> {
    const table = name.slice(0, -TABLE_SUFFIX.length);
    let lines = 0;
    for await (const bytes of file.content()) {
      for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) lines += 1;
    }
    if (table === 'documents' || table === 'chunks') this.counts[table] = lines - 1;
  }
}

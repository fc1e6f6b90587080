import { FrostbyteError } from '../../../kernel/errors.ts';
import type { Cell } from './codec.ts';

/** How a list is ordered: by its columns, newest first, the last one being the row's id. */
export interface ListShape {
  from: string;
  /** What every row of the list must meet. */
  where?: string;
  /** Columns of the result. */
  select: string;
  /** The order, largest first, e.g. `['d.received_at', 'd.doc_id']`; the last one identifies the row. */
  order: readonly string[];
  /** SELECT of the order's values for an id (`?`). */
  cursor: string;
}

/** The place of a cursor's row in the order. Throws `VALIDATION_ERROR` where there is no such row. */
export function placeOf(row: Record<string, Cell> | undefined): Cell[] {
  if (row !== undefined) return Object.values(row);
  throw new FrostbyteError('VALIDATION_ERROR', 'The cursor names no row of this list.', {
    details: [{ field: 'cursor', constraint: 'the id of a row of this list' }],
  });
}

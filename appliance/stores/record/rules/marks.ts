import type { DocumentMark } from '../port.ts';

/** Whether the documents stand as the caller saw them; two files of a batch may be one document. */
export function sameMarks(now: readonly DocumentMark[], seen: readonly DocumentMark[]): boolean {
  const before = new Map(seen.map((mark) => [mark.doc_id, mark]));
  return (
    before.size === now.length &&
    now.every(({ doc_id, run, state }) => {
      const mark = before.get(doc_id);
      return mark?.run === run && mark.state === state;
    })
  );
}

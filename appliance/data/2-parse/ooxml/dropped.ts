import type { DroppedContent } from '../../document.ts';

/** What Office readers leave out, by kind: the reason (with `#` for the count) and what a person can do. */
const KINDS = {
  comment: ['comments are not part of the text: #', 'Move comments that matter into the text.'],
  deletion: ['tracked deletions were left out: #', 'Accept or reject the changes if the deleted text is wanted.'],
  header_footer: [
    'page headers and footers were left out: #',
    'Nothing to do unless they hold text found nowhere else.',
  ],
  embedded_object: ['embedded objects were not opened: #', 'Send embedded files as documents of their own.'],
  macro: ['macro parts were not read: #', 'Save the file without macros.'],
  external_link: ['links to outside targets were not followed: #', 'Send linked content as documents of its own.'],
  external_image: ['linked images lie outside the file: #', 'Embed the images in the file.'],
  alternative_content: [
    'imported parts in other formats were not read: #',
    'Save the file in Word once to take them in.',
  ],
  diagram: ['diagrams were not read: #', 'Describe the diagrams in the text, or send them as PDF.'],
  chart: ['charts were not read: #', 'Nothing to do if the figures stand in a sheet or table; else add them.'],
  image: ['images were not read: #', 'Send images whose text matters as PNG, TIFF or PDF.'],
  hidden_sheet: ['hidden sheets were kept out of the chunks: #', 'Unhide the sheets if their content is wanted.'],
  hidden_row: ['hidden rows were kept out of the chunks: #', 'Unhide the rows if their content is wanted.'],
  hidden_column: ['hidden columns were kept out of the chunks: #', 'Unhide the columns if their content is wanted.'],
  table_shape: [
    'sparse tables lost the empty places between their cells: #',
    'Nothing to do unless the layout matters.',
  ],
  table_cells: ['cells beyond the limit were left out: #', 'Split the file into smaller ones.'],
  form_control: ['form controls were not read: #', 'Write the values into cells or text.'],
} as const;

export type DroppedKind = keyof typeof KINDS;

/** Counts what a reader leaves out and says so once for each kind, in a fixed order. */
export class DroppedCounter {
  readonly #counts = new Map<DroppedKind, number>();

  add(kind: DroppedKind, count = 1): void {
    if (count > 0) this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + count);
  }

  list(): DroppedContent[] {
    return (Object.keys(KINDS) as DroppedKind[])
      .filter((kind) => this.#counts.has(kind))
      .map((kind) => {
        const [reason, remediation] = KINDS[kind];
        return {
          element_type: kind,
          page: 1,
          reason: reason.replace('#', String(this.#counts.get(kind))),
          remediation,
        };
      });
  }
}

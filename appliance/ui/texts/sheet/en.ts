/** A page of a document as it looks. */
export const sheet = {
  title: (page: number, of: number) => `Page ${page} of ${of}`,
  show: 'Show the page',
  onPage: 'Show me on the page',
  picture: 'The page as it looks',
  notYours: 'Its picture is shown to whoever administers the tenant.',
  noPicture: 'This format has no pages to picture; its text stands below.',
  recognised: (certainty: string) => `The text was recognised from a picture, ${certainty} certain.`,
  covered: 'Painted over',
  coveredSays:
    'Passages that the gates redacted or keep apart are painted over in the picture. Where personal data are taken out, what no gate has read (headers, footers, figures) is left out.',
  text: 'Text',
  table: 'Table',
  heading: 'Heading',
  figure: 'Figure',
  hidden: 'Hidden text',
  hiddenSays: (characters: number) => `${characters} characters that a reader does not see`,
  dropped: 'Left out',
  droppedNone: 'Nothing of this page was left out.',
  apart: 'Kept apart by the gates',
  previous: 'Page before',
  next: 'Page after',
  all: 'The whole document',
};

export type SheetTexts = typeof sheet;

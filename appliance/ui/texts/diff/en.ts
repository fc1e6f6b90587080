/** Two versions of a document side by side. */
export const diff = {
  title: 'What changed',
  show: 'What changed since it was read before',
  since: (when: string, parser: string) => `Since the reading of ${when}, by parser ${parser}`,
  sinceOther: (id: string) => `Since ${id}, as it is served`,
  none: 'Read once: nothing to compare',
  noneSays:
    'Once a run makes another version of this document, by a newer parser or a changed configuration, what it changed is shown here. A revision of the file is a document of its own, and can be compared below.',
  earlier: 'An earlier reading',
  version: (when: string, parser: string, configuration: number) =>
    `${when} · parser ${parser} · configuration ${configuration}`,
  other: 'Another document',
  otherSays: 'The id of the file’s revision before this one',
  compare: 'Compare',
  kinds: { stayed: 'stayed', moved: 'moved', changed: 'changed', came: 'came', went: 'went' } as Record<string, string>,
  passages: 'Passages',
  gates: 'judged anew',
  gatesSays: 'The gates judge it otherwise than before',
  page: 'Page',
  changes: 'Changes on this page',
  noChanges: 'Nothing on this page changed.',
  stayed: (count: number) => `${count} ${count === 1 ? 'passage' : 'passages'} stayed as they were.`,
  wentSays: (characters: number) => `${characters} characters`,
  unshown: 'Of what went, no word is shown that is not served now: today’s gates have not judged it.',
  apartBefore: 'kept apart before',
  redactedBefore: 'redacted before',
  from: (page: number) => `from page ${page}`,
  to: (page: number) => `to page ${page}`,
  gone: (words: number) => `${words} ${words === 1 ? 'word is' : 'words are'} gone`,
  wasKind: (kind: string) => `was: ${kind}`,
  more: (count: number) => `${count} more; frostbyte document diff lists all.`,
  marks: 'The page with what changed',
};

export type DiffTexts = typeof diff;

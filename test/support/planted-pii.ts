import { MIME } from '../../appliance/api/tenant-config.ts';
import { type TestFile, text } from './batch.ts';
import { docx, gridRows, paragraph, run, xlsx } from './ooxml-builder.ts';

/** Personal data planted wherever a document can hold it, to be looked for wherever it must not be. */

export const PLANTED = Object.freeze({
  SSN: '536-22-8145',
  EMAIL: 'zqplanted.person@example.org',
  DOB: '03/14/1962',
});

/** The planted values that stand in a text, also as JSON or a URL would write them. */
export function plantedIn(shown: string): string[] {
  return Object.values(PLANTED).filter((value) => shown.includes(value) || shown.includes(encodeURIComponent(value)));
}

const STYLES = ['Heading1 heading 1', 'Caption caption']
  .map((style) => /^(\w+) (.*)$/.exec(style)!)
  .map(([, id, name]) => `<w:style w:type="paragraph" w:styleId="${id}"><w:name w:val="${name}"/></w:style>`)
  .join('');

const cell = (content: string) => `<w:tc>${paragraph(content)}</w:tc>`;
const row = (...cells: string[]) => `<w:tr>${cells.map(cell).join('')}</w:tr>`;
const PERSON = `SSN ${PLANTED.SSN}, born on ${PLANTED.DOB} (date of birth), mail ${PLANTED.EMAIL}`;

/** Rows enough for a table to become several chunks, each with the header beside it. */
const FILLER = Array.from({ length: 120 }, (_, n) => [
  `depot ${n} in a town with a long name`,
  `${1000 + n}`,
  'north quay',
]);

/** One file of each kind; every place of it holds planted values. Searches for `freight` find them all. */
export function plantedFiles(): TestFile[] {
  return [
    text(
      'planted.txt',
      `FREIGHT FILE ${PLANTED.SSN}\n\nThe freight is claimed by a person: ${PERSON}.\n\n- freight item: SSN ${PLANTED.SSN}\n- mail ${PLANTED.EMAIL}\n`,
    ),
    {
      filename: 'planted.docx',
      mime_type: MIME.docx,
      content: docx({
        styles: STYLES,
        body: [
          paragraph(`Freight claim of ${PLANTED.EMAIL}, date of birth ${PLANTED.DOB}`, 'Heading1'),
          paragraph(`The freight was claimed: ${PERSON}.`),
          `<w:tbl>${row('Freight', 'Date of birth', 'SSN', 'Mail')}${row('crates', PLANTED.DOB, PLANTED.SSN, PLANTED.EMAIL)}</w:tbl>`,
          paragraph(`Figure 1: the freight of ${PLANTED.EMAIL}, SSN ${PLANTED.SSN}`, 'Caption'),
          `<w:p>${run('hidden ', '<w:vanish/>')}${run(`SSN ${PLANTED.SSN}`, '<w:vanish/>')}</w:p>`,
        ].join(''),
      }),
    },
    {
      filename: 'planted.xlsx',
      mime_type: MIME.xlsx,
      content: xlsx({
        sheets: [
          {
            name: `freight ${PLANTED.SSN}`,
            rows: gridRows([
              ['Freight depot', `Date of birth, mail ${PLANTED.EMAIL}`, `SSN ${PLANTED.SSN}`],
              ['freight person', PLANTED.DOB, PLANTED.SSN],
              ...FILLER,
            ]),
          },
          {
            name: 'people',
            rows: gridRows([
              ['Freight', 'Date of birth'],
              ['person', PLANTED.DOB],
            ]),
          },
        ],
      }),
    },
    {
      filename: 'planted.csv',
      mime_type: MIME.csv,
      content: `freight;date of birth;mail;ssn\ncrates;${PLANTED.DOB};${PLANTED.EMAIL};${PLANTED.SSN}\n`,
    },
  ];
}

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { SaxesParser } from 'saxes';
import { AcceptanceReport } from '../../../../appliance/api/schemas/ingest.ts';
import { reportPage, reportPageHeaders } from '../../../../appliance/data/report-page/page.ts';
import { reportFile, reportOf } from '../../../support/report.ts';

/** The page as elements, read by a strict parser: a tag that is not closed, or an attribute without quotes, throws. */
function elements(page: string): { name: string; attributes: Record<string, string>; text: string }[] {
  const found: { name: string; attributes: Record<string, string>; text: string }[] = [];
  const open: (typeof found)[number][] = [];
  const parser = new SaxesParser();
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ name, attributes }) => {
    const element = { name, attributes: attributes as Record<string, string>, text: '' };
    found.push(element);
    open.push(element);
  });
  parser.on('text', (text) => {
    for (const element of open) element.text += text;
  });
  parser.on('closetag', () => void open.pop());
  // Void elements are written the way HTML has them.
  parser.write(page.replace('<!doctype html>', '').replace(/<(meta|br|wbr)\b([^>]*)>/g, '<$1$2/>')).close();
  return found;
}

const only = (page: string, name: string) => elements(page).filter((element) => element.name === name);

const HOSTILE = '<img src=x onerror=alert(1)>"\'&amp;</td><script>alert(2)</script>\u202efdp.exe';

function busy(): AcceptanceReport {
  const problem = {
    code: 'FILE_ENCRYPTED',
    severity: 'blocked' as const,
    stage: 'parse',
    page: null,
    message: 'The file is protected by a password.',
    remediation: 'Remove the password and send the file again.',
  };
  const failed = { status: 'parse_failed', outcome: 'failed' as const, parsing: null, policy: null, indexing: null };
  return reportOf(
    [
      reportFile(1),
      reportFile(2, { ...failed, problems: [problem] }),
      reportFile(3, { ...failed, original_filename: HOSTILE, problems: [problem] }),
      reportFile(4, { status: 'held', outcome: 'held', indexing: null }),
      reportFile(5, {
        problems: [
          {
            ...problem,
            code: 'CONTENT_DROPPED',
            severity: 'warning',
            page: 7,
            message: 'Attached file: It was not read.',
            remediation: 'Send it as a file.',
          },
        ],
      }),
      reportFile(6, {
        status: 'rejected',
        outcome: 'rejected',
        problems: [{ ...problem, code: 'UNSUPPORTED_FORMAT', message: 'No.', remediation: 'Convert it.' }],
        intake: {
          ...reportFile(6).intake,
          details: { declared: 'text/plain', sniffed: '<b>', isEscaped: true } as Record<string, unknown>,
        },
      }),
    ],
    { submitter: '"><svg onload=alert(3)>' },
  );
}

test('the sample is a report', () => {
  AcceptanceReport.parse(busy());
});

test('hostile names are text, wherever they stand', () => {
  const page = reportPage(busy());
  const all = elements(page);
  for (const { name, attributes } of all) {
    assert.ok(!['script', 'img', 'iframe', 'object', 'link', 'form', 'a'].includes(name), name);
    for (const attribute of Object.keys(attributes)) assert.doesNotMatch(attribute, /^(?:on|style|src|href)/);
  }
  const shown = only(page, 'bdi').map(({ text }) => text);
  const expected = HOSTILE.replace('\u202e', 'U+202E');
  assert.equal(shown.filter((text) => text === expected).length, 2, 'in the list of what to do and in the table');
  assert.ok(shown.includes('"><svg onload=alert(3)>'));
  assert.ok(shown.includes('<b>'), 'details of a refusal are names from outside, too');
  assert.doesNotMatch(page, /\u202e/);
});

test('nothing is loaded and nothing runs: the policy allows the one style, in the page and beside it', () => {
  const page = reportPage(busy());
  const [style] = only(page, 'style');
  const hash = createHash('sha256').update(style!.text).digest('base64');
  const policy = only(page, 'meta').find((meta) => meta.attributes['http-equiv'] === 'Content-Security-Policy');
  const header = reportPageHeaders('b1')['content-security-policy']!;
  for (const text of [policy!.attributes.content!, header]) {
    assert.match(text, /default-src 'none'/);
    assert.ok(text.includes(`style-src 'sha256-${hash}'`));
    assert.doesNotMatch(text, /unsafe|\*|https?:|data:/);
  }
  assert.match(header, /frame-ancestors 'none'/);
  assert.doesNotMatch(style!.text, /url\(|@import|expression/);
  assert.doesNotMatch(page.replace(style!.text, ''), /https?:\/\//);
});

test('the name of the download can carry nothing', () => {
  const { 'content-disposition': header } = reportPageHeaders('a"b\r\nx: y');
  assert.equal(header, 'inline; filename="acceptance-report-a_b__x__y.html"');
});

test('the page says in words what the bar shows, and the numbers add up', () => {
  const page = reportPage(busy());
  assert.match(page, /2 of 6 files in search; 1 held for review, 1 rejected and 2 failed\./);
  const [bar] = only(page, 'svg');
  assert.deepEqual(
    [bar!.attributes.role, bar!.attributes['aria-label']],
    ['img', 'Accepted, in search: 2, Held for review: 1, Rejected: 1, Failed: 2'],
  );
  const widths = only(page, 'rect').map(({ attributes }) => Number(attributes.width));
  assert.ok(Math.abs(widths.reduce((sum, width) => sum + width, 0) - 1000) < 0.1);
  assert.match(reportPage(reportOf([reportFile(1), reportFile(2)])), /All 2 files are in search\./);
  assert.match(reportPage(reportOf([reportFile(1)])), /The file is in search\./);
});

test('the same problem of many files stands once, with its mend and every file', () => {
  const articles = only(reportPage(busy()), 'article').map(({ text }) => text);
  assert.equal(articles.length, 2, 'left-out content has a table of its own');
  const [password] = articles;
  assert.match(password!, /2 files/);
  assert.match(password!, /What to do: Remove the password and send the file again\./);
  assert.ok(password!.includes('file-2.pdf'));
  assert.match(articles[1]!, /said to be text\/plain, looks like <b>/);
  const leftOut = only(reportPage(busy()), 'section').find(({ text }) => text.startsWith('What was left out'));
  assert.match(leftOut!.text, /file-5\.pdf7look Attached file: It was not read\.Send it as a file\./);
});

test('every file has its row and its receipt; every table has heads that print on each page', () => {
  const report = busy();
  const page = reportPage(report);
  const tables = only(page, 'table');
  const rows = only(page, 'tr').length - tables.length;
  // Two classes of rows are not files: one class of documents, one thing left out.
  assert.equal(rows, report.files.length * 2 + 2);
  assert.equal(only(page, 'thead').length, tables.length);
  assert.ok(only(page, 'th').every(({ attributes }) => attributes.scope === 'col' || attributes.scope === 'row'));
  assert.ok(only(page, 'table').length === only(page, 'caption').length);
  assert.match(only(page, 'style')[0]!.text, /@media print[\s\S]*thead \{ display: table-header-group; \}/);
  for (const landmark of ['header', 'main', 'footer']) assert.equal(only(page, landmark).length, 1, landmark);
  assert.equal(only(page, 'html')[0]!.attributes.lang, 'en');
});

test('a report that is not final says so, and a final one that it is', () => {
  assert.match(reportPage(busy()), /Interim: 1 file waits for a decision/);
  assert.match(reportPage(reportOf([reportFile(1)])), /<p class="stamp">Final<\/p>/);
});

test('a person’s word shows as such', () => {
  const { policy } = reportFile(1);
  const page = reportPage(reportOf([reportFile(1, { policy: { ...policy!, human_override: true, released: true } })]));
  assert.match(page, /Contract <span class="small">by a person<\/span>/);
  assert.match(page, /released by an administrator/);
});

test('the same report always gives the same page', () => {
  assert.equal(reportPage(busy()), reportPage(busy()));
});

test('text and ground differ enough to be read, in light, dark and print', () => {
  const [style] = only(reportPage(busy()), 'style');
  const schemes = [...style!.text.matchAll(/:root \{([\s\S]*?)\n {0,2}\}/g)].map(([, body]) => body!);
  assert.equal(schemes.length, 3);
  for (const scheme of schemes) {
    const colour = Object.fromEntries([...scheme.matchAll(/--(\w+): (#\w{6})/g)].map(([, name, hex]) => [name, hex!]));
    for (const ground of ['ground', 'panel']) {
      for (const text of [
        'ink',
        'soft',
        'accent',
        'blocked',
        'warning',
        'indexed',
        'quarantined',
        'rejected',
        'failed',
      ])
        assert.ok(contrast(colour[text]!, colour[ground]!) >= 4.5, `${text} on ${ground}: ${colour[text]}`);
    }
  }
});

/** WCAG 2 contrast of two colours. */
function contrast(a: string, b: string): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light! + 0.05) / (dark! + 0.05);
}

function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const c = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

test('files whose earlier version stays in search are said to be there', () => {
  const problem = {
    code: 'RERUN_CANCELLED',
    severity: 'warning' as const,
    stage: null,
    page: null,
    message: 'Processing the document again was cancelled; its earlier version stays in search.',
    remediation: 'Have the document processed again.',
  };
  const cancelled = { status: 'cancelled', outcome: 'cancelled' as const };
  const page = reportPage(
    reportOf([
      reportFile(1),
      reportFile(2, { ...cancelled, problems: [problem] }),
      reportFile(3, {
        ...cancelled,
        indexing: null,
        problems: [{ ...problem, code: 'CANCELLED', severity: 'blocked' }],
      }),
    ]),
  );
  const verdict = elements(page).find(({ attributes }) => attributes.class === 'verdict')!.text;
  assert.match(verdict, /1 of 3 files in search; 2 cancelled\. 1 file stays in search in an earlier version\./);
  const kinds = elements(page).filter(({ attributes }) => attributes.class === 'kind');
  assert.deepEqual(
    kinds.map(({ text }) => text),
    ['Not in search · 1 file', 'Worth a look · 1 file'],
  );
  assert.match(only(page, 'tbody').at(-2)!.text, /RERUN_CANCELLED/);
});

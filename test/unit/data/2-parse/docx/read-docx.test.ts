import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readDocx } from '../../../../../appliance/data/2-parse/docx/read-docx.ts';
import type { LayoutBlock } from '../../../../../appliance/data/2-parse/layout.ts';
import { countNonSpace } from '../../../../../appliance/data/2-parse/text/count.ts';
import { type DocxParts, docx, paragraph, readOptions, run } from '../../../../support/ooxml-builder.ts';

const read = (parts: DocxParts) => readDocx(docx(parts), readOptions());
const blocks = async (parts: DocxParts): Promise<LayoutBlock[]> => (await read(parts)).pages[0]!.blocks;
const texts = async (parts: DocxParts) =>
  (await blocks(parts)).map((block) =>
    block.kind === 'table' ? block.cells : block.kind === 'figure' ? block.caption : block.text,
  );
const dropped = async (parts: DocxParts) =>
  (await read(parts)).dropped.map((item) => `${item.element_type}: ${item.reason}`);

const style = (id: string, name: string, more = '', type = 'paragraph') =>
  `<w:style w:type="${type}" w:styleId="${id}"><w:name w:val="${name}"/>${more}</w:style>`;
const outline = (level: number) => `<w:pPr><w:outlineLvl w:val="${level}"/></w:pPr>`;
const numbered = (numId: number, level = 0) =>
  `<w:numPr><w:ilvl w:val="${level}"/><w:numId w:val="${numId}"/></w:numPr>`;
const lvl = (index: number, format: string, text: string, more = '<w:start w:val="1"/>') =>
  `<w:lvl w:ilvl="${index}">${more}<w:numFmt w:val="${format}"/><w:lvlText w:val="${text}"/></w:lvl>`;
const numbering = [
  `<w:abstractNum w:abstractNumId="0">${lvl(0, 'decimal', '%1.')}${lvl(1, 'lowerLetter', '(%2)')}${lvl(2, 'decimal', '%1.%2.%3', '<w:start w:val="1"/>')}</w:abstractNum>`,
  `<w:abstractNum w:abstractNumId="1">${lvl(0, 'bullet', '\uf0b7')}</w:abstractNum>`,
  '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>',
  '<w:num w:numId="2"><w:abstractNumId w:val="1"/></w:num>',
  '<w:num w:numId="3"><w:abstractNumId w:val="0"/><w:lvlOverride w:ilvl="0"><w:startOverride w:val="5"/></w:lvlOverride></w:num>',
].join('');
const cell = (content: string, properties = '') => `<w:tc><w:tcPr>${properties}</w:tcPr>${content}</w:tc>`;
const row = (...cells: string[]) => `<w:tr>${cells.join('')}</w:tr>`;
const table = (...rows: string[]) => `<w:tbl>${rows.join('')}</w:tbl>`;
const p = (text: string) => paragraph(text);

describe('headings of a DOCX', () => {
  it('follow the outline level of localised styles and of the styles these are based on', async () => {
    const styles =
      style('berschrift2', 'heading 2', outline(1)) +
      style('Mein', 'Meine Ueberschrift', '<w:basedOn w:val="berschrift2"/>') +
      style('Titel', 'Title') +
      style('Rubrik3', 'heading 3');
    const found = await blocks({
      styles,
      body:
        paragraph('A', 'Titel') +
        paragraph('B', 'berschrift2') +
        paragraph('C', 'Mein') +
        paragraph('D', 'Rubrik3') +
        p('E'),
    });
    assert.deepEqual(
      found.map((block) => [block.kind, block.kind === 'heading' ? block.level : 0]),
      [
        ['heading', 1],
        ['heading', 2],
        ['heading', 2],
        ['heading', 3],
        ['paragraph', 0],
      ],
    );
  });

  it('follow a level of the paragraph itself, and level 9 means body text', async () => {
    const found = await blocks({
      styles: style('H', 'heading 1', outline(0)),
      body: paragraph('A', undefined, '<w:outlineLvl w:val="2"/>') + paragraph('B', 'H', '<w:outlineLvl w:val="9"/>'),
    });
    assert.deepEqual(
      found.map((block) => block.kind),
      ['heading', 'paragraph'],
    );
  });

  it('are found without a style sheet, and a loop of styles does no harm', async () => {
    assert.equal((await blocks({ body: paragraph('A', 'Heading2') }))[0]!.kind, 'heading');
    const loop = style('a', 'x', '<w:basedOn w:val="b"/>') + style('b', 'y', '<w:basedOn w:val="a"/>');
    assert.equal((await blocks({ styles: loop, body: paragraph('A', 'a') }))[0]!.kind, 'paragraph');
  });

  it('carry the number that Word draws in front of them', async () => {
    const styles = style('H1', 'heading 1', `<w:pPr><w:outlineLvl w:val="0"/>${numbered(1)}</w:pPr>`);
    assert.deepEqual(await texts({ styles, numbering, body: paragraph('Scope', 'H1') + paragraph('Fees', 'H1') }), [
      '1. Scope',
      '2. Fees',
    ]);
  });
});

describe('lists of a DOCX', () => {
  it('show bullets and numbers, and a numbered list resumes after an interruption', async () => {
    const item = (text: string, id: number, level = 0) => paragraph(text, undefined, numbered(id, level));
    const body =
      item('a', 1) +
      item('b', 1) +
      item('x', 2) +
      p('between') +
      item('c', 1) +
      item('i', 1, 1) +
      item('ii', 1, 1) +
      item('d', 1) +
      item('i again', 1, 1);
    assert.deepEqual(await texts({ numbering, body }), [
      '1. a',
      '2. b',
      '• x',
      'between',
      '3. c',
      '(a) i',
      '(b) ii',
      '4. d',
      '(a) i again',
    ]);
  });

  it('start where a list of their own says, and name upper levels', async () => {
    const item = (text: string, id: number, level = 0) => paragraph(text, undefined, numbered(id, level));
    assert.deepEqual(await texts({ numbering, body: item('a', 3) + item('b', 3) + item('c', 3, 2) }), [
      '5. a',
      '6. b',
      '6.a.1 c',
    ]);
  });

  it('are none with list number 0 or an unknown list', async () => {
    const found = await blocks({
      numbering,
      body: paragraph('a', undefined, numbered(0)) + paragraph('b', undefined, numbered(99)),
    });
    assert.deepEqual(
      found.map((block) => block.kind),
      ['paragraph', 'paragraph'],
    );
  });
});

describe('tables of a DOCX', () => {
  it('keep merged cells as spans, their text in the first place', async () => {
    const restart = '<w:vMerge w:val="restart"/>';
    const [found] = await blocks({
      body: table(
        row(cell(p('wide'), '<w:gridSpan w:val="2"/>'), cell(p('tall'), restart)),
        row(cell(p('a')), cell(p('b')), cell('<w:p/>', '<w:vMerge/>')),
      ),
    });
    assert.ok(found?.kind === 'table');
    assert.deepEqual(found.cells, [
      ['wide', '', 'tall'],
      ['a', 'b', ''],
    ]);
    assert.deepEqual(found.spans, [
      [0, 0, 1, 2, 'wide'],
      [0, 2, 2, 3, 'tall'],
      [1, 0, 2, 1, 'a'],
      [1, 1, 2, 2, 'b'],
    ]);
  });

  it('take a row that starts late, header rows, and nested tables into their cell', async () => {
    const nested = table(row(cell(p('n1')), cell(p('n2'))));
    const header = '<w:trPr><w:tblHeader/></w:trPr>';
    const late = '<w:trPr><w:gridBefore w:val="1"/></w:trPr>';
    const [found] = await blocks({
      body: table(
        `<w:tr>${header}${cell(p('1'))}${cell(p('2'))}</w:tr>`,
        `<w:tr>${late}${cell(p('x') + nested)}</w:tr>`,
      ),
    });
    assert.ok(found?.kind === 'table');
    assert.deepEqual(found.cells, [
      ['1', '2'],
      ['', 'x\nn1 n2'],
    ]);
    assert.equal(found.headerRows, 1);
  });

  it('of one cell are a frame around their content', async () => {
    const styles = style('H', 'heading 1');
    const found = await blocks({ styles, body: table(row(cell(paragraph('T', 'H') + p('a')))) });
    assert.deepEqual(
      found.map((block) => block.kind),
      ['heading', 'paragraph'],
    );
  });

  it('with an absurd span stay small', async () => {
    const [found] = await blocks({ body: table(row(cell(p('a'), '<w:gridSpan w:val="999999999"/>'), cell(p('b')))) });
    assert.ok(found?.kind === 'table' && found.cells[0]!.length <= 64);
  });

  it('too large for a grid are given cell by cell, and nothing is lost', async () => {
    const wide = row(...Array.from({ length: 40 }, (_, at) => cell(p(`w${at}`))));
    const tall = Array.from({ length: 40 }, (_, at) => row(cell(p(`t${at}`)))).join('');
    const { pages } = await readDocx(docx({ body: table(wide, tall) }), readOptions({ maxTableCells: 1000 }));
    assert.equal(pages[0]!.blocks.length, 80);
    assert.ok(pages[0]!.blocks.every((block) => block.kind === 'paragraph'));
  });

  it('give the pictures in their cells as figures after them', async () => {
    const picture =
      '<w:p><w:r><w:drawing><wp:inline><wp:docPr id="1" name="P" descr="a photo"/><pic:pic/></wp:inline></w:drawing></w:r></w:p>';
    const found = await blocks({ body: table(row(cell(p('a')), cell(picture)), row(cell(p('b')), cell(p('c')))) });
    assert.deepEqual(
      found.map((block) => (block.kind === 'table' ? block.cells : block.kind === 'figure' && block.caption)),
      [
        [
          ['a', ''],
          ['b', 'c'],
        ],
        'a photo',
      ],
    );
  });

  it('leave out deleted rows and say so', async () => {
    const gone = `<w:tr><w:trPr><w:del w:id="1"/></w:trPr>${cell(p('old'))}${cell(p('old'))}</w:tr>`;
    const body = table(row(cell(p('a')), cell(p('b'))), gone);
    assert.deepEqual(await texts({ body }), [[['a', 'b']]]);
    assert.match((await dropped({ body }))[0]!, /^deletion: tracked deletions were left out: 1$/);
  });
});

describe('the text of a DOCX', () => {
  it('keeps insertions, drops deletions and comments, and says so', async () => {
    const parts = {
      body: `<w:p>${run('a')}<w:ins>${run('b')}</w:ins><w:del><w:r><w:delText>c</w:delText></w:r></w:del><w:moveFrom>${run('d')}</w:moveFrom><w:moveTo>${run('e')}</w:moveTo></w:p>`,
      comments: '<w:comment w:id="0"><w:p/></w:comment><w:comment w:id="1"><w:p/></w:comment>',
      header: p('Page head'),
      links: [{ type: 'hyperlink', target: 'https://example.org', external: true }],
    };
    assert.deepEqual(await texts(parts), ['abe']);
    assert.deepEqual(await dropped(parts), [
      'comment: comments are not part of the text: 2',
      'deletion: tracked deletions were left out: 2',
      'header_footer: page headers and footers were left out: 1',
      'external_link: links to outside targets were not followed: 1',
    ]);
  });

  it('joins a paragraph whose end was deleted with the next one, once the next one is there', async () => {
    const open = (text: string) => `<w:p><w:pPr><w:rPr><w:del w:id="1"/></w:rPr></w:pPr>${run(text)}</w:p>`;
    assert.deepEqual(await texts({ body: open('a ') + open('b ') + p('c') + p('d') }), ['a b c', 'd']);
    assert.deepEqual(await texts({ body: open('a') + table(row(cell(open('x')), cell(p('y')))) + open('z') }), [
      'a',
      [['x', 'y']],
      'z',
    ]);
  });

  it('keeps the text of hyperlinks, content controls, fields and smart tags, but no field codes', async () => {
    const field =
      '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>DATE \\x</w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r>';
    const body = `<w:p><w:hyperlink r:id="rId9">${run('a')}</w:hyperlink><w:sdt><w:sdtPr><w:alias w:val="no"/></w:sdtPr><w:sdtContent>${run('b')}</w:sdtContent></w:sdt>${field}${run('c')}<w:smartTag>${run('d')}</w:smartTag></w:p><w:sdt><w:sdtContent>${p('block')}</w:sdtContent></w:sdt>`;
    assert.deepEqual(await texts({ body }), ['abcd', 'block']);
  });

  it('gives tabs, breaks, hyphens and symbols as text', async () => {
    const body =
      '<w:p><w:r><w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/><w:t>c</w:t><w:noBreakHyphen/><w:sym w:font="Wingdings" w:char="F0FC"/><w:softHyphen/></w:r></w:p>';
    assert.deepEqual(await texts({ body }), ['a\tb\nc-✓']);
  });

  it('gives notes after the body, marked where the text refers to them', async () => {
    const reference = (kind: string, id: number) => `<w:r><w:${kind}Reference w:id="${id}"/></w:r>`;
    const found = await texts({
      body: `<w:p>${run('one')}${reference('footnote', 7)}${run(' two')}${reference('endnote', 3)}</w:p>`,
      footnotes: `<w:footnote w:id="0" w:type="separator">${p('----')}</w:footnote><w:footnote w:id="7">${p('first')}</w:footnote>`,
      endnotes: `<w:endnote w:id="3">${p('last')}</w:endnote><w:endnote w:id="4">${p('unused')}</w:endnote>`,
    });
    assert.deepEqual(found, ['one[1] two[i]', '[1] first', '[i] last', 'unused']);
  });

  it('reads a text box once, though the file holds it in two forms', async () => {
    const box = `<w:txbxContent>${p('boxed')}</w:txbxContent>`;
    const body = `<w:p>${run('before')}<w:r><mc:AlternateContent><mc:Choice Requires="wps"><w:drawing><wp:anchor><wps:txbx>${box}</wps:txbx></wp:anchor></w:drawing></mc:Choice><mc:Fallback><w:pict><v:textbox>${box}</v:textbox></w:pict></mc:Fallback></mc:AlternateContent></w:r></w:p>`;
    assert.deepEqual(await texts({ body }), ['before', 'boxed']);
    assert.equal((await read({ body })).sourceCharacters, 11);
  });

  it('writes equations on one line', async () => {
    const m = (text: string) => `<m:r><m:t>${text}</m:t></m:r>`;
    const fraction = `<m:f><m:num>${m('a')}</m:num><m:den>${m('b+1')}</m:den></m:f>`;
    const power = `<m:sSup><m:e>${fraction}</m:e><m:sup>${m('2')}</m:sup></m:sSup>`;
    const sum = `<m:nary><m:naryPr><m:chr m:val="∑"/></m:naryPr><m:sub>${m('i=1')}</m:sub><m:sup>${m('n')}</m:sup><m:e>${m('π')}</m:e></m:nary>`;
    assert.deepEqual(
      await texts({
        body: `<w:p>${run('x:')}<m:oMath>${power}</m:oMath></w:p><w:p><m:oMathPara><m:oMath>${sum}</m:oMath></m:oMathPara></w:p>`,
      }),
      ['x: {\\frac{a}{b+1}}^{2}', '\\sum_{i=1}^{n} \\pi'],
    );
  });

  it('makes figures of pictures, with the caption beside them or their alternative text', async () => {
    const picture = (text: string) =>
      `<w:p><w:r><w:drawing><wp:inline><wp:docPr id="1" name="P" descr="${text}"/><a:graphic><pic:pic/></a:graphic></wp:inline></w:drawing></w:r></w:p>`;
    const styles = style('Cap', 'caption');
    const found = await blocks({
      styles,
      body: picture('a chart') + paragraph('Figure 1: Sales', 'Cap') + p('x') + picture('only this'),
    });
    assert.deepEqual(
      found.map((block) => [block.kind, block.kind === 'figure' ? block.caption : '']),
      [
        ['figure', 'Figure 1: Sales (a chart)'],
        ['paragraph', ''],
        ['figure', 'only this'],
      ],
    );
  });

  it('reports the pictures, whose content is not read', async () => {
    const body = '<w:p><w:r><w:drawing><wp:inline><pic:pic/><pic:pic/></wp:inline></w:drawing></w:r></w:p>';
    assert.deepEqual(await dropped({ body }), ['image: images were not read: 2']);
  });

  it('titles a table by the caption beside it, which stays in the text', async () => {
    const styles = style('Cap', 'caption');
    const found = await blocks({ styles, body: paragraph('Table 1', 'Cap') + table(row(cell(p('a')), cell(p('b')))) });
    assert.deepEqual(
      found.map((block) => [block.kind, block.kind === 'table' && block.title]),
      [
        ['paragraph', false],
        ['table', 'Table 1'],
      ],
    );
  });

  it('says where each block stands', async () => {
    const found = await blocks({ body: p('a') + table(row(cell(p('b')), cell(p('c')))) + p('d') });
    assert.deepEqual(
      found.map((block) => block.path),
      [{ paragraph: 1 }, { paragraph: 2 }, { paragraph: 4 }],
    );
  });

  it('all comes out: coverage counts what the walk does not decide', async () => {
    const layout = await read({
      body: p('one two') + table(row(cell(p('three')), cell(p('four')))),
      footnotes: `<w:footnote w:id="1">${p('five')}</w:footnote>`,
    });
    const out = layout.pages[0]!.blocks.reduce(
      (sum, block) =>
        sum +
        (block.kind === 'table'
          ? countNonSpace(block.cells.flat().join(''))
          : 'text' in block
            ? countNonSpace(block.text)
            : 0),
      0,
    );
    assert.equal(layout.sourceCharacters, 19);
    assert.equal(out, 19);
  });
});

describe('hidden text of a DOCX', () => {
  const hidden = async (parts: DocxParts) => (await read(parts)).hidden.map(({ kind, text }) => [kind, text]);

  it('is kept apart: vanished, tiny, or white on white', async () => {
    const body = `<w:p>${run('seen ')}${run('gone', '<w:vanish/>')}${run('tiny', '<w:sz w:val="2"/>')}${run('white', '<w:color w:val="FFFFFF"/>')}${run('back', '<w:vanish w:val="0"/>')}</w:p>`;
    assert.deepEqual(await texts({ body }), ['seen back']);
    assert.deepEqual(await hidden({ body }), [
      ['vanish', 'gone'],
      ['tiny_text', 'tiny'],
      ['white_on_white', 'white'],
    ]);
  });

  it('is found through paragraph and character styles', async () => {
    const look = '<w:rPr><w:vanish/></w:rPr>';
    const styles = style('P', 'x', look) + style('C', 'y', look, 'character');
    const body = `${paragraph('a', 'P')}<w:p>${run('b', '<w:rStyle w:val="C"/>')}</w:p>`;
    assert.deepEqual(await hidden({ styles, body }), [
      ['vanish', 'a'],
      ['vanish', 'b'],
    ]);
    assert.deepEqual(await texts({ styles, body }), []);
  });

  it('is what stands in a cell that continues a merged one, and in a hidden drawing', async () => {
    const merged = table(
      row(cell(p('a'), '<w:vMerge w:val="restart"/>'), cell(p('b'))),
      row(cell(p('under'), '<w:vMerge/>'), cell(p('c'))),
    );
    const drawing = `<w:p><w:r><w:drawing><wp:anchor><wp:docPr id="1" name="x" hidden="1"/><wps:txbx><w:txbxContent>${p('unseen')}</w:txbxContent></wps:txbx></wp:anchor></w:drawing></w:r></w:p>`;
    assert.deepEqual(await hidden({ body: merged + drawing }), [
      ['merged_cell', 'under'],
      ['hidden_drawing', 'unseen'],
    ]);
    assert.doesNotMatch(JSON.stringify(await texts({ body: merged + drawing })), /under|unseen/);
  });

  it('is not white text on a dark background, nor white text in tables, whose background may lie in their style', async () => {
    const white = '<w:color w:val="FFFFFF"/>';
    const body = `<w:p>${run('a', `${white}<w:shd w:val="clear" w:fill="000080"/>`)}</w:p>${table(row(cell(`<w:p>${run('b', white)}</w:p>`), cell(p('c'))))}`;
    assert.deepEqual(await hidden({ body }), []);
  });
});

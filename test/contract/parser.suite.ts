import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { childEntry } from '../../appliance/data/2-parse/sandbox/entry.ts';
import { checkLayers } from '../../appliance/data/2-parse/sandbox/layers.ts';
import { sha256Hex } from '../../appliance/kernel/digest.ts';
import { isFrostbyteError } from '../../appliance/kernel/errors.ts';
import { decodePng, valuesIn } from '../support/decode-png.ts';
import { type ParserWay, withParser as withParserOf } from '../support/sandboxed-parser.ts';
import { STORAGE_REPORT_PNG } from '../support/storage-report.ts';

const { layers } = await checkLayers(['full'], childEntry(undefined), { memoryLimitMb: 256, timeoutMs: 30_000 });
const missing = layers.layers.filter((layer) => layer.required && layer.state === 'missing').map(({ name }) => name);
const skip = missing.length === 0 ? false : `this host lacks the layers ${missing.join(', ')}`;

/** What every parser promises, however it is reached. */
export function parserSuite(way: ParserWay): void {
  const withParser = (...[setting, use]: Parameters<typeof withParserOf>) => withParserOf(setting, use, way);

  describe('parsing in the sandbox', { skip }, () => {
    it('gives the same document every time, from a process of its own each time', async () => {
      await withParser({}, async ({ parse, parser }) => {
        assert.ok((await parser.layers()).ok);
        const text = 'Minutes\n\nThe meeting began at nine. All members were there.\n';
        const [first, second] = await Promise.all([parse(text), parse(text)]);
        const third = await parse(text);
        assert.deepEqual(second.document, first.document);
        assert.deepEqual(third.document, first.document);
        assert.equal(first.document.lineage.raw_sha256, sha256Hex(text));
        assert.match(first.pageTexts[0]!, /The meeting began at nine/);
        assert.ok(first.stage1_ms >= 0 && first.stage2_ms >= 0);
      });
    });

    it('recognises a picture without worker threads, network or files but its own', async () => {
      await withParser({}, async ({ parse }) => {
        const { document, pageTexts } = await parse(STORAGE_REPORT_PNG, { mediaType: 'image/png' });
        assert.match(pageTexts[0]!, /^Quarterly Storage Report/);
        assert.equal(document.stats.ocr_pages, 1);
      });
    });

    it("passes on a reader's error", async () => {
      await withParser({}, async ({ parse, logged }) => {
        await assert.rejects(parse('no PDF', { mediaType: 'application/pdf' }), (e) =>
          isFrostbyteError(e, 'FILE_CORRUPTED'),
        );
        await assert.rejects(parse('x', { mediaType: 'text/html' }), (e) => isFrostbyteError(e, 'UNSUPPORTED_FORMAT'));
        assert.deepEqual(logged, []);
      });
    });

    it('draws a page, with what must not be seen painted over, and says what has no pages', async () => {
      await withParser({}, async ({ draw }) => {
        const order = { page: 1, width: 300, cover: [{ x: 0, y: 0, width: 5000, height: 5000 }], show: null };
        const { png, width } = await draw(STORAGE_REPORT_PNG, order, { mediaType: 'image/png' });
        assert.ok(width <= 300);
        assert.equal(valuesIn(decodePng(png), { left: 0, top: 0, right: 1, bottom: 1 }).size, 1);
        await assert.rejects(draw('text', order), (e) => isFrostbyteError(e, 'UNSUPPORTED_FORMAT'));
        const other = sha256Hex('another file');
        await assert.rejects(draw('text', order, { raw_sha256: other }), (e) =>
          isFrostbyteError(e, 'OBJECT_CORRUPTED'),
        );
      });
    });

    it('does not parse a file that is not the one that was received', async () => {
      await withParser({}, async ({ parse }) => {
        const other = sha256Hex('another file');
        await assert.rejects(parse('a file', { raw_sha256: other }), (e) => isFrostbyteError(e, 'OBJECT_CORRUPTED'));
      });
    });

    it('stops at once when its caller does not want the document any longer', async () => {
      await withParser({}, async ({ parse }) => {
        const reason = new Error('the tenant was suspended');
        await assert.rejects(parse('text', { signal: AbortSignal.abort(reason) }), reason);
        const controller = new AbortController();
        const parsing = parse(STORAGE_REPORT_PNG, { mediaType: 'image/png', signal: controller.signal });
        setImmediate(() => controller.abort(reason));
        await assert.rejects(parsing, reason);
      });
    });

    it('refuses after it was closed', async () => {
      await withParser({}, async ({ parse, parser }) => {
        await parser.close();
        await assert.rejects(parse('text'), (e) => isFrostbyteError(e, 'PARSER_SANDBOX_UNAVAILABLE'));
      });
    });
  });

  describe('parsing where a layer is missing', () => {
    const none = { prlimit: null, setpriv: null, unshare: null };

    it('is refused with the name of the layer and its mend', async () => {
      await withParser({ childEntry: '/nonexistent.mjs' }, async ({ parse }) => {
        await assert.rejects(
          parse('text'),
          (e) => isFrostbyteError(e, 'PARSER_SANDBOX_UNAVAILABLE') && /\(permission_model\): .*Check/.test(e.message),
        );
      });
      await withParser({ tools: none }, async ({ parse }) => {
        await assert.rejects(
          parse('text'),
          (e) =>
            isFrostbyteError(e, 'PARSER_SANDBOX_UNAVAILABLE') && /\(resource_limits\): .*util-linux/.test(e.message),
        );
      });
    });

    it('goes on with fewer layers only where that was chosen, and shows which are missing', async () => {
      await withParser({ mode: 'reduced', tools: none }, async ({ parse, parser }) => {
        const { document } = await parse('A line of text.\n');
        assert.equal(document.stats.page_count, 1);
        const layers = await parser.layers();
        const state = Object.fromEntries(layers.layers.map((layer) => [layer.name, layer.state]));
        assert.ok(layers.ok && layers.mode === 'reduced');
        assert.deepEqual([state.permission_model, state.empty_environment], ['active', 'active']);
        assert.deepEqual([state.resource_limits, state.dropped_privileges], ['missing', 'missing']);
      });
    });

    it('stops the next document when the sandbox breaks while it is in use', async () => {
      await withParser({ mode: 'reduced', tools: { ...none, prlimit: '/bin/false' } }, async ({ parse }) => {
        await assert.rejects(parse('text'), (e) => isFrostbyteError(e, 'PARSER_SANDBOX_UNAVAILABLE'));
      });
    });
  });
}

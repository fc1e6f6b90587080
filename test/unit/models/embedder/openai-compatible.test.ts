import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { inspect } from 'node:util';
import type { FrostbyteError } from '../../../../appliance/kernel/errors.ts';
import { readVectors } from '../../../../appliance/models/embedder/endpoint/read-vectors.ts';
import { servedByEndpoint } from '../../../../appliance/models/embedder/endpoint/served-model.ts';
import { lexicalVector } from '../../../../appliance/models/embedder/lexical/vector.ts';
import { type OpenAiOptions, openAiEmbedder } from '../../../../appliance/models/embedder/openai-compatible.ts';
import type { Embedder } from '../../../../appliance/models/embedder/port.ts';
import { testAuthority } from '../../../support/certificate.ts';
import {
  type EmbeddingEndpoint,
  type OtherAnswer,
  rightAnswer,
  startEmbeddingEndpoint,
} from '../../../support/embedding-endpoint.ts';
import { endpointSettings } from '../../../support/endpoint-settings.ts';
import { until } from '../../../support/faults/until.ts';

const KEY = 'sk-a-key-that-nobody-may-see';
const TEXTS = ['the lease of the warehouse', 'plasma is stored at -30', 'the alarm log is kept for ten years'];

describe('an OpenAI-compatible endpoint', () => {
  let server: EmbeddingEndpoint;
  const opened: Embedder[] = [];
  before(async () => {
    server = await startEmbeddingEndpoint();
  });
  after(() => server.close());
  afterEach(async () => {
    server.always(null);
    server.received.length = 0;
    for (const embedder of opened.splice(0)) await embedder.close();
  });

  function embedder(
    settings: Partial<OpenAiOptions['endpoint']> = {},
    more: Partial<Omit<OpenAiOptions, 'endpoint'>> = {},
  ): Embedder {
    const { url, ca } = server;
    const made = openAiEmbedder({
      endpoint: endpointSettings({ url, ...settings }),
      ca,
      key: async () => KEY,
      firstWaitMs: 1,
      ...more,
    });
    opened.push(made);
    return made;
  }
  const isVectorsOf = (vectors: readonly Float32Array[], texts: readonly string[]) => {
    assert.equal(vectors.length, texts.length);
    for (const [i, text] of texts.entries()) {
      const cosine = lexicalVector(text).reduce((sum, x, at) => sum + x * vectors[i]![at]!, 0);
      assert.ok(cosine > 0.999_999, `${text}: ${cosine}`);
    }
  };
  /** One that is refused at once: nobody waits for a second try. */
  const refused = async (
    answer: OtherAnswer,
    code: string,
    says: RegExp,
    patience: Pick<OpenAiOptions, 'patienceMs'> = {},
  ) => {
    server.always(answer);
    server.received.length = 0;
    await assert.rejects(embedder({}, patience).embedDocuments(TEXTS), (error: FrostbyteError) => {
      assert.equal(error.code, code);
      assert.match(error.message, says);
      assert.doesNotMatch(inspect(error, { depth: 9 }), new RegExp([KEY, ...TEXTS].join('|')));
      return true;
    });
    assert.equal(server.received.length, 1, 'it is not asked again');
  };

  it('is sent model, dimensions and key, in batches', async () => {
    isVectorsOf(await embedder({ batch: 2 }).embedDocuments(TEXTS), TEXTS);
    assert.deepEqual(
      server.received.map(({ input }) => input),
      [TEXTS.slice(0, 2), TEXTS.slice(2)],
    );
    for (const { path, authorization, model, dimensions } of server.received) {
      assert.deepEqual(
        [path, authorization, model, dimensions],
        ['/v1/embeddings', `Bearer ${KEY}`, 'text-embedding-3-small', 768],
      );
    }
  });

  it('is sent no dimensions and no key where it wants none, and what its model wants before a text', async () => {
    const settings = { send_dimensions: 'off', document_prefix: 'doc: ', query_prefix: 'ask: ' } as const;
    const asked = embedder(settings, { key: async () => null });
    await asked.embedDocuments(['a lease']);
    await asked.embedQuery('a lease');
    assert.deepEqual(
      server.received.map(({ authorization, dimensions, input }) => [authorization, dimensions, ...input]),
      [
        [undefined, undefined, 'doc: a lease'],
        [undefined, undefined, 'ask: a lease'],
      ],
    );
  });

  it('a key that was changed is used at once', async () => {
    let key = 'first';
    const asked = embedder({}, { key: async () => key });
    await asked.embedQuery('rent');
    key = 'second';
    await asked.embedQuery('rent');
    assert.deepEqual(
      server.received.map(({ authorization }) => authorization),
      ['Bearer first', 'Bearer second'],
    );
  });

  it('answers that come in another order are put into the order of the texts', async () => {
    server.next({ body: (input) => JSON.stringify({ data: rightAnswer(input).data.toReversed() }) });
    isVectorsOf(await embedder().embedDocuments(TEXTS), TEXTS);
  });

  it('vectors of another length than one are brought to it', async () => {
    server.next({
      body: (input) =>
        JSON.stringify({
          data: rightAnswer(input).data.map((one) => ({ ...one, embedding: one.embedding.map((x) => x * 3) })),
        }),
    });
    isVectorsOf(await embedder().embedDocuments(TEXTS), TEXTS);
  });

  const spoilt = (spoil: (embedding: number[]) => unknown[]) => (input: readonly string[]) =>
    JSON.stringify({
      data: rightAnswer(input).data.map((one, i) =>
        i === 1 ? { ...one, embedding: spoil(one.embedding as number[]) } : one,
      ),
    });

  for (const [what, body] of Object.entries({
    'too few dimensions': spoilt((numbers) => numbers.slice(0, 384)),
    'too many dimensions': spoilt((numbers) => [...numbers, ...numbers]),
    'a null among the numbers': spoilt((numbers) => [null, ...numbers.slice(1)]),
    'a text among the numbers': spoilt((numbers) => ['0.1', ...numbers.slice(1)]),
    'a number that is none in 32 bits': spoilt((numbers) => [1e300, ...numbers.slice(1)]),
    'no direction at all': spoilt((numbers) => numbers.map(() => 0)),
    'NaN, as some servers write it': (input: readonly string[]) =>
      spoilt((numbers) => ['?', ...numbers.slice(1)])(input).replace('"?"', 'NaN'),
    'an infinity': (input: readonly string[]) =>
      spoilt((numbers) => ['?', ...numbers.slice(1)])(input).replace('"?"', '-Infinity'),
  })) {
    it(`${what}: nothing is used, and it is not tried again`, () =>
      refused(
        { body },
        'DIMENSION_MISMATCH',
        /dimensions must be.*a model of 768|(?:numbers|norm) must be.*Have the model mended/,
      ));
  }

  for (const [what, body] of Object.entries({
    'a vector is missing': (input: readonly string[]) => JSON.stringify({ data: rightAnswer(input).data.slice(1) }),
    'a vector is too many': (input: readonly string[]) =>
      JSON.stringify({ data: [...rightAnswer(input).data, { index: 0, embedding: [] }] }),
    'one comes twice': (input: readonly string[]) =>
      JSON.stringify({ data: rightAnswer(input).data.map((one) => ({ ...one, index: 0 })) }),
    'nobody says whose they are': (input: readonly string[]) =>
      JSON.stringify({ data: rightAnswer(input).data.map(({ embedding }) => ({ embedding })) }),
    'it is no JSON': () => '<html>the lease of the warehouse</html>',
    'it is something else': () => '{"error":{"message":"plasma is stored at -30"}}',
    'it breaks off': (input: readonly string[]) => JSON.stringify(rightAnswer(input)).slice(0, 5000),
  })) {
    it(`an answer of which ${what} is not used, and asked for again`, async () => {
      server.next({ body });
      isVectorsOf(await embedder().embedDocuments(TEXTS), TEXTS);
      assert.equal(server.received.length, 2);
      assert.throws(
        () => readVectors(body(TEXTS), TEXTS.length),
        (error: FrostbyteError) => {
          assert.equal(error.code, 'EMBEDDER_UNAVAILABLE');
          assert.match(error.message, /answer (?:holds|does not say|is) /);
          assert.doesNotMatch(inspect(error, { depth: 9 }), new RegExp(TEXTS.join('|')));
          return true;
        },
      );
    });
  }

  for (const status of [429, 500, 503]) {
    it(`after ${status} it is asked again`, async () => {
      server.next({ status, body: TEXTS[0]! }, { status, body: TEXTS[0]! });
      isVectorsOf(await embedder().embedDocuments(TEXTS), TEXTS);
      assert.equal(server.received.length, 3);
      const busy = { status, body: TEXTS[0]!, headers: { 'retry-after': '3600' } };
      await refused(busy, 'EMBEDDER_UNAVAILABLE', new RegExp(`\\(${status}\\)`));
    });
  }

  it('is asked again when it says, and not before', async () => {
    server.next({ status: 429, headers: { 'retry-after': '0.3' } });
    const started = performance.now();
    await embedder().embedDocuments(TEXTS);
    assert.ok(performance.now() - started >= 290, 'it waited');
  });

  it('where it wants to be left alone for longer than anybody waits, nobody asks it, and callers hear for how long', async () => {
    server.next({ status: 429, headers: { 'retry-after': '3600' } });
    const asked = embedder();
    const left = (error: FrostbyteError) => error.code === 'EMBEDDER_UNAVAILABLE' && error.retryAfter! > 3590;
    await assert.rejects(asked.embedDocuments(TEXTS), left);
    await assert.rejects(asked.embedQuery('rent'), left);
    assert.equal(server.received.length, 1);
  });

  for (const [status, says] of [
    [400, /\(400\)/],
    [401, /does not take the key \(401\).*key_file/],
    [404, /\(404\).*url/],
    [307, /sends us elsewhere \(307\)/],
  ] as const) {
    it(`${status} is told with its mend, and not tried again`, () =>
      refused(
        { status, body: TEXTS[1]!, headers: { location: 'https://127.0.0.1:1/' } },
        'EMBEDDER_UNAVAILABLE',
        says,
      ));
  }

  it('one that hangs is given up after its time, and asked again', async () => {
    server.next({ hangs: true });
    isVectorsOf(await embedder({ timeout_seconds: 1 }).embedDocuments(TEXTS), TEXTS);
    assert.ok(server.received.length >= 2);
    await refused({ hangs: true }, 'EMBEDDER_UNAVAILABLE', /did not answer within/, {
      patienceMs: { document: 200, query: 200 },
    });
  });

  it('who closes it does not wait for one that hangs', async () => {
    server.always({ hangs: true });
    const asked = embedder();
    const waiting = asked.embedDocuments(TEXTS);
    waiting.catch(() => undefined);
    await until('it to be asked', () => Promise.resolve(server.received.length === 1));
    await asked.close();
    await assert.rejects(waiting, { code: 'EMBEDDER_UNAVAILABLE' });
  });

  it('an endpoint that is not there is told as such', async () => {
    const gone = await startEmbeddingEndpoint();
    await gone.close();
    const asked = embedder({ url: gone.url }, { patienceMs: { document: 500, query: 500 } });
    await assert.rejects(asked.embedQuery('rent'), { code: 'EMBEDDER_UNAVAILABLE', message: /\(ECONNREFUSED\)/ });
  });

  it('a certificate of another authority, or for another name, is refused, with the key unsent', async () => {
    const strange = testAuthority();
    const wrongName = testAuthority();
    const other = await startEmbeddingEndpoint({ certificate: strange.issue(['IP:127.0.0.1']) });
    const named = await startEmbeddingEndpoint({ certificate: wrongName.issue(['DNS:elsewhere']) });
    try {
      await assert.rejects(embedder({ url: other.url }).embedQuery('rent'), {
        code: 'EMBEDDER_UNAVAILABLE',
        message: /not signed by the authority/,
      });
      await assert.rejects(embedder({ url: named.url }, { ca: wrongName.ca }).embedQuery('rent'), {
        code: 'EMBEDDER_UNAVAILABLE',
        message: /for another name/,
      });
      assert.deepEqual([...other.received, ...named.received], []);
    } finally {
      await other.close();
      await named.close();
    }
  });

  it('plain HTTP is spoken on loopback and nowhere else', async () => {
    const plain = await startEmbeddingEndpoint({ tls: false });
    try {
      isVectorsOf([await embedder({ url: plain.url }).embedQuery(TEXTS[0]!)], [TEXTS[0]!]);
    } finally {
      await plain.close();
    }
    for (const url of ['http://192.0.2.1/v1', 'http://localhost.example/v1', 'ftp://127.0.0.1/v1']) {
      assert.throws(() => embedder({ url }), { code: 'CONFIG_INVALID' }, url);
    }
  });

  it('a key that could not stand in a header is refused before anybody is asked', async () => {
    for (const key of ['', 'two words', 'line\nbreak', 'ümlaut']) {
      await assert.rejects(embedder({}, { key: async () => key }).embedQuery('rent'), {
        code: 'EMBEDDER_UNAVAILABLE',
        message: /holds no key/,
      });
    }
    assert.deepEqual(server.received, []);
  });

  it('texts without a word are sent to nobody', async () => {
    const [empty, blank] = await embedder().embedDocuments(['', ' \n']);
    assert.ok([...empty!, ...blank!].every((number) => number === 0));
    assert.deepEqual(server.received, []);
  });

  it('the version tells one endpoint, model and making from another', () => {
    const of = (settings: Partial<OpenAiOptions['endpoint']>) =>
      servedByEndpoint(endpointSettings({ url: 'https://one.example/v1', ...settings })).version;
    assert.equal(of({}), of({ batch: 1, timeout_seconds: 5 }));
    const versions = [
      of({}),
      of({ url: 'https://two.example/v1' }),
      of({ model: 'other' }),
      of({ max_characters: 900 }),
      of({ document_prefix: 'x' }),
    ];
    assert.equal(new Set(versions).size, versions.length);
  });
});

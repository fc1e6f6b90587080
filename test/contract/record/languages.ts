import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { newId } from '../../../appliance/kernel/ids.ts';
import { TEXT_LANGUAGES, type TextLanguage } from '../../../appliance/kernel/text-language.ts';
import type { RecordStore, TextQuery } from '../../../appliance/stores/record/port.ts';
import { type ChunkSpec, chunksOf, indexed, minute, publish, toIndex } from './builders.ts';
import { type MakeRecords, worldOf } from './world.ts';

/** A text in each language, and questions that find it: other forms of its words, in any case, with and without accents. */
const TEXTS: Readonly<Record<TextLanguage, readonly [text: string, ...questions: string[]]>> = {
  da: ['Aftalerne er opsagt.', 'aftale', 'AFTALEN'],
  de: [
    'Die Verträge enden mit den Kündigungsfristen der Größe nach.',
    'Vertrag',
    'vertrages',
    'VERTRÄGEN',
    'vertrage',
    'Kündigungsfrist',
    'kundigungsfrist',
    'Grösse',
  ],
  es: ['Las operaciones y la información.', 'operación', 'informacion', 'INFORMACIONES'],
  fi: ['Taloissa on vuokralaisia.', 'talo', 'talossa'],
  fr: ['Les contrats ont été résiliés.', 'contrat', 'résiliation', 'résilier', 'resilies'],
  hu: ['A szerződések felmondva.', 'szerződés', 'szerződést'],
  it: ['I contratti sono disdetti.', 'contratto'],
  nl: ['De huurders hebben opgezegd.', 'huurder'],
  no: ['Avtalene er sagt opp.', 'avtale', 'AVTALEN'],
  pt: ['As operações foram pagas.', 'operação'],
  ro: ['Contractele au fost reziliate.', 'contract', 'contractul'],
  ru: ['Договоры расторгнуты, счёт оплачен.', 'договор', 'ДОГОВОРОМ', 'счет', 'счета'],
  sv: ['Hyresgästerna har sagt upp.', 'hyresgäst', 'hyresgasten'],
};

/** Full text in the language of each document: forms of a word, and words that are spelled alike. */
export function languageContract(name: string, make: MakeRecords): void {
  describe(`${name}: full text in many languages`, () => {
    const world = async (t: TestContext) => {
      const { store } = await worldOf(t, make);
      /** Publishes chunks in a language; answers their ids. */
      const add = async (content: string, specs: readonly ChunkSpec[], language: TextLanguage | null) => {
        const id = await indexed(store, content, specs, { language });
        return chunksOf(id, specs).chunks.map(({ chunk_id }) => chunk_id);
      };
      return { store, add };
    };
    const found = async (store: RecordStore, words: string, rest: Partial<TextQuery> = {}) =>
      (await store.searchText({ text: words, limit: 50, ...rest })).map(({ chunk_id }) => chunk_id);

    test('a text is found by other forms of its words, in every language', async (t) => {
      const { store, add } = await world(t);
      const ids: Partial<Record<TextLanguage, string>> = {};
      for (const language of TEXT_LANGUAGES) {
        const [text] = TEXTS[language];
        ids[language] = (await add(language, [{ text }], language))[0]!;
      }
      for (const language of TEXT_LANGUAGES) {
        const [, ...questions] = TEXTS[language];
        for (const question of questions)
          assert.ok((await found(store, question)).includes(ids[language]!), `${question}, of ${language}`);
      }
      const [served] = await store.servedChunks([ids.de!]);
      assert.deepEqual([served!.language, served!.text], ['de', TEXTS.de[0]], 'what is shown is what it says');
    });

    test('where nobody knows the language, a text is found as it is written, and by English endings', async (t) => {
      const { store, add } = await world(t);
      const [unknown] = await add('x', [{ text: 'Alle Vergütungen enden. The leases end.' }], null);
      assert.deepEqual(await found(store, 'vergutungen'), [unknown]);
      assert.deepEqual(await found(store, 'Vergütung'), []);
      assert.deepEqual(await found(store, 'lease'), [unknown]);
      assert.equal((await store.servedChunks([unknown!]))[0]!.language, null);
    });

    test('a stem that is spelled as one of another language is none of it', async (t) => {
      const { store, add } = await world(t);
      const [runes] = await add('runes', [{ text: 'Die Runen.' }], 'de');
      const [race] = await add('race', [{ text: 'They were running.' }], null);
      const [french] = await add('french', [{ text: 'Les passages.' }], 'fr');
      // All three have the stem `run` somewhere: the English one of it, and the German of the letters.
      assert.deepEqual(await found(store, 'running'), [race]);
      assert.deepEqual(await found(store, 'Rune'), [runes]);
      assert.deepEqual((await found(store, 'run')).sort(), [runes, race].sort(), 'a word of both');
      assert.deepEqual(await found(store, 'passage'), [french]);
      assert.deepEqual(await found(store, 'passes'), []);
      await add('news', [{ text: 'The news of today.' }], null);
      const [neu] = await add('neu', [{ text: 'Neue Häuser.' }], 'de');
      assert.deepEqual(await found(store, 'neuer'), [neu]);
    });

    test('names and words that are the same everywhere are found in every language', async (t) => {
      const { store, add } = await world(t);
      const ids: string[] = [];
      for (const language of [null, ...TEXT_LANGUAGES])
        ids.push(...(await add(`n ${language}`, [{ text: 'Siemens Nordlaw M-104 Café' }], language)));
      for (const name of ['siemens', 'NORDLAW', 'm-104', 'cafe'])
        assert.deepEqual((await found(store, name)).sort(), [...ids].sort(), name);
    });

    test('a number is as rare as it is in all texts: it weighs the same in each language', async (t) => {
      const { store, add } = await world(t);
      await add(
        'filler',
        Array.from({ length: 30 }, (_, n) => ({ text: `Seite ${n} von etwas` })),
        'de',
      );
      const ids = [
        ...(await add('german', [{ text: '4711 bezahlt gestern' }], 'de')),
        ...(await add('english', [{ text: '4711 paid yesterday' }], null)),
        ...(await add('russian', [{ text: '4711 оплачен вчера' }], 'ru')),
      ];
      const hits = await store.searchText({ text: '4711', limit: 9 });
      assert.deepEqual(hits.map(({ chunk_id }) => chunk_id).sort(), ids.sort());
      for (const { score } of hits) assert.ok(Math.abs(score - hits[0]!.score) < 1e-6 * hits[0]!.score);
    });

    test('one question has words of several languages, and titles weigh more', async (t) => {
      const { store, add } = await world(t);
      const [german, titled] = await add(
        'german',
        [
          { text: 'Ein Vertrag ohne Ende, mit Wörtern' },
          { text: 'Dies und das und jenes, mit Wörtern', title: 'Verträge' },
        ],
        'de',
      );
      const [english] = await add('english', [{ text: 'The agreement without an end' }], null);
      assert.deepEqual((await found(store, 'Vertrag agreements')).sort(), [german, titled, english].sort());
      assert.deepEqual(await found(store, 'Vertrags'), [titled, german]);
      assert.deepEqual(await found(store, 'Vertrag agreements', { classification: ['invoice'] }), []);
      assert.equal((await found(store, 'Vertrag agreements', { limit: 2 })).length, 2);
    });

    test('common words of a language are left out of its texts while others remain', async (t) => {
      const { store, add } = await world(t);
      const [contract, other] = await add('german', [{ text: 'Der Vertrag' }, { text: 'der Rest, der und die' }], 'de');
      assert.deepEqual(await found(store, 'wann endet der Vertrag'), [contract]);
      assert.deepEqual((await found(store, 'der')).sort(), [contract, other].sort());
    });

    test('another language only adds to what is found', async (t) => {
      const { store, add } = await world(t);
      const questions = [
        'Vertrag',
        'operación',
        'lease',
        'news',
        'run',
        '4711',
        'the contract',
        'résiliation die',
        'gift',
      ];
      await add('english', [{ text: 'The lease, the news, a run of 4711 gifts and the contract' }], null);
      let before: string[][] = await Promise.all(questions.map((question) => found(store, question)));
      for (const language of TEXT_LANGUAGES) {
        await add(language, [{ text: `${TEXTS[language][0]} Gift run news 4711 contract lease` }], language);
        const after = await Promise.all(questions.map((question) => found(store, question)));
        for (const [at, ids] of before.entries())
          for (const id of ids) assert.ok(after[at]!.includes(id), `${questions[at]}, with ${language}`);
        before = after;
      }
      assert.equal(before[questions.indexOf('4711')]!.length, TEXT_LANGUAGES.length + 1);
    });

    test('a version in another language takes the place of the one before, and an erased one of all', async (t) => {
      const { store, add } = await world(t);
      await add('stays', [{ text: 'Avtalene' }], 'no');
      const specs = [{ text: 'Die Vergütungen enden.' }, { text: 'Und die Fristen.' }];
      const id = await indexed(store, 'x', specs, { language: 'de' });
      assert.equal((await found(store, 'Vergütung')).length, 1);
      for (const [run, language, expected] of [
        [2, null, 0],
        [3, 'ru', 0],
        [4, 'de', 1],
      ] as const) {
        await store.restart(id, 'parse', [], minute(4));
        await toIndex(store, id, run);
        assert.equal(await publish(store, id, specs, { run, language }), true);
        assert.equal((await found(store, 'Vergütung')).length, expected, `run ${run}`);
        assert.equal((await found(store, 'Vergütungen')).length, 1, `run ${run}`);
      }
      const intent = { deletion_receipt_id: newId(), doc_id: id, cause: 'request' as const, reason: 'r' };
      await store.beginErasure({ ...intent, requested_by: 'dana', requested_at: minute(5) });
      await store.decideErasure(intent.deletion_receipt_id, minute(5));
      await store.clearRows(intent.deletion_receipt_id);
      for (const question of ['Vergütung', 'Frist', 'enden']) assert.deepEqual(await found(store, question), []);
      assert.equal((await found(store, 'avtale')).length, 1);
    });

    test('a question of ten thousand words over all languages is answered', async (t) => {
      const { store, add } = await world(t);
      for (const language of TEXT_LANGUAGES) await add(language, [{ text: TEXTS[language][0] }], language);
      const letter = (n: number) => String.fromCharCode(97 + (n % 26));
      const words = Array.from({ length: 10_000 }, (_, n) => `wö${letter(n)}${letter(n / 26)}${letter(n / 676)}rter`);
      assert.equal((await found(store, `Vertrag ${words.join(' ')}`)).length, 1);
    });
  });
}

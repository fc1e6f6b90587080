import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { evidenceOf } from '../../../../../appliance/data/6-serve/evidence.ts';
import { lexicalEvidence, STRONG_EVIDENCE } from '../../../../../appliance/models/embedder/lexical/evidence.ts';
import { lexicalEmbedder } from '../../../../../appliance/models/embedder/lexical.ts';

/** Texts as the samples have them: what the gates of a small firm let through. */
const TEXTS = [
  '3.1 Ordinary notice\n\nEither party may terminate this lease by written notice of nine months to the end of a calendar quarter. The notice period of the warehouse lease does not run while repairs under clause 5 keep more than a third of the floor out of use.',
  'Rejection\n\nA sample is rejected when the tube leaks, when the label does not match the request form, or when the box was above eight degrees for more than an hour. The sender is told the same day.',
  '4. Procedure\n\n1. Acknowledge the freezer alarm on the panel within five minutes and note the time.\n2. Read the temperature at the independent probe; do not open the door yet.\n3. If the probe shows more than minus sixty degrees, call the shift leader and fetch dry ice from store D.',
  '1. Jahresabschluß\n\nDer Jahresabschluß 2024 wurde einstimmig festgestellt. Der Gewinn von 1,2 Millionen Euro wird auf neue Rechnung vorgetragen.',
  '3. Verschiedenes\n\nDie nächste Versammlung findet im März statt.',
];

const embedder = lexicalEmbedder();

/** The verdict over all texts, as a search over them would give it. */
async function verdict(question: string) {
  const query = await embedder.embedQuery(question);
  const vectors = await embedder.embedDocuments(TEXTS);
  const scores = vectors.map((vector, at) =>
    embedder.evidence(
      question,
      TEXTS[at]!,
      vector.reduce((sum, number, i) => sum + number * query[i]!, 0),
    ),
  );
  return evidenceOf(scores, embedder.evidenceThreshold);
}

describe('evidence with the lexical embedder', () => {
  for (const [question, expected] of [
    ['How long is the notice period of the warehouse lease?', 'strong'],
    ['When is a sample rejected?', 'strong'],
    ['When is the shift leader called after a freezer alarm?', 'strong'],
    ['Wann findet die nächste Versammlung statt?', 'strong'],
    ['sample label', 'partial'],
    ['Who tests the freezer alarm?', 'partial'],
    ['blorft wimzle quanditor', 'none'],
    ['asdf qwer', 'none'],
    ['What is the maximum dose of paracetamol for children?', 'none'],
    ['Who won the football world cup?', 'none'],
    ['What is it, and who has it?', 'none'],
    ['Wie hoch ist die Dividende?', 'none'],
    ['…!?', 'none'],
  ] as const) {
    it(`is ${expected} for "${question}"`, async () => assert.equal(await verdict(question), expected));
  }
});

describe('how much a text speaks to a question', () => {
  it('brings the forms of a word together where the language of the text is known', () => {
    const text = 'Die Häuser am Hafen haben je drei Türen.';
    const [unknown, known] = [null, 'de' as const].map((language) => lexicalEvidence('Haus Tür', text, 0.3, language));
    assert.ok(known! > unknown! * 1.5, `${known} beside ${unknown}`);
    assert.equal(lexicalEvidence('Dividende', text, 0.3, 'de'), lexicalEvidence('Dividende', text, 0.3));
    assert.equal(lexicalEvidence('4711', text, 0.3, 'de'), lexicalEvidence('4711', text, 0.3));
  });

  it('grows with the cosine and with what is covered, and stays within 0 and 1', () => {
    const question = 'notice period of the warehouse lease';
    const [text, other] = TEXTS as [string, string];
    assert.ok(lexicalEvidence(question, text, 0.3) < lexicalEvidence(question, text, 0.5));
    assert.ok(lexicalEvidence(question, other, 0.5) < lexicalEvidence(question, text, 0.5));
    for (const cosine of [-1, 0, 0.01, 0.5, 1]) {
      const score = lexicalEvidence(question, text, cosine);
      assert.ok(score >= 0 && score <= 1, String(score));
    }
  });

  it('makes up for length: the same cosine in a longer text says more', () => {
    const question = 'notice period';
    const short = 'The notice period is nine months.';
    const long = `${short} ${'The parties agree on many other things besides that one. '.repeat(20)}`;
    assert.ok(lexicalEvidence(question, long, 0.3) > lexicalEvidence(question, short, 0.3) * 1.2);
  });

  it('one word found alone is not the whole answer', () => {
    assert.ok(lexicalEvidence('rejected', TEXTS[1]!, 0.4) < lexicalEvidence('sample rejected', TEXTS[1]!, 0.4));
  });

  it('knows inflected forms, and no others that only begin alike', () => {
    const german = 'Die Kündigungsfristen der Mietverträge';
    assert.ok(lexicalEvidence('Kündigungsfrist', german, 0.4) > 0);
    assert.equal(lexicalEvidence('Kündigungsgrund', german, 0.4), 0);
    assert.equal(lexicalEvidence('Kunde', german, 0.4), 0);
  });

  it('is nothing for a question of function words, whatever the cosine', () => {
    assert.equal(lexicalEvidence('what is it and who has it', TEXTS[0]!, 0.9), 0);
  });

  it('a long question costs little', () => {
    const question = Array.from({ length: 1500 }, (_, n) => `word${n}`).join(' ');
    const began = performance.now();
    lexicalEvidence(question, TEXTS.join(' ').repeat(4), 0.4);
    assert.ok(performance.now() - began < 1000);
  });

  it('has its threshold within the scale', () => assert.ok(STRONG_EVIDENCE > 0 && STRONG_EVIDENCE < 1));
});

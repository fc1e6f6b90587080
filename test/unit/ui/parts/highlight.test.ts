import assert from 'node:assert/strict';
import { test } from 'node:test';
import { highlighted } from '../../../../appliance/ui/parts/highlight.tsx';

const marked = (text: string, question: string): string[] =>
  [...String(highlighted(text, question)).matchAll(/<mark>(.*?)<\/mark>/g)].map(([, word]) => word!);

for (const [question, text, expected] of [
  ['notice', 'The notices were noticed; nothing else.', ['notices', 'noticed']],
  ['Vertrag', 'Die Verträge und des Vertrages Ende', ['Verträge', 'Vertrages']],
  ['Verträgen', 'Der Vertrag endet.', ['Vertrag']],
  ['kundigung', 'Die Kündigungsfrist und die KÜNDIGUNG', ['Kündigungsfrist', 'KÜNDIGUNG']],
  ['Haus', 'Häuser, Hausboote, Hagel', ['Häuser', 'Hausboote']],
  ['résiliation', 'resiliation, re\u0301siliations', ['resiliation', 're\u0301siliations']],
  ['taloissa', 'talo tallo taika', ['talo']],
  ['international', 'intern into inter', []],
  ['договором', 'Договор и договоры', ['Договор', 'договоры']],
  ['an it of', 'an it of', []],
] as const) {
  test(`${question} in “${text}”`, () => assert.deepEqual(marked(text, question), expected));
}

test('what a text says is never markup', () => {
  assert.equal(String(highlighted('<b>notice</b>', 'notice')), '&lt;b&gt;<mark>notice</mark>&lt;/b&gt;');
});

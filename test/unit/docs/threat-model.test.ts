import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, it } from 'node:test';

const ROOT = resolve(import.meta.dirname, '../../..');
const PAGE = readFileSync(join(ROOT, 'docs/threat-model.md'), 'utf8');

interface Row {
  reach: string;
  stopped: string;
  file: string;
  name: string;
}

/** Every row of the page but headings. */
function rows(): Row[] {
  return PAGE.split('\n')
    .filter((line) => line.startsWith('| ') && !/^\| (?:---|can reach)/.test(line))
    .map((line) => line.split(' | '))
    .map(([reach = '', stopped = '', file = '', name = '']) => ({
      reach: reach.replace(/^\| /, ''),
      stopped,
      file: file.replaceAll('`', ''),
      name: name.replace(/ \|$/, ''),
    }));
}

/** Whether a file of tests has one of this very name, as `it('…')` or `test('…')`. */
function has(text: string, name: string): boolean {
  const names = [...text.matchAll(/(?:^|\n)\s*(?:it|test)\(\s*(['"`])(.*?)\1\s*,/g)].map(([, , found]) => found);
  return names.includes(name);
}

describe('the threat model', () => {
  it('names for each row a test that is there', () => {
    const wrong = rows().flatMap(({ reach, stopped, file, name }) => {
      if (reach === '' || stopped === '' || name === '') return [`${reach}: a cell is empty`];
      if (!existsSync(join(ROOT, file))) return [`${reach}: there is no ${file}`];
      return has(readFileSync(join(ROOT, file), 'utf8'), name) ? [] : [`${reach}: ${file} has no test “${name}”`];
    });
    assert.deepEqual(wrong, []);
  });

  it('has rows under every attacker, and none twice', () => {
    const parts = PAGE.split(/^## /m).slice(1);
    assert.ok(parts.length >= 9);
    for (const part of parts) assert.match(part, /\n\| [^-c]/, part.split('\n')[0]);
    const all = rows().map(({ reach, file, name }) => `${reach} ${file} ${name}`);
    assert.equal(new Set(all).size, all.length);
  });
});

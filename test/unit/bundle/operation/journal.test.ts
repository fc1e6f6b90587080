import assert from 'node:assert/strict';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { JOURNAL, LOG, openJournal, readJournal } from '../../../../appliance/bundle/operation/journal.ts';
import {
  allOperations,
  beginOrResume,
  unfinishedOperation,
  type Wanted,
} from '../../../../appliance/bundle/operation/operations.ts';
import { runOperation } from '../../../../appliance/bundle/operation/run.ts';
import { BY, mapDisk, runWith, smallOperation } from '../../../support/operation-world.ts';

let folder: string;
let clock: number;
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'frostbyte-journal-')), 'operations');
  clock = Date.UTC(2026, 8, 21, 14, 13, 20);
});
afterEach(() => rmSync(join(folder, '..'), { recursive: true }));

const now = () => {
  clock += 100;
  return new Date(clock);
};
const operation = (changes: Parameters<typeof smallOperation>[2] = {}) =>
  smallOperation(mapDisk(new Map()), () => undefined, changes);
const wanted = (changes: Partial<Wanted> = {}): Wanted => ({
  folder,
  operation: operation(),
  version: '1.2.3',
  by: BY,
  now,
  ...changes,
});
const at = (name = '20260921T141320Z-install') => join(folder, name);

describe('a journal', () => {
  test('stands with its whole plan, for this user alone, and is read as it was written', () => {
    const journal = beginOrResume(wanted());
    journal.append({ event: 'begun', phase: 'copy', again: false, before: ['a', { b: null }] });
    journal.close();
    assert.equal(statSync(at()).mode & 0o777, 0o700);
    assert.equal(statSync(join(at(), JOURNAL)).mode & 0o777, 0o600);
    const events = readJournal(at());
    assert.deepEqual(events, journal.events);
    assert.deepEqual(
      events.map(({ n, event, at: when }) => [n, event, when]),
      [
        [0, 'planned', '2026-09-21T14:13:20.200Z'],
        [1, 'begun', '2026-09-21T14:13:20.300Z'],
      ],
    );
  });

  test('that was broken off in its last line is gone on with from the one before, whatever is left of it', () => {
    const journal = beginOrResume(wanted());
    journal.append({ event: 'begun', phase: 'copy', again: false, before: null });
    journal.close();
    const file = join(at(), JOURNAL);
    const whole = statSync(file).size;
    const text = readFileSync(file);
    for (const rest of [text.subarray(-20, -1), Buffer.from('{'), Buffer.alloc(30), Buffer.from('\0\0\0\n')]) {
      truncateSync(file, whole);
      appendFileSync(file, rest);
      const again = openJournal(at(), now);
      assert.equal(again.events.length, 2);
      again.close();
      assert.equal(statSync(file).size, whole);
    }
  });

  test('that was changed anywhere is refused, whole lines taken away or put in among it', () => {
    const journal = beginOrResume(wanted());
    journal.append({ event: 'begun', phase: 'copy', again: false, before: null });
    journal.append({ event: 'done', phase: 'copy', found: false });
    journal.close();
    const file = join(at(), JOURNAL);
    const text = readFileSync(file, 'utf8');
    const lines = text.trimEnd().split('\n');
    const refused = (content: string) => {
      writeFileSync(file, content);
      assert.throws(() => readJournal(at()), { code: 'STORE_CORRUPTED' }, content);
    };
    refused(text.replace('"again":false', '"again":true'));
    refused(text.replace('"found":false', '"found":true'));
    refused(`${[lines[0], lines[2]].join('\n')}\n`);
    refused(`${[...lines, lines[2]].join('\n')}\n`);
    refused(`${lines.slice(1).join('\n')}\n`);
    refused('');
    refused(text.slice(0, 40));
    writeFileSync(file, text);
    assert.equal(readJournal(at()).length, 3);
  });

  test('has a log beside it that a person can read, made anew where it is gone', async () => {
    const calls: string[] = [];
    const journal = beginOrResume(wanted({ operation: operation({ calls }) }));
    await runOperation(runWith(operation({ calls }), journal));
    journal.close();
    const log = readFileSync(join(at(), LOG), 'utf8');
    assert.match(log, /^2026-09-21 14:13:20 {2}Install 1\.2\.3: planned by root \(logged in as ops\), 4 phases\n/);
    assert.match(log, /\[2\/4\] Write the settings: written as the bundle has them\n/);
    assert.match(log, /\[1\/4\] Copy the release: done after 0\.1 s\n/);
    assert.match(log, /Install 1\.2\.3: done\n$/);
    rmSync(join(at(), LOG));
    openJournal(at(), now).close();
    assert.equal(readFileSync(join(at(), LOG), 'utf8'), log);
  });
});

describe('the operations of a host', () => {
  const finish = (changes: Partial<Wanted> = {}) => {
    const journal = beginOrResume(wanted(changes));
    journal.append({ event: 'finished', result: 'done' });
    journal.close();
  };

  test('are kept, each in a folder that says when and what; one of the same second has a number', () => {
    const frozen = () => new Date(clock);
    finish({ now: frozen });
    finish({ now: frozen });
    finish({ now: frozen, operation: operation({ kind: 'upgrade' }) });
    assert.deepEqual(readdirSync(folder).sort(), [
      '20260921T141320Z-install',
      '20260921T141320Z-install-2',
      '20260921T141320Z-upgrade',
    ]);
    assert.equal(allOperations(folder).length, 3);
    assert.equal(unfinishedOperation(folder), null);
  });

  test('that were left are gone on with by the same words, and refused by others', () => {
    beginOrResume(wanted()).close();
    const again = beginOrResume(wanted());
    assert.deepEqual(
      again.events.map(({ event }) => event),
      ['planned', 'resumed'],
    );
    again.close();
    for (const other of [{ kind: 'upgrade' }, { parameters: { version: '1.2.4' } }]) {
      assert.throws(() => beginOrResume(wanted({ operation: operation(other) })), {
        code: 'OPERATION_UNFINISHED',
        message: /Install 1\.2\.3 is neither done nor rolled back.*plan resume/,
      });
    }
    const [copy, ...rest] = operation().phases;
    assert.throws(
      () => beginOrResume(wanted({ operation: { ...operation(), phases: [...rest, copy!] }, version: '2.0.0' })),
      {
        code: 'OPERATION_UNFINISHED',
        message: /planned by release 1\.2\.3, in other phases than release 2\.0\.0/,
      },
    );
  });

  test('do not see what was broken off before its plan stood', () => {
    mkdirSync(join(folder, '.new-20260921T141320Z-install'), { recursive: true });
    writeFileSync(join(folder, '.new-20260921T141320Z-install', JOURNAL), '{"half":');
    assert.deepEqual(allOperations(folder), []);
    finish();
    assert.equal(existsSync(join(folder, '.new-20260921T141320Z-install')), false);
    assert.equal(allOperations(folder).length, 1);
  });
});

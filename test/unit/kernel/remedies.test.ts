import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import { MIME } from '../../../appliance/api/tenant-config.ts';
import { ELEMENT_TYPES } from '../../../appliance/data/document.ts';
import { FILE_CODES, STAGE_CODES } from '../../../appliance/kernel/errors.ts';
import { PARSE_WARNINGS, QUARANTINE_REASONS } from '../../../appliance/kernel/pipeline.ts';
import * as catalogue from '../../../appliance/kernel/remedies.ts';

const ROOT = resolve(import.meta.dirname, '../../../appliance');
const OWN = new Set(['kernel/remedies.ts', 'kernel/errors.ts', 'kernel/pipeline.ts']);
/** All sources but the catalogue and the lists of codes, each once. */
const sources = globSync('**/*.ts', { cwd: ROOT })
  .filter((file) => !OWN.has(file))
  .map((file) => ({ file, text: readFileSync(join(ROOT, file), 'utf8') }));
const mentioned = (name: string) => sources.some(({ text }) => new RegExp(`['.]${name}\\b`).test(text));

const { BATCH_REMEDIES, DROPPED_CONTENT, HIDDEN_TEXT, INBOX_REMEDIES, INTAKE_REMEDIES, NOTICES } = catalogue;
const { QUARANTINED_BEFORE, REMEDIES, SENDER_REMEDIES } = catalogue;

describe('the catalogue of texts', () => {
  it('has words for every code that a file, a stage, a quarantine or a warning can have', () => {
    for (const code of [...FILE_CODES, ...STAGE_CODES, ...QUARANTINE_REASONS, ...PARSE_WARNINGS]) {
      assert.ok(Object.hasOwn(REMEDIES, code), code);
      assert.deepEqual(catalogue.remedyFor(code), REMEDIES[code]);
    }
    assert.equal(catalogue.remedyFor('NEVER_HEARD_OF'), REMEDIES.INTERNAL_ERROR);
    assert.equal(catalogue.remedyFor('constructor'), REMEDIES.INTERNAL_ERROR);
  });

  it('holds no entry that nothing asks for', () => {
    const declared = new Set<string>([...FILE_CODES, ...STAGE_CODES, ...QUARANTINE_REASONS, ...PARSE_WARNINGS]);
    const asked = (name: string) => declared.has(name) || mentioned(name);
    const tables = { REMEDIES, INTAKE_REMEDIES, BATCH_REMEDIES, INBOX_REMEDIES, SENDER_REMEDIES };
    const unused = Object.entries(tables).flatMap(([table, entries]) =>
      Object.keys(entries)
        .filter((name) => !asked(name))
        .map((name) => `${table}.${name}`),
    );
    assert.deepEqual(unused, []);
    assert.equal(mentioned('NEVER_HEARD_OF'), false, 'this test can find something');
  });

  it('names everything that the parser leaves out or finds hidden, and nothing else', () => {
    const parser = sources.filter(({ file }) => file.startsWith('data/2-parse/')).map(({ text }) => text);
    const left = new Set<string>();
    for (const text of parser) {
      for (const [, type] of text.matchAll(/element_type: '(\w+)'/g)) left.add(type!);
      for (const [, table] of text.matchAll(/^const (?:KINDS|REPORTS) = \{\n([\s\S]*?)^\} as const;/gm)) {
        for (const [, type] of table!.matchAll(/^ {2}(\w+): \[/gm)) left.add(type!);
      }
    }
    for (const chunkType of ELEMENT_TYPES) left.delete(chunkType);
    assert.deepEqual(Object.keys(DROPPED_CONTENT).sort(), [...left].sort());
    for (const kind of Object.keys(HIDDEN_TEXT)) {
      assert.ok(
        parser.some((text) => text.includes(`'${kind}'`)),
        `${kind} is no kind of hidden text`,
      );
    }
    for (const text of parser) {
      for (const [, union] of text.matchAll(/HiddenKind =([\s\S]*?);/g)) {
        for (const [, kind] of union!.matchAll(/'(\w+)'/g)) assert.ok(Object.hasOwn(HIDDEN_TEXT, kind!), kind);
      }
      for (const [, kind] of text.matchAll(/kind: '(\w+)', boxes/g)) assert.ok(Object.hasOwn(HIDDEN_TEXT, kind!), kind);
    }
  });

  const texts = [REMEDIES, INTAKE_REMEDIES, INBOX_REMEDIES, SENDER_REMEDIES, NOTICES, QUARANTINED_BEFORE].flatMap(
    (table) => Object.entries(table as Record<string, { message: string; remediation: string }>),
  );

  it('says in whole sentences what happened and what to do', () => {
    for (const [name, { message, remediation }] of texts) {
      for (const text of [message, remediation]) {
        assert.match(text, /^(?:[A-Z]|manifest\.json)[^\n]{8,}\.$/, `${name}: ${text}`);
      }
      assert.notEqual(message, remediation, name);
    }
    for (const text of Object.values(BATCH_REMEDIES)) assert.match(text, /^[A-Z][^\n]{20,}\.$/);
  });

  it('keeps the words of engineers out', () => {
    const jargon =
      /\b(?:vectors?|embedd?ings?|embed|dimensions?|parsers?|parsed?|tokens?|stack|traces?|null|regex|errno|schema|hash(?:es)?|index(?:ed)?|payload|exception|timeout|worker|bytes? offset|UTF-?\d+)\b/i;
    for (const [name, { message, remediation }] of texts) {
      assert.doesNotMatch(message, jargon, name);
      assert.doesNotMatch(remediation, jargon, name);
    }
  });

  it('tells the formats that are taken as the allowlist has them', () => {
    const taken = REMEDIES.UNSUPPORTED_FORMAT.remediation.toLowerCase();
    for (const format of Object.keys(MIME)) assert.ok(taken.includes(format), format);
  });
});

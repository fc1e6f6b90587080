import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearest } from '../../../appliance/kernel/nearest.ts';

const KNOWN = ['log_level', 'listen', 'workers', 'drain_seconds'];

test('a slip of the fingers finds the name that was meant', () => {
  assert.equal(nearest('lgo_level', KNOWN), 'log_level');
  assert.equal(nearest('Worker', KNOWN), 'workers');
  assert.equal(nearest('drain_second', KNOWN), 'drain_seconds');
});

test('something else altogether finds nothing', () => {
  assert.equal(nearest('colour', KNOWN), null);
  assert.equal(nearest('', KNOWN), null);
  assert.equal(nearest('listen', []), null);
});

test('of two near names the nearer one wins', () => {
  assert.equal(nearest('abcdef', ['abcxyf', 'abcdeg']), 'abcdeg');
});

test('two swapped letters are one slip, in short names too', () => {
  for (const [typed, meant] of [
    ['cuont', 'count'],
    ['wran', 'warn'],
    ['prto', 'port'],
    ['embeded', 'embedded'],
    ['stcak', 'stack'],
    ['hots', 'host'],
    ['hsto', 'host'],
    ['URI', 'URL'],
  ])
    assert.equal(nearest(typed!, ['count', 'warn', 'port', 'host', 'embedded', 'stack', 'URL']), meant, typed);
});

test('a word that only happens to have as many letters is no suggestion', () => {
  const names = ['HOST', 'PORT', 'DATA', 'URL', 'TOKEN', 'CONFIG', 'CLAMD', 'WORKERS'];
  for (const other of ['MODE', 'HOME', 'PATH', 'USER', 'LANG', 'TEMP', 'TLS', 'NAME', 'X', 'ab', 'DEBUG', 'SECRET'])
    assert.equal(nearest(other, names), null, other);
});

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

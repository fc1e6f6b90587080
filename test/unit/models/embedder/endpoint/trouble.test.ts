import assert from 'node:assert/strict';
import { it } from 'node:test';
import { readRetryAfter, statusTrouble } from '../../../../../appliance/models/embedder/endpoint/trouble.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z');

it('reads when to come again: seconds, or a date of HTTP, and nothing else', () => {
  assert.equal(readRetryAfter('20', NOW), 20_000);
  assert.equal(readRetryAfter(' 0 ', NOW), 0);
  assert.equal(readRetryAfter('0.5', NOW), 500);
  assert.equal(readRetryAfter('Thu, 01 Jan 2026 00:01:00 GMT', NOW), 60_000);
  assert.equal(readRetryAfter('Wed, 31 Dec 2025 00:00:00 GMT', NOW), 0);
  assert.equal(readRetryAfter('999999999', NOW), 3_600_000, 'not for thirty years');
  assert.equal(readRetryAfter('Fri, 31 Dec 9999 23:59:59 GMT', NOW), 3_600_000);
  for (const text of ['', '-1', 'soon', '1e9', '2026-01-01', 'Foo, bar'])
    assert.equal(readRetryAfter(text, NOW), null, text);
});

it('says of each status whether asking again may help, and what to do where it does not', () => {
  for (const status of [408, 409, 425, 429, 500, 502, 503, 504, 529]) {
    assert.equal(statusTrouble(status, null, NOW).isPassing, true, String(status));
  }
  for (const [status, mend] of [
    [400, /embedder\.endpoint\.model/],
    [401, /key_file/],
    [403, /key_file/],
    [404, /embedder\.endpoint\.url/],
    [413, /batch/],
    [302, /url/],
    [422, /send_dimensions/],
  ] as const) {
    const trouble = statusTrouble(status, '5', NOW);
    assert.equal(trouble.isPassing, false, String(status));
    assert.match(trouble.message, mend);
  }
});

it('tells callers when to come again, as the endpoint said', () => {
  assert.equal(statusTrouble(429, '17', NOW).retryAfter, 17);
  assert.equal(statusTrouble(503, null, NOW).retryAfter, 30);
});

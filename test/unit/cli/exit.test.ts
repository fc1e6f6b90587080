import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { CheckFailed, EXIT, exitCode, explain, explainAsJson } from '../../../appliance/cli/exit.ts';
import { FrostbyteError } from '../../../appliance/kernel/errors.ts';

function thrown(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

describe('what a failed command says and exits with', () => {
  it('is 3 where nobody answers, 2 where it was called wrongly, else 1', () => {
    const details = [{ field: 'url', value: 'http://127.0.0.1:1', constraint: 'must be reachable' }];
    assert.equal(exitCode(new FrostbyteError('SERVICE_UNAVAILABLE', 'No.', { details })), EXIT.unreachable);
    assert.equal(exitCode(new FrostbyteError('SERVICE_UNAVAILABLE', 'Later.')), EXIT.failedCheck);
    assert.equal(exitCode(new FrostbyteError('VALIDATION_ERROR', 'No.')), EXIT.usage);
    assert.equal(exitCode(new FrostbyteError('CONFIG_INVALID', 'No.')), EXIT.usage);
    assert.equal(exitCode(new CheckFailed('2 problems')), EXIT.failedCheck);
    assert.equal(exitCode(new TypeError('x')), EXIT.failedCheck);
  });

  it('names each detail on a line of its own, and does not say a configuration’s problems twice', () => {
    const details = [{ field: 'top_k', value: 0, constraint: 'at least 1' }];
    assert.equal(
      explain(new FrostbyteError('VALIDATION_ERROR', 'No.', { details })),
      'VALIDATION_ERROR: No.\n  top_k = 0: at least 1',
    );
    assert.equal(explain(new FrostbyteError('CONFIG_INVALID', 'No.', { details })), 'CONFIG_INVALID: No.');
  });

  it('names the file that a detail is about, and what to do about it', () => {
    const details = [{ field: 'files.0.sha256', constraint: 'must be so', file: 'a\u202e.pdf', remediation: 'Do it.' }];
    assert.equal(
      explain(new FrostbyteError('MANIFEST_INVALID', 'No.', { details })),
      'MANIFEST_INVALID: No.\n  a\\u202e.pdf, files.0.sha256: must be so\n      → Do it.',
    );
  });

  it('passes on what the system refused, with its path, and calls it no fault of ours', () => {
    assert.match(
      explain(thrown(() => readFileSync('/nowhere/at/all'))),
      /^The system refused: ENOENT: .*'\/nowhere\/at\/all'$/,
    );
    assert.match(explain(thrown(() => mkdirSync('/proc/none'))), /^The system refused: E[A-Z]+: /);
  });

  it('says of a full disk what it is, also where the system names no file', () => {
    const full = (more: object) =>
      Object.assign(new Error('ENOSPC: write'), { code: 'ENOSPC', errno: -28, syscall: 'write', ...more });
    assert.match(
      explain(full({ path: '/var/lib/x' })),
      /^DISK_FULL: The disk of \/var\/lib is full\. Free some space and repeat\./,
    );
    assert.match(explain(full({})), /^DISK_FULL: A disk of this host is full/);
    assert.match(explainAsJson(full({})), /"code":"DISK_FULL"/);
  });

  it('calls anything else a fault of ours', () => {
    assert.match(explain(new TypeError('x is not a function')), /on our side/);
  });
});

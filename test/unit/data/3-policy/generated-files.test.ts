import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const script = (name: string) => fileURLToPath(new URL(`../../../../scripts/${name}`, import.meta.url));

describe('committed generated files', () => {
  it('the policy version is that of the patterns and the model', () => {
    const run = spawnSync(process.execPath, [script('gen-policy-version.ts'), '--check'], { encoding: 'utf8' });
    assert.equal(run.status, 0, run.stderr);
  });

  it('the model is what training gives', () => {
    const run = spawnSync(process.execPath, [script('train-classifier.ts'), '--check'], { encoding: 'utf8' });
    assert.equal(run.status, 0, run.stderr);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { judgeInstallation } from '../../../../appliance/bin/host/verification/judge.ts';
import { verificationTable } from '../../../../appliance/cli/commands/verify.ts';
import { runCli } from '../../../support/run-cli.ts';
import { healthyFacts } from '../../../support/verification/healthy-box.ts';

describe('the table of a verification', () => {
  it('shows every check in its group, in eighty columns, and that all is well', () => {
    const verification = judgeInstallation(healthyFacts());
    const table = verificationTable(verification, false);
    const lines = table.split('\n');
    assert.equal(lines[0], 'Verification of Frostbyte 1.2.3 on box');
    assert.deepEqual(
      lines.filter((line) => /^[A-Z]\S*(?: \S+)?$/.test(line)),
      ['Networks', 'Ways out', 'Images', 'Containers', 'Files', 'Services', 'Use'],
    );
    for (const { title } of verification.checks) {
      assert.ok(title.length <= 25, title);
      assert.ok(table.includes(`  pass  ${title.padEnd(25)} `), title);
    }
    assert.deepEqual(
      lines.filter((line) => line.length > 80),
      [],
    );
    const { length } = verification.checks;
    assert.match(
      table,
      new RegExp(`^${length} checks: ${length} pass\\. This box is closed, and as it was delivered\\.$`, 'm'),
    );
  });

  it('shows what failed with its mend, and what was left out', () => {
    const facts = { ...healthyFacts(), input_rule: { is: 'the rule is not in force' }, smoke: null };
    const table = verificationTable(judgeInstallation(facts), false);
    assert.match(table, /^ {2}FAIL {2}The host’s input rule {5}the rule is not in force$/m);
    assert.match(table, /^ {8}→ \/opt\/frostbyte\/current\/host\/input-rule up$/m);
    assert.match(table, /^ {2}warn {2}A document all the way {4}left out \(--quick\)$/m);
    assert.match(table, /1 warn, 1 fail\. This box is\s+not\s+as\s+it\s+was\s+delivered\.\s+Nothing\s+was changed/);
  });

  it('colours results for a terminal alone', () => {
    const facts = { ...healthyFacts(), input_rule: { is: 'away' } };
    assert.match(verificationTable(judgeInstallation(facts), true), /\x1b\[1;31mFAIL \x1b\[0m/);
    assert.doesNotMatch(verificationTable(judgeInstallation(facts), false), /\x1b/);
  });
});

describe('frostbyte verify', () => {
  it('is in the help, and refuses flags that it does not know', async () => {
    const { said } = await runCli(['verify', '--help']);
    assert.match(said.out, /--quick/);
    assert.equal((await runCli(['verify', '--root', '/'])).status, 2);
  });
});

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { hostLayout } from '../../../../appliance/bundle/host-layout.ts';
import { unitFile, unitsOf } from '../../../../appliance/bundle/install/units.ts';

/** Worse than this no service of ours may be, of 10. */
const MOST_EXPOSED: Readonly<Record<string, number>> = {
  'frostbyte-gateway.service': 2.5,
  'frostbyte-control.service': 6,
};

const units = unitsOf({ subnet: '172.28.0.0/16', listens_to: ['10.1.0.0/24'] });
const layout = hostLayout();
let root: string;
before(() => {
  root = mkdtempSync(join(tmpdir(), 'frostbyte-units-'));
  mkdirSync(join(root, 'etc/systemd/system'), { recursive: true });
  for (const unit of units) writeFileSync(join(root, 'etc/systemd/system', unit.name), unitFile(unit, layout));
});
after(() => rmSync(root, { recursive: true }));

const analyze = spawnSync('systemd-analyze', ['--version'], { encoding: 'utf8' });
const has = analyze.status === 0 && Number(/systemd (\d+)/.exec(analyze.stdout)?.[1]) >= 250;

describe('the services of the host', () => {
  for (const { name } of units) {
    test(`${name} is as narrow as systemd itself measures it`, {
      skip: has ? false : 'no systemd-analyze of version 250 here',
    }, () => {
      const { stdout, stderr } = spawnSync(
        'systemd-analyze',
        ['security', '--offline=true', '--no-pager', `--root=${root}`, name],
        {
          encoding: 'utf8',
        },
      );
      const exposure = Number(/Overall exposure level for \S+: ([\d.]+)/.exec(stdout)?.[1]);
      assert.ok(exposure <= MOST_EXPOSED[name]!, `${exposure}: ${stderr}\n${stdout}`);
      assert.doesNotMatch(stderr, /Unknown (?:key|lvalue)|Failed to parse|ignoring/i);
    });
  }

  test('keep containers from the host’s own addresses before there are any', () => {
    const [control] = units.map((unit) => unitFile(unit, layout)) as [string];
    assert.match(control, /^ExecStartPre=\+\/opt\/frostbyte\/current\/host\/input-rule up\nExecStart=/m);
  });

  test('speak with loopback, the containers and what listen names alone', () => {
    const [control, gateway] = units.map((unit) => unitFile(unit, layout)) as [string, string];
    assert.match(gateway, /^IPAddressDeny=any\nIPAddressAllow=localhost 172\.28\.0\.0\/16 10\.1\.0\.0\/24$/m);
    assert.match(control, /^IPAddressDeny=any\nIPAddressAllow=localhost 172\.28\.0\.0\/16$/m);
    assert.match(gateway, /^User=frostbyte-gateway$/m);
    assert.match(gateway, /^CapabilityBoundingSet=$/m);
    assert.match(gateway, /^InaccessiblePaths=.*-\/run\/docker\.sock/m);
    assert.match(gateway, /^TemporaryFileSystem=\/var\/lib\/frostbyte:ro\nBindReadOnlyPaths=.*\/control\/suspended$/m);
    for (const text of [control, gateway]) {
      assert.match(text, /^ProtectSystem=strict$/m);
      assert.match(text, /^LimitCORE=0$/m);
      assert.doesNotMatch(text, /^Environment|passphrase|password|token/im, 'no secret stands in a unit');
    }
  });
});

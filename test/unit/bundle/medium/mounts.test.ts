import assert from 'node:assert/strict';
import { mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { mountedMedium } from '../../../../appliance/bundle/medium/mounts.ts';

const line = (at: string, type: string, source: string) =>
  `36 35 98:0 / ${at} rw,noatime shared:1 - ${type} ${source} rw,errors=continue`;

describe('a mounted medium', () => {
  let folder: string;
  before(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'frostbyte-mounts-')));
  });
  after(() => rmSync(folder, { recursive: true }));

  test('is found by its folder and by its device, a whole stick by its one partition', () => {
    const info = [line('/', 'ext4', '/dev/sda1'), line(folder, 'exfat', '/dev/null1')].join('\n');
    const medium = { at: folder, type: 'exfat', device: '/dev/null1' };
    assert.deepEqual(mountedMedium(folder, info), medium);
    assert.deepEqual(mountedMedium('/dev/null', info), medium);
    const link = join(folder, 'stick');
    symlinkSync(folder, link);
    assert.deepEqual(mountedMedium(link, info), medium);
  });

  test('is the last that was mounted there', () => {
    const info = [line(folder, 'vfat', '/dev/null1'), line(folder, 'exfat', '/dev/null1')].join('\n');
    assert.equal(mountedMedium('/dev/null', info).type, 'exfat');
  });

  test('may have white space in its name', () => {
    const info = line('/media/FROST\\040BYTE', 'vfat', '/dev/null');
    assert.equal(mountedMedium('/dev/null', info).at, '/media/FROST BYTE');
  });

  for (const [what, named, info, says] of [
    ['a folder of the host’s disk', tmpdir(), line('/', 'ext4', '/dev/sda1'), /nothing is mounted there/],
    ['the host’s disk', '/', line('/', 'ext4', '/dev/sda1'), /nothing is mounted there/],
    ['the host’s disk by its device', '/dev/null', line('/', 'ext4', '/dev/null1'), /this host runs from it/],
    [
      'a second place of the disk that the host runs from',
      '/dev/null',
      [line('/', 'ext4', '/dev/null1'), line('/home', 'ext4', '/dev/null1')].join('\n'),
      /this host runs from it/,
    ],
    ['a device that is not mounted', '/dev/null', line('/', 'ext4', '/dev/sda1'), /is not mounted/],
    [
      'a stick with two partitions',
      '/dev/null',
      [line('/media/a', 'vfat', '/dev/null1'), line('/media/b', 'vfat', '/dev/null2')].join('\n'),
      /several of its partitions/,
    ],
    ['what is not there', '/nowhere', '', /There is no \/nowhere/],
  ] as const) {
    test(`is not ${what}`, () => {
      assert.throws(() => mountedMedium(named, info), { code: 'VALIDATION_ERROR', message: says });
    });
  }
});

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { blobName, blobPath, OCI_MEDIA, ociManifest } from '../../../../appliance/bundle/format/oci.ts';
import { packLayer } from '../../../../scripts/images/archive.ts';
import { holdInstalled, installedOf } from '../../../../scripts/images/installed.ts';
import type { ImageLock } from '../../../../scripts/images/lock.ts';

const folder = mkdtempSync(join(tmpdir(), 'frostbyte-installed-'));
after(() => rmSync(folder, { recursive: true }));

const paragraph = (name: string, version: string, state = 'ok installed') =>
  `Package: ${name}\nStatus: install ${state}\nMaintainer: x\nArchitecture: amd64\nVersion: ${version}\nDescription: x\n more\n`;
const status = [
  paragraph('bash', '5.2-1'),
  paragraph('libc6', '2.41-1'),
  paragraph('gone', '1', 'ok config-files'),
].join('\n');

/** An image whose one layer holds this package database. */
async function image(database: string | null) {
  const at = mkdtempSync(join(folder, 'image-'));
  const [root, blobs] = [join(at, 'root'), join(at, 'blobs/sha256')];
  for (const one of [join(root, 'var/lib/dpkg'), blobs]) mkdirSync(one, { recursive: true });
  if (database !== null) writeFileSync(join(root, 'var/lib/dpkg/status'), database);
  execFileSync('tar', ['--create', `--file=${join(at, 'layer.tar')}`, `--directory=${root}`, '.']);
  const { digest, size, diff_id } = await packLayer(join(at, 'layer.tar'), join(at, 'layer'));
  renameSync(join(at, 'layer'), join(blobs, blobName(digest)));
  const put = (bytes: Buffer) => {
    const name = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    writeFileSync(join(at, blobPath(name)), bytes);
    return { digest: name, size: bytes.length };
  };
  const config = {
    mediaType: OCI_MEDIA.config,
    ...put(Buffer.from(JSON.stringify({ rootfs: { diff_ids: [diff_id] } }))),
  };
  const manifest = put(ociManifest(config, [{ mediaType: OCI_MEDIA.layer, digest, size }]));
  return { name: 'store', tag: 'frostbyte.local/store:1', folder: at, manifest_digest: manifest.digest };
}

const lockOf = (...packages: [string, string][]) =>
  ({
    packages: packages.map(([name, version]) => ({ name, version, arch: 'amd64', size: 1, sha256: 'ab'.repeat(32) })),
    images: [{ name: 'store', source: 'recipe', packages: packages.map(([name]) => name) }],
  }) as unknown as ImageLock;

test('what is installed is read out of the package database, and nothing that was removed', () => {
  assert.deepEqual(installedOf(status), ['bash 5.2-1 amd64', 'libc6 2.41-1 amd64']);
  assert.deepEqual(installedOf(''), []);
});

test('an image is held against the lock and against what lies beside it; every difference is named', async () => {
  const built = await image(status);
  const lock = lockOf(['bash', '5.2-1'], ['libc6', '2.41-1']);
  await holdInstalled(built, lock);
  await assert.rejects(
    holdInstalled(built, lockOf(['bash', '5.2-2'], ['libc6', '2.41-1'], ['tar', '1.35'])),
    (error: Error) =>
      [
        'bash 5.2-1 amd64 is not in images/lock.json',
        'bash 5.2-2 amd64 is in images/lock.json alone',
        'tar 1.35',
      ].every((words) => error.message.includes(words)),
  );
  writeFileSync(join(built.folder, 'packages.txt'), 'bash 5.2-1 amd64\nlibc6 2.41-1 amd64\n');
  await holdInstalled(built, lock);
  writeFileSync(join(built.folder, 'packages.txt'), 'bash 5.2-1 amd64\n');
  await assert.rejects(holdInstalled(built, lock), /libc6 2\.41-1 amd64 is not in its packages\.txt/);
  await holdInstalled(await image(null), lockOf());
  await assert.rejects(holdInstalled(await image(null), lock), /bash 5\.2-1 amd64 is in images\/lock\.json alone/);
});

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { CustomFields } from '../../../../appliance/api/custom-fields/schema.ts';
import { buildManifest, checkManifest } from '../../../../appliance/data/1-intake/manifest-check.ts';
import { isFrostbyteError } from '../../../../appliance/kernel/errors.ts';

const within = (work: (folder: string) => Promise<void>) => async () => {
  const folder = await mkdtemp(join(tmpdir(), 'outgoing-'));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
};

async function outgoing(folder: string): Promise<Record<string, unknown> & { files: Record<string, unknown>[] }> {
  await writeFile(join(folder, 'b.txt'), 'second');
  await writeFile(join(folder, 'a.csv'), 'x,y\n1,2\n');
  await writeFile(join(folder, '.hidden'), 'x');
  await mkdir(join(folder, 'sub'));
  const manifest = await buildManifest(folder, 'acme', 'batch-1');
  return JSON.parse(JSON.stringify(manifest));
}

describe('a manifest', () => {
  it(
    'that was built for a folder passes its check',
    within(async (folder) => {
      const manifest = await outgoing(folder);
      assert.deepEqual(
        manifest.files.map(({ filename, mime_type }) => [filename, mime_type]),
        [
          ['a.csv', 'text/csv'],
          ['b.txt', 'text/plain'],
        ],
      );
      await writeFile(join(folder, 'manifest.json'), JSON.stringify(manifest));
      assert.deepEqual(await checkManifest(folder), { files: 2, problems: [] });
    }),
  );

  it(
    'cannot carry a name that is not UTF-8, and says so',
    within(async (folder) => {
      await writeFile(Buffer.concat([Buffer.from(`${folder}/a`), Buffer.from([0xff]), Buffer.from('.txt')]), 'x');
      await assert.rejects(buildManifest(folder, 'acme', 'batch-1'), (error) => {
        assert.ok(isFrostbyteError(error, 'VALIDATION_ERROR'));
        const [detail] = error.details;
        assert.deepEqual(
          [detail!.value, detail!.constraint],
          ['a\ufffd.txt', 'has a name that is not UTF-8; rename it'],
        );
        return true;
      });
    }),
  );

  it(
    'is told every problem of its files, each with its mend',
    within(async (folder) => {
      const manifest = await outgoing(folder);
      await writeFile(join(folder, 'b.txt'), 'changed');
      await writeFile(join(folder, 'tool.exe'), 'MZ');
      await writeFile(join(folder, 'extra.txt'), 'x');
      await symlink('/etc/hostname', join(folder, 'link.txt'));
      const claim = { mime_type: 'text/plain', size_bytes: 1, sha256: '0'.repeat(64) };
      for (const filename of ['tool.exe', 'gone.txt', '../up.txt', 'link.txt']) {
        manifest.files.push({ file_id: `x${manifest.files.length}`, filename, ...claim });
      }
      await writeFile(
        join(folder, 'manifest.json'),
        JSON.stringify({ ...manifest, file_count: manifest.files.length }),
      );
      const { problems } = await checkManifest(folder);
      assert.deepEqual(
        problems.map(({ filename, code }) => [filename, code]),
        [
          ['b.txt', 'CHECKSUM_MISMATCH'],
          ['tool.exe', 'UNSUPPORTED_FORMAT'],
          ['gone.txt', 'FILE_MISSING'],
          ['../up.txt', 'MANIFEST_INVALID'],
          ['link.txt', 'FILE_MISSING'],
          ['extra.txt', 'MANIFEST_INVALID'],
        ],
      );
      for (const { remediation } of problems) assert.ok(remediation.length > 10);
    }),
  );

  it(
    'that is missing, malformed or counts wrongly is reported as such',
    within(async (folder) => {
      assert.equal((await checkManifest(folder)).problems[0]?.code, 'MANIFEST_INVALID');
      const manifest = await outgoing(folder);
      for (const [content, code] of [
        ['{', 'MANIFEST_INVALID'],
        [JSON.stringify({ ...manifest, file_count: 7 }), 'MANIFEST_FILE_COUNT_MISMATCH'],
        [JSON.stringify({ ...manifest, files: [manifest.files[0], manifest.files[0]] }), 'DUPLICATE_FILE_ID'],
      ]) {
        await writeFile(join(folder, 'manifest.json'), content!);
        assert.equal((await checkManifest(folder)).problems[0]?.code, code);
      }
    }),
  );

  it(
    'that is not as it should be is told in words: which file, what it must be, what to do',
    within(async (folder) => {
      const manifest = await outgoing(folder);
      const spoilt = { ...manifest, batch_id: 'March 2026', files: [{ ...manifest.files[0], sha256: 'A1' }, {}] };
      await writeFile(join(folder, 'manifest.json'), JSON.stringify(spoilt));
      const { problems } = await checkManifest(folder);
      assert.deepEqual(
        problems.slice(0, 3).map(({ filename, message }) => [filename, message.slice(0, 36)]),
        [
          [null, 'batch_id must be 1 to 128 letters (A'],
          ['a.csv', 'sha256 ("A1") must be the SHA-256 of'],
          ['file 2 of the list', 'file_id is missing; it must be 1 to '],
        ],
      );
      assert.equal(
        new Set(problems.map(({ remediation }) => remediation)).size,
        problems.length,
        'each has its own mend',
      );
      await writeFile(join(folder, 'manifest.json'), JSON.stringify({ ...manifest, file_count: 7 }));
      const [count, ...more] = (await checkManifest(folder)).problems;
      assert.deepEqual([count!.code, more], ['MANIFEST_FILE_COUNT_MISMATCH', []]);
      assert.match(count!.message, /announces 7 file\(s\), but there are 2/);
    }),
  );

  it(
    'is held against the tenant’s custom fields, and against the tenant, where the sender has them',
    within(async (folder) => {
      const manifest = await outgoing(folder);
      Object.assign(manifest.files[0]!, { metadata: { amount: '12' } });
      Object.assign(manifest, { metadata: { mater: 'M-1' } });
      await writeFile(join(folder, 'b.txt'), 'changed');
      await writeFile(join(folder, 'manifest.json'), JSON.stringify(manifest));
      const custom_fields = CustomFields.parse({
        schema_version: '1.0',
        fields: [
          { name: 'matter', type: 'string', required: true },
          { name: 'amount', type: 'number' },
        ],
      });
      assert.deepEqual(
        (await checkManifest(folder)).problems.map(({ code }) => code),
        ['CHECKSUM_MISMATCH'],
      );
      const { problems } = await checkManifest(folder, { custom_fields });
      assert.deepEqual(
        problems.map(({ filename, code, message }) => [filename, code, message.split(/[;.] ?/)[0]]),
        [
          ['a.csv', 'METADATA_INVALID', 'Metadata: mater is not a field of this tenant (schema 1'],
          ['a.csv', 'METADATA_INVALID', 'Metadata: amount must be a number'],
          ['a.csv', 'METADATA_INVALID', 'Metadata: matter is required (string)'],
          ['b.txt', 'CHECKSUM_MISMATCH', 'The file that arrived is not the one that the manifest describes'],
          ['b.txt', 'METADATA_INVALID', 'Metadata: mater is not a field of this tenant (schema 1'],
          ['b.txt', 'METADATA_INVALID', 'Metadata: matter is required (string)'],
        ],
      );
      for (const { remediation } of problems) assert.ok(remediation.length > 10);
      const other = await checkManifest(folder, { tenant_id: 'beta' });
      assert.match(other.problems[0]!.message, /the tenant that the batch is sent to/);
    }),
  );

  it(
    'is not built for an empty folder or one that is not there',
    within(async (folder) => {
      for (const dir of [folder, join(folder, 'none')]) {
        await assert.rejects(buildManifest(dir, 'acme', 'b'), (error) => isFrostbyteError(error, 'VALIDATION_ERROR'));
      }
    }),
  );
});

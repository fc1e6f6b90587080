import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { closeSync, createReadStream, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median, memoryMiB, startShipped } from './support.ts';

const MIB = 1024 * 1024;
const SIZE = 500 * MIB;

/** Pairs of upload and peers; the median is what counts on a disk whose speed drifts. */
const RUNS = 3;

/**
 * Receiving files of 500 MiB: memory of the daemon at its peak minus idle, and throughput against hashing the same file
 * with OpenSSL, pair by pair. The file is hashed, encrypted, sniffed and synced on its way, so writing and syncing the
 * plain bytes stands beside it: where that is slow, the disk is.
 */
export async function measure(): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'frostbyte-bench-'));
  const file = join(folder, 'large.pdf');
  const appliance = await startShipped({ FROSTBYTE_WORKERS: '0' });
  try {
    await appliance.createTenant('bench', { max_file_size_mb: 600 });
    const token = await appliance.token({ role: 'tenant_admin', tenant_id: 'bench' });
    // One small upload first: code that is compiled on first use is no part of what a file costs.
    await upload(appliance.url, token, {
      batch: 'warm',
      name: 'warm.txt',
      type: 'text/plain',
      size: 12,
      sha256: createHash('sha256').update('hello world\n').digest('hex'),
      body: () => Buffer.from('hello world\n'),
    });
    const pid = appliance.process.pid!;
    const idle = memoryMiB(pid, 'VmRSS');
    writeFileSync(`/proc/${pid}/clear_refs`, '5');
    const [uploads, hashes, copies]: [number[], number[], number[]] = [[], [], []];
    for (let run = 0; run < RUNS; run++) {
      const sha256 = makeFile(file);
      const began = performance.now();
      await upload(appliance.url, token, {
        batch: `large-${run}`,
        name: 'large.pdf',
        type: 'application/pdf',
        size: SIZE,
        sha256,
        body: () => createReadStream(file, { highWaterMark: MIB }),
      });
      uploads.push((performance.now() - began) / 1000);
      hashes.push(Math.min(timeOpenssl(file), timeOpenssl(file)));
      copies.push(timeCopy(file, join(folder, 'copy')));
    }
    const peak = memoryMiB(pid, 'VmHWM');
    const speed = (seconds: number) => `${(SIZE / MIB / seconds).toFixed(0)} MiB/s`;
    const ratios = uploads.map((seconds, run) => hashes[run]! / seconds);
    return [
      `memory at its peak minus idle   ${(peak - idle).toFixed(1)} MiB (idle ${idle.toFixed(0)} MiB); bound 64`,
      `throughput                      ${uploads.map(speed).join(', ')}`,
      `  openssl dgst -sha256          ${hashes.map(speed).join(', ')}`,
      `  plain copy, synced            ${copies.map(speed).join(', ')}`,
      `  ratio to openssl              ${ratios.map((ratio) => ratio.toFixed(2)).join(', ')}; median ${median(ratios).toFixed(2)}, bound 0.20`,
    ];
  } finally {
    await appliance.end();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A PDF by its first and last bytes, noise between. Returns its hash. */
function makeFile(path: string): string {
  const hash = createHash('sha256');
  const fd = openSync(path, 'w');
  const put = (bytes: Buffer) => {
    hash.update(bytes);
    writeSync(fd, bytes);
  };
  const [head, tail] = [Buffer.from('%PDF-1.7\n'), Buffer.from('\nstartxref\n0\n%%EOF\n')];
  const block = randomBytes(MIB);
  put(head);
  let left = SIZE - head.length - tail.length;
  for (; left >= MIB; left -= MIB) put(block);
  put(block.subarray(0, left));
  put(tail);
  closeSync(fd);
  return hash.digest('hex');
}

interface Upload {
  batch: string;
  name: string;
  type: string;
  size: number;
  sha256: string;
  body(): Buffer | NodeJS.ReadableStream;
}

async function upload(url: string, token: string, file: Upload): Promise<void> {
  const boundary = 'frostbyte-bench';
  const manifest = JSON.stringify({
    batch_id: file.batch,
    tenant_id: 'bench',
    file_count: 1,
    files: [{ file_id: 'f1', filename: file.name, mime_type: file.type, size_bytes: file.size, sha256: file.sha256 }],
  });
  const head = Buffer.from(
    `--${boundary}\r\ncontent-disposition: form-data; name="manifest"\r\ncontent-type: application/json\r\n\r\n${manifest}\r\n` +
      `--${boundary}\r\ncontent-disposition: form-data; name="f1"; filename="${file.name}"\r\ncontent-type: ${file.type}\r\n\r\n`,
  );
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
  const answer = await new Promise<{ status: number; text: string }>((resolve, reject) => {
    const call = request(`${url}/api/v1/ingest/bench/batch`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': `multipart/form-data; boundary=${boundary}`,
        'content-length': head.length + file.size + tail.length,
      },
    });
    call.on('error', reject);
    call.on('response', (response) => {
      let text = '';
      response.on('data', (chunk) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    call.write(head);
    const body = file.body();
    if (Buffer.isBuffer(body)) call.end(Buffer.concat([body, tail]));
    else {
      body.pipe(call, { end: false });
      body.on('end', () => call.end(tail));
    }
  });
  const accepted =
    answer.status === 202 &&
    (JSON.parse(answer.text) as { data: { rejected_files: unknown[] } }).data.rejected_files.length === 0;
  if (!accepted) throw new Error(`upload answered ${answer.status}: ${answer.text.slice(0, 500)}`);
}

/** Seconds to copy the file's bytes and sync them: what the disk allows. */
function timeCopy(from: string, to: string): number {
  const began = performance.now();
  execFileSync('dd', [`if=${from}`, `of=${to}`, 'bs=1M', 'conv=fsync', 'status=none']);
  return (performance.now() - began) / 1000;
}

function timeOpenssl(file: string): number {
  const began = performance.now();
  execFileSync('openssl', ['dgst', '-sha256', file], { stdio: 'ignore' });
  return (performance.now() - began) / 1000;
}

import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { atLeast, atMost } from './bounds.ts';
import { median, memoryMiB, startShipped } from './support.ts';

const MIB = 1024 * 1024;
const SIZE = 500 * MIB;

/** Pairs of upload and peers; the median is what counts on a disk whose speed drifts. */
const RUNS = 3;

/**
 * Receiving files of 500 MiB: memory of the daemon at its peak minus idle, and throughput against hashing the same file
 * with OpenSSL, pair by pair. The file is hashed, encrypted, sniffed and synced on its way, so writing and syncing the
 * plain bytes stands beside it: where that is slow, the disk is. The same as a resumable upload (tus), which lies sealed
 * in segments before its batch is received: its two steps, and the daemon's memory over both.
 */
export async function measure(): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'frostbyte-bench-'));
  const file = join(folder, 'large.pdf');
  const appliance = await startShipped({ FROSTBYTE_WORKERS: '0' });
  try {
    await appliance.createTenant('bench', { max_file_size_mb: 600 });
    const token = await appliance.token({ role: 'tenant_admin', tenant_id: 'bench' });
    // One small upload first: code that is compiled on first use is no part of what a file costs.
    const warm = join(folder, 'warm.txt');
    writeFileSync(warm, 'hello world\n');
    const warmHash = createHash('sha256').update('hello world\n').digest('hex');
    upload(appliance.url, token, { batch: 'warm', file: warm, type: 'text/plain', sha256: warmHash });
    const pid = appliance.process.pid!;
    const idle = memoryMiB(pid, 'VmRSS');
    writeFileSync(`/proc/${pid}/clear_refs`, '5');
    const [uploads, hashes, copies]: [number[], number[], number[]] = [[], [], []];
    const [sent, taken]: [number[], number[]] = [[], []];
    for (let run = 0; run < RUNS; run++) {
      const sha256 = makeFile(file);
      const began = performance.now();
      upload(appliance.url, token, { batch: `large-${run}`, file, type: 'application/pdf', sha256 });
      uploads.push((performance.now() - began) / 1000);
      hashes.push(Math.min(timeOpenssl(file), timeOpenssl(file)));
      copies.push(timeCopy(file, join(folder, 'copy')));
    }
    const peak = memoryMiB(pid, 'VmHWM');
    writeFileSync(`/proc/${pid}/clear_refs`, '5');
    for (let run = 0; run < RUNS; run++) {
      const sha256 = makeFile(file);
      const began = performance.now();
      const upload_id = uploadByTus(appliance.url, token, file);
      const there = performance.now();
      receive(appliance.url, token, { batch: `tus-${run}`, file, type: 'application/pdf', sha256, upload_id });
      sent.push((there - began) / 1000);
      taken.push((performance.now() - there) / 1000);
    }
    const peakOfTus = memoryMiB(pid, 'VmHWM');
    const speed = (seconds: number) => `${(SIZE / MIB / seconds).toFixed(0)} MiB/s`;
    const ratios = uploads.map((seconds, run) => hashes[run]! / seconds);
    return [
      `memory at its peak minus idle   ${(peak - idle).toFixed(1)} MiB (idle ${idle.toFixed(0)} MiB); ${atMost('memory of an upload, MiB', peak - idle, 64)}`,
      `throughput                      ${uploads.map(speed).join(', ')}`,
      `  openssl dgst -sha256          ${hashes.map(speed).join(', ')}`,
      `  plain copy, synced            ${copies.map(speed).join(', ')}`,
      `  ratio to openssl              ${ratios.map((ratio) => ratio.toFixed(2)).join(', ')}; median ${median(ratios).toFixed(2)}; ${atLeast('throughput, of openssl', median(ratios), 0.2)}`,
      `resumable: memory minus idle    ${(peakOfTus - idle).toFixed(1)} MiB; ${atMost('memory of a resumable upload, MiB', peakOfTus - idle, 64)}`,
      `  one PATCH                     ${sent.map(speed).join(', ')}`,
      `  its batch, read and received  ${taken.map(speed).join(', ')}`,
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
  file: string;
  type: string;
  sha256: string;
}

/** Sends one file as a resumable upload, in one request. Returns its id. */
function uploadByTus(url: string, token: string, file: string): string {
  const uploads = `${url}/api/v1/ingest/bench/uploads`;
  const asked = (...options: string[]) =>
    execFileSync('curl', ['-sS', '-i', '-K', '-', '-H', 'tus-resumable: 1.0.0', ...options], {
      input: `header = "authorization: Bearer ${token}"\n`,
      encoding: 'utf8',
    });
  const created = asked('-X', 'POST', '-H', `upload-length: ${statSync(file).size}`, uploads);
  const id = /^location: .*\/([0-9a-f-]{36})\r$/im.exec(created)?.[1];
  if (!id) throw new Error(`the upload did not begin: ${created.slice(0, 500)}`);
  const headers = ['-H', 'upload-offset: 0', '-H', 'content-type: application/offset+octet-stream', '-H', 'expect:'];
  const answer = asked('-X', 'PATCH', ...headers, '-T', file, `${uploads}/${id}`);
  if (!answer.startsWith('HTTP/1.1 204')) throw new Error(`the upload was not taken: ${answer.slice(0, 500)}`);
  return id;
}

/** Submits a batch of one upload. */
function receive(url: string, token: string, { batch, file, type, sha256, upload_id }: Upload & { upload_id: string }) {
  const entry = { file_id: 'f1', filename: basename(file), mime_type: type, size_bytes: statSync(file).size, sha256 };
  const files = [{ ...entry, upload_id }];
  const manifest = JSON.stringify({ batch_id: batch, tenant_id: 'bench', file_count: 1, files });
  const options = ['-H', 'content-type: application/json', '-d', manifest];
  const answer = execFileSync('curl', ['-sS', '-K', '-', ...options, `${url}/api/v1/ingest/bench/batch`], {
    input: `header = "authorization: Bearer ${token}"\n`,
    encoding: 'utf8',
  });
  const { data } = JSON.parse(answer) as { data?: { rejected_files: unknown[] } };
  if (data?.rejected_files.length !== 0) throw new Error(`the batch was not taken: ${answer.slice(0, 500)}`);
}

/** Sends one file by curl: a client that costs less than what is measured. The token goes by its standard input. */
function upload(url: string, token: string, { batch, file, type, sha256 }: Upload): void {
  const name = basename(file);
  const manifest = `${file}.manifest.json`;
  const entry = { file_id: 'f1', filename: name, mime_type: type, size_bytes: statSync(file).size, sha256 };
  writeFileSync(manifest, JSON.stringify({ batch_id: batch, tenant_id: 'bench', file_count: 1, files: [entry] }));
  const form = ['-F', `manifest=<${manifest};type=application/json`, '-F', `f1=@${file};type=${type}`];
  const answer = execFileSync('curl', ['-sS', '-K', '-', ...form, `${url}/api/v1/ingest/bench/batch`], {
    input: `header = "authorization: Bearer ${token}"\n`,
    encoding: 'utf8',
  });
  const { data } = JSON.parse(answer) as { data?: { rejected_files: unknown[] } };
  if (data?.rejected_files.length !== 0) throw new Error(`the upload was not taken: ${answer.slice(0, 500)}`);
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

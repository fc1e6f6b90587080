/**
 * `make demo`: the whole pipeline on a folder of documents, on the embedded default, in one go. It starts a daemon on a
 * free loopback port with a temporary data folder and drives it as a user would, through the shipped command line's
 * own modules and HTTP alone. It fails loudly when anything is not as it should be.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import type { BatchStatus } from '../appliance/api/schemas/ingest.ts';
import type { RetrievalProof } from '../appliance/api/schemas/query.ts';
import { type Client, createClient } from '../appliance/cli/client.ts';
import { follow, submitFolder } from '../appliance/cli/commands/ingest.ts';
import { settled } from '../appliance/cli/commands/tenant.ts';
import { createOutput, printable, table } from '../appliance/cli/output.ts';
import { isFrostbyteError } from '../appliance/kernel/errors.ts';

const root = resolve(import.meta.dirname, '..');
const frostbyte = join(root, 'dist/frostbyte');
const { values: options } = parseArgs({
  options: { dir: { type: 'string' }, keep: { type: 'boolean', default: false } },
});

const SAMPLES = join(root, 'docs/samples');
const QUESTIONS = [
  'How long is the notice period of the warehouse lease?',
  'What is the total of the invoice for the cold storage units?',
  'Which steps follow when a freezer alarm goes off?',
  'Who may approve access to patient records?',
  'What does the claimant ask the court to order?',
];

const out = createOutput({ json: false });
const bold = (text: string) => (process.stdout.isTTY ? `\x1b[1m${text}\x1b[0m` : text);
const heading = (text: string) => out.say(`\n${bold(text)}`);

const started = performance.now();
const work = mkdtempSync(join(tmpdir(), 'frostbyte-demo-'));
const dataFolder = join(work, 'data');
let daemon: ChildProcess | undefined;
let failed = false;
try {
  await demo();
} catch (error) {
  failed = true;
  out.warn(`\nThe demo failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
}
if (!(options.keep && !failed)) {
  await stopDaemon();
  rmSync(work, { recursive: true, force: true });
}
process.exitCode = failed ? 1 : 0;

async function demo(): Promise<void> {
  const incoming = join(work, 'incoming');
  const source = options.dir ? resolve(options.dir) : SAMPLES;
  if (!existsSync(source)) throw new Error(`There is no folder ${source}`);
  copyFiles(source, incoming);

  heading('1  Start');
  const url = await startDaemon();
  const admin = createClient({
    url,
    token: issueToken(['--role', 'admin', '--subject', 'frode']),
    reason: 'demonstration',
  });
  out.say(`daemon on ${url}, data in ${dataFolder}`);

  heading('2  Tenant');
  const created = performance.now();
  await admin.send('POST', '/admin/tenants', {
    tenant_id: 'nordlaw',
    tenant_name: 'Nord Law',
    contact_email: 'dana@nordlaw.example',
    tier: 'standard',
  });
  const tenant = await settled(admin, 'nordlaw', ['ACTIVE', 'FAILED']);
  if (tenant.state !== 'ACTIVE') throw new Error(`provisioning ended in ${tenant.state}`);
  out.say(
    `nordlaw is ${tenant.state} after ${seconds(created)}: ${tenant.provisioning.steps.map(({ step }) => step).join(' → ')}`,
  );
  const dana = createClient({
    url,
    token: issueToken(['--role', 'tenant_admin', '--tenant', 'nordlaw', '--subject', 'dana']),
  });

  heading('3  Ingest');
  const received = performance.now();
  const receipt = await submitFolder(dana, incoming, 'nordlaw', 'demo-batch');
  out.say(`batch receipt after ${seconds(received)}: ${receipt.receipts.length} receipts`);
  const status = await follow(dana, 'nordlaw', 'demo-batch', out);
  out.say(`settled after ${seconds(received)}`);

  heading('4  Acceptance report');
  report(status);

  heading('5  Questions');
  const questions = options.dir ? await ownQuestions(dana, status) : QUESTIONS;
  for (const question of questions) await ask(dana, question);

  heading('6  Provenance');
  await verifyChains(dana, status);

  heading('7  Kill-switch');
  await killSwitch(admin, dana, url);

  heading('Done');
  out.say(`in ${seconds(started)}; API reference: ${url}/api/v1/reference`);
  if (options.keep) {
    out.say(`still running (pid ${daemon?.pid}); stop it with: kill ${daemon?.pid}`);
    out.say(
      `try: FROSTBYTE_URL=${url} FROSTBYTE_TOKEN=$(${frostbyte} token issue --data ${dataFolder} --role tenant_admin --tenant nordlaw) ${frostbyte} search nordlaw lease`,
    );
    daemon?.unref();
    daemon?.stdout?.destroy();
  }
}

/** The daemon as it ships; with a reduced parser sandbox where the host forbids network namespaces, and it says so. */
async function startDaemon(): Promise<string> {
  const isolated = spawnSync('unshare', process.getuid?.() === 0 ? ['-n', 'true'] : ['-rn', 'true']).status === 0;
  if (!isolated) out.say('this host forbids unprivileged network namespaces: parser.sandbox is reduced for this demo');
  const child = spawn(frostbyte, ['serve', '--data', dataFolder], {
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      FROSTBYTE_PORT: '0',
      FROSTBYTE_LOG_LEVEL: 'error',
      ...(isolated ? {} : { FROSTBYTE_PARSER_SANDBOX: 'reduced' }),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: options.keep,
  });
  daemon = child;
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /listens on (\S+)/.exec(line)?.[1];
    if (url) return url;
  }
  throw new Error('the daemon did not start');
}

async function stopDaemon(): Promise<void> {
  const child = daemon;
  if (!child || child.exitCode !== null) return;
  const gone = new Promise((done) => child.once('exit', done));
  child.kill('SIGTERM');
  await gone;
}

function issueToken(args: string[]): string {
  const { stdout, stderr, status } = spawnSync(frostbyte, ['token', 'issue', '--data', dataFolder, ...args], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`no token: ${stderr}`);
  return stdout.trim();
}

/** Plain files of the folder itself, flat: names are what a vendor would send. */
function copyFiles(from: string, to: string): void {
  cpSync(from, to, {
    recursive: true,
    dereference: true,
    filter: (path) => path === from || (statSync(path).isFile() && !path.endsWith('README.md')),
  });
  if (readdirSync(to).length === 0) throw new Error(`${from} holds no files`);
}

function report({ acceptance_report }: BatchStatus): void {
  if (!acceptance_report) throw new Error('the batch has no acceptance report');
  const { summary, files } = acceptance_report;
  const pii = new Set(files.flatMap(({ policy }) => policy?.pii_types ?? []));
  const dropped = files.reduce((count, { parsing }) => count + (parsing?.dropped_content.length ?? 0), 0);
  out.say(
    table([
      ['submitted', summary.files_submitted],
      ['accepted', summary.files_accepted],
      ['rejected', summary.files_rejected],
      ['quarantined', summary.files_quarantined],
      ['held for review', summary.files_held],
      ['duplicates', summary.files_duplicate],
      [
        'chunks indexed',
        `${summary.total_chunks_indexed} of ${summary.total_chunks_produced}, ${summary.total_chunks_quarantined} in quarantine`,
      ],
      ['content dropped', `${dropped} (each named, with its page)`],
      ['PII found', [...pii].join(', ') || 'none'],
      [
        'classes',
        Object.entries(summary.classifications)
          .map(([name, count]) => `${name} ${count}`)
          .join(', '),
      ],
    ]),
  );
  const problems = files.flatMap((file) =>
    file.problems
      .filter(({ code }) => code !== 'CONTENT_DROPPED')
      .map((problem) => [file.original_filename, problem.code, problem.remediation]),
  );
  if (problems.length > 0) out.say(`\n${table([['FILE', 'PROBLEM', 'WHAT TO DO'], ...problems])}`);
}

async function ask(api: Client, question: string): Promise<void> {
  const asked = performance.now();
  const { data: proof } = await api.send<RetrievalProof>('POST', '/query/nordlaw/search', {
    query_text: question,
    top_k: 3,
  });
  const best = proof.chunks[0];
  out.say(`\n? ${question}   (${Math.round(performance.now() - asked)} ms, evidence ${proof.evidence})`);
  if (!best) return out.say('  nothing found');
  out.say(
    `  ${printable(best.original_filename)}, page ${best.page}, characters ${best.start_char}–${best.end_char}, score ${best.similarity_score.toFixed(3)}, ${best.classification}`,
  );
  out.say(`  source ${best.source_sha256}`);
  out.say(`  canonical ${best.canonical_sha256}`);
  out.say(excerpt(best.text, question));
}

/** The lines of a chunk around the first word it shares with the question. */
function excerpt(text: string, question: string): string {
  const words = question.toLowerCase().match(/\p{L}{5,}/gu) ?? [];
  const lines = text.split('\n').filter((line) => line.trim());
  const at = Math.max(
    0,
    lines.findIndex((line) => words.some((word) => line.toLowerCase().includes(word))),
  );
  return lines
    .slice(at, at + 4)
    .map((line) => `  │ ${printable(line.length > 150 ? `${line.slice(0, 150)}…` : line)}`)
    .join('\n');
}

/** For a reader's own folder: the titles of its own sections. */
async function ownQuestions(api: Client, status: BatchStatus): Promise<string[]> {
  const titles: string[] = [];
  for (const { doc_id, state } of status.files) {
    if (titles.length >= 5) break;
    if (state !== 'indexed' || !doc_id) continue;
    const { data } = await api.get<{
      original_filename: string;
      chunks: { text: string; metadata: { section_title?: string | null } }[];
    }>(`/query/nordlaw/document/${doc_id}`);
    const title = data.chunks
      .map(({ metadata, text }) => metadata.section_title ?? text.split('\n')[0]!)
      .find((line) => line.trim().length > 8);
    if (title) titles.push(title.slice(0, 120));
  }
  return titles;
}

interface Chain {
  events: unknown[];
  hash_chain_verification: { valid: boolean; links: number };
}

async function verifyChains(api: Client, status: BatchStatus): Promise<void> {
  const indexed = status.files.filter(({ state }) => state === 'indexed');
  let links = 0;
  for (const { doc_id } of indexed) {
    const { data } = await api.get<Chain>(`/audit/nordlaw/chain/${doc_id}`);
    if (!data.hash_chain_verification.valid) throw new Error(`the provenance chain of ${doc_id} is broken`);
    links += data.hash_chain_verification.links;
  }
  out.say(`${indexed.length} documents, ${links} links from raw file to index, every chain unbroken`);
}

async function killSwitch(admin: Client, dana: Client, url: string): Promise<void> {
  const refused = async (api: Client): Promise<string> => {
    try {
      await api.send('POST', '/query/nordlaw/search', { query_text: 'lease' });
    } catch (error) {
      if (isFrostbyteError(error)) return error.code;
      throw error;
    }
    throw new Error('a suspended tenant was served');
  };
  const asked = performance.now();
  await admin.send('POST', '/admin/tenants/nordlaw/suspend', { reason: 'demonstration' });
  const code = await refused(dana);
  out.say(
    `suspended: refused with ${code} after ${Math.round(performance.now() - asked)} ms; an administrator gets ${await refused(admin)}`,
  );
  await admin.send('POST', '/admin/tenants/nordlaw/resume', { reason: 'demonstration over' });
  const again = createClient({
    url,
    token: issueToken(['--role', 'tenant_admin', '--tenant', 'nordlaw', '--subject', 'dana']),
  });
  const { data } = await again.send<RetrievalProof>('POST', '/query/nordlaw/search', { query_text: 'lease' });
  out.say(
    `resumed: the old token is dead (${await refused(dana)}), a new one finds ${data.chunks.length} chunks again`,
  );
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}

/**
 * `make demo`: the whole pipeline on a folder of documents, on the embedded default, in one go. It starts a daemon on a
 * free loopback port with a temporary data folder and drives it as a user would, through the shipped command line's
 * own modules and HTTP alone. It fails loudly when anything is not as it should be.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { BatchStatus } from '../appliance/api/schemas/ingest.ts';
import type { RetrievalProof } from '../appliance/api/schemas/query.ts';
import { type Client, createClient } from '../appliance/cli/client.ts';
import { follow, submitFolder } from '../appliance/cli/commands/ingest.ts';
import { CheckFailed, explain } from '../appliance/cli/exit.ts';
import { createOutput, printable, table } from '../appliance/cli/output.ts';
import { settled } from '../appliance/cli/settled.ts';
import { filesToSend, folderEntries, MANIFEST_NAME } from '../appliance/data/1-intake/folder-entries.ts';
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
  'When is the shift leader called after a freezer alarm?',
  'Who may approve access beyond the treating team?',
  'What does the claimant ask the court to order?',
];

/** What is not a model of its own. */
const EMBEDDERS: Readonly<Record<string, string>> = {
  lexical: 'the built-in embedder (lexical), which knows words; make models brings one that knows meaning',
};

const LONGEST_RELAY_MS = 10_000;
/** Of the daemon's log, when something went wrong. */
const MOST_LOG_LINES = 20;

const out = createOutput({ json: false });
const bold = (text: string) => (process.stdout.isTTY ? `\x1b[1m${text}\x1b[0m` : text);
const heading = (text: string) => out.say(`\n${bold(text)}`);
/** Indented, without blanks at a line's end. */
const say = (text: string) => out.say(text.replaceAll(/^(.*?)\s*$/gm, '   $1').trimEnd());

const started = performance.now();
const work = mkdtempSync(join(tmpdir(), 'frostbyte-demo-'));
const dataFolder = join(work, 'data');
/** What the daemon says. A file and no pipe of ours, so that a daemon that is kept holds nobody up (`| tail`). */
const daemonLog = join(work, 'daemon.log');
let daemon: ChildProcess | undefined;
let failed = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    await cleanUp();
    process.exit(signal === 'SIGINT' ? 130 : 143);
  });
}
// A reader that has seen enough (`| head`) ends it, and nothing is left running behind his back.
process.stdout.once('error', async () => {
  await cleanUp();
  process.exit(0);
});
try {
  await demo();
} catch (error) {
  failed = true;
  // A refusal says what to do; only a mistake of ours is shown with its place in the code.
  const refusal = isFrostbyteError(error) || error instanceof CheckFailed;
  out.warn(`\nThe demo failed: ${refusal ? explain(error) : (error as Error).stack}`);
}
if (!(options.keep && !failed)) await cleanUp();
process.exitCode = failed ? 1 : 0;

/** Leaves nothing: no process, no file. What the daemon complained about is passed on first. */
async function cleanUp(): Promise<void> {
  await stopDaemon();
  const said = daemonSaid();
  if (said) out.warn(said);
  rmSync(work, { recursive: true, force: true, maxRetries: 5 });
}

async function demo(): Promise<void> {
  const source = options.dir ? resolve(options.dir) : SAMPLES;
  await refuseUnreadable(source);
  out.say(bold('Frostbyte: document in, structure out, every step provable afterwards'));

  heading('1  Start the appliance');
  const url = await startDaemon();
  const admin = createClient({
    url,
    token: issueToken(['--role', 'admin', '--subject', 'frode']),
    reason: 'demonstration',
  });
  say(`daemon  ${url}\ndata    ${dataFolder}`);

  heading('2  Provision a tenant');
  const created = performance.now();
  await admin.send('POST', '/admin/tenants', {
    tenant_id: 'nordlaw',
    tenant_name: 'Nord Law',
    contact_email: 'dana@nordlaw.example',
    tier: 'standard',
    // The samples show what is held for review; in a reader's own folder nobody is there to review.
    ...(options.dir ? { config: { classification_review_enabled: false } } : {}),
  });
  const tenant = await settled(admin, 'nordlaw', ['ACTIVE', 'FAILED']);
  if (tenant.state !== 'ACTIVE') throw new Error(`provisioning ended in ${tenant.state}`);
  say(`nordlaw is ${tenant.state} after ${seconds(created)}`);
  say(tenant.provisioning.steps.map(({ step }) => step).join(' → '));
  if (options.dir) say('review is off for this tenant: files of an unclear class are indexed too');
  const dana = createClient({
    url,
    token: issueToken(['--role', 'tenant_admin', '--tenant', 'nordlaw', '--subject', 'dana']),
  });

  heading(`3  Ingest ${options.dir ?? 'docs/samples'}`);
  const received = performance.now();
  const receipt = await submitFolder(dana, source, 'nordlaw', 'demo-batch', {
    started: (_id, left) => left.forEach(say),
  });
  say(`receipts after ${seconds(received)}: ${receipt.receipts.length}, one for each file`);
  say('parse → policy → embed → index, each document in a sandboxed process of its own:');
  const status = await follow(dana, 'nordlaw', 'demo-batch', out);
  say(`settled after ${seconds(received)}`);

  heading('4  Acceptance report');
  report(status);

  heading('5  Ask, and get the retrieval proof');
  const questions = options.dir ? await ownQuestions(dana, status) : QUESTIONS;
  if (questions.length === 0) say('nothing was indexed, so there is nothing to ask');
  const embedders = new Set<string>();
  for (const question of questions) embedders.add(await ask(dana, question));
  if (embedders.size > 0) {
    out.say('');
    say(`answered by ${[...embedders].join(', ')}`);
  }

  heading('6  Verify the provenance chains');
  await verifyChains(dana, status);

  heading('7  Pull the kill-switch');
  await killSwitch(admin, dana, url);

  heading('Done');
  if (!options.keep) return say(`in ${seconds(started)}; the daemon is stopped and its data removed`);
  say(`in ${seconds(started)}; API reference: ${url}/api/v1/reference`);
  say(`still running, its log is ${daemonLog}\nstop it with: kill ${daemon?.pid} && rm -r ${work}`);
  say(
    `try: FROSTBYTE_URL=${url} FROSTBYTE_TOKEN=$(${frostbyte} token issue --data ${dataFolder} --role tenant_admin --tenant nordlaw) ${frostbyte} search nordlaw lease`,
  );
  daemon?.unref();
}

/** Before anything is started: a folder that cannot be sent as it is. */
async function refuseUnreadable(folder: string): Promise<void> {
  const { links } = await folderEntries(folder);
  // A manifest says itself what is to be sent; it is looked at when it is.
  if (links.includes(MANIFEST_NAME) || !existsSync(join(folder, MANIFEST_NAME))) await filesToSend(folder);
}

/**
 * The daemon as it ships. Where the host forbids network namespaces the parser's sandbox is reduced, and the demo says
 * so: first a quick try, then what the daemon itself found.
 */
async function startDaemon(): Promise<string> {
  const isolated = spawnSync('unshare', process.getuid?.() === 0 ? ['-n', 'true'] : ['-rn', 'true']).status === 0;
  let url = await launch(isolated ? 'full' : 'reduced');
  let layers = await sandboxLayers(url);
  let reduced = !isolated;
  if (isolated && layers.some(({ ok }) => !ok)) {
    await stopDaemon();
    url = await launch('reduced');
    layers = await sandboxLayers(url);
    reduced = true;
  }
  if (reduced) say('this host forbids network namespaces: parser.sandbox is reduced for this demo');
  const missing = layers.filter(({ ok }) => !ok);
  if (missing.length > 0)
    throw new Error(
      `the parser's sandbox lacks ${missing.map(({ name, message }) => `${name}: ${message}`).join('; ')}`,
    );
  return url;
}

async function launch(sandbox: 'full' | 'reduced'): Promise<string> {
  const log = openSync(daemonLog, 'w');
  const child = spawn(frostbyte, ['serve', '--data', dataFolder], {
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      FROSTBYTE_PORT: '0',
      FROSTBYTE_LOG_LEVEL: 'error',
      FROSTBYTE_PARSER_SANDBOX: sandbox,
    },
    stdio: ['ignore', log, log],
    // A process group of its own: on Ctrl-C the demo stops it in good order.
    detached: true,
  });
  closeSync(log);
  daemon = child;
  while (child.exitCode === null && child.signalCode === null) {
    const url = /listens on (\S+)/.exec(readFileSync(daemonLog, 'utf8'))?.[1];
    if (url) return url;
    await delay(50);
  }
  throw new Error('the daemon did not start');
}

/** The end of the daemon's log, but for its greeting. */
function daemonSaid(): string {
  const lines = existsSync(daemonLog) ? readFileSync(daemonLog, 'utf8').split('\n') : [];
  return lines
    .filter((line) => line && !line.includes(' listens on '))
    .slice(-MOST_LOG_LINES)
    .join('\n');
}

interface Layer {
  name: string;
  ok: boolean;
  message: string;
}

async function sandboxLayers(url: string): Promise<Layer[]> {
  const { dependencies } = (await (await fetch(`${url}/ready`)).json()) as { dependencies: Layer[] };
  return dependencies.filter(({ name }) => name.startsWith('parser.'));
}

async function stopDaemon(): Promise<void> {
  const child = daemon;
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
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

function report({ acceptance_report }: BatchStatus): void {
  if (!acceptance_report) throw new Error('the batch has no acceptance report');
  const { summary, files } = acceptance_report;
  const pii = new Set(files.flatMap(({ policy }) => policy?.pii_types ?? []));
  const dropped = files.reduce((count, { parsing }) => count + (parsing?.dropped_content.length ?? 0), 0);
  say(
    table([
      ['FILE', 'RESULT', 'CLASS', 'CHUNKS', 'COVERAGE', 'PERSONAL DATA'],
      ...files.map((file) => [
        file.original_filename,
        file.duplicate_of ? `${file.status} (duplicate)` : file.status,
        file.policy?.classification ?? '',
        file.parsing?.chunks ?? '',
        typeof file.parsing?.coverage === 'number' ? `${Math.floor(file.parsing.coverage * 100)} %` : '',
        file.policy?.pii_types.join(', ') ?? '',
      ]),
    ]),
  );
  out.say('');
  say(
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
      ['content dropped', dropped === 0 ? 'none' : `${dropped} (each named in the report, with its page)`],
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
    file.problems.map(({ code, remediation }) => [file.original_filename, code, remediation]),
  );
  if (problems.length === 0) return;
  out.say('');
  say(table([['FILE', 'PROBLEM', 'WHAT TO DO'], ...problems]));
}

/** Asks, shows the best answer, and tells which embedder it was found with. */
async function ask(api: Client, question: string): Promise<string> {
  const asked = performance.now();
  const { data: proof } = await api.send<RetrievalProof>('POST', '/query/nordlaw/search', {
    query_text: question,
    top_k: 3,
  });
  const took = Math.round(performance.now() - asked);
  const best = proof.chunks[0];
  out.say('');
  say(bold(`? ${printable(question)}`));
  const embedder =
    EMBEDDERS[proof.embed_model] ?? `the model ${proof.embed_model} (${proof.embed_version}), which knows meaning`;
  if (!best) {
    say('  nothing found');
    return embedder;
  }
  say(excerpt(best.text, question));
  say(
    `  ${printable(best.original_filename)}, page ${best.page}, characters ${best.start_char}–${best.end_char}, class ${best.classification}`,
  );
  say(`  score ${best.similarity_score.toFixed(3)}, evidence ${proof.evidence}, ${took} ms`);
  say(`  source    sha256 ${best.source_sha256}`);
  say(`  canonical sha256 ${best.canonical_sha256}`);
  return embedder;
}

/** The lines of a chunk from the one on that shares most words with the question. */
function excerpt(text: string, question: string): string {
  const words = new Set(question.toLowerCase().match(/\p{L}{4,}/gu) ?? []);
  const shared = (line: string) => [...words].filter((word) => line.toLowerCase().includes(word)).length;
  const lines = text.split('\n').filter((line) => line.trim());
  const most = Math.max(...lines.map(shared));
  const at = lines.findIndex((line) => shared(line) === most);
  return lines
    .slice(at, at + 3)
    .map((line) => `  │ ${printable(line.length > 240 ? `${line.slice(0, 240)}…` : line)}`)
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
  hash_chain_verification: { valid: boolean | null; complete: boolean; links: number };
}

/** Events reach the log a moment after what they tell of: the end of an indexed document's chain is waited for. */
async function chainOf(api: Client, docId: string, whole: boolean): Promise<Chain['hash_chain_verification']> {
  for (const deadline = performance.now() + LONGEST_RELAY_MS; ; await delay(100)) {
    const { data } = await api.get<Chain>(`/audit/nordlaw/chain/${docId}`);
    const { hash_chain_verification: chain } = data;
    if (chain.valid === false || chain.complete || !whole || performance.now() > deadline) return chain;
  }
}

async function verifyChains(api: Client, status: BatchStatus): Promise<void> {
  // Of every document, however far it came; the same bytes twice are one.
  const documents = new Set(status.files.flatMap(({ doc_id, state }) => (doc_id && state ? [doc_id] : [])));
  const indexed = new Set(status.files.flatMap(({ doc_id, state }) => (state === 'indexed' ? [doc_id] : [])));
  let [links, whole] = [0, 0];
  for (const doc_id of documents) {
    const chain = await chainOf(api, doc_id, indexed.has(doc_id));
    if (!chain.valid) throw new Error(`the provenance chain of ${doc_id} is broken`);
    if (indexed.has(doc_id) && !chain.complete)
      throw new Error(`${doc_id} is indexed, and its provenance chain does not say how`);
    links += chain.links;
    whole += chain.complete ? 1 : 0;
  }
  say(`${documents.size} documents, ${whole} of them from raw file to index: ${links} links, every chain unbroken`);
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
  say(
    `suspended  the tenant is refused with ${code} after ${Math.round(performance.now() - asked)} ms, an administrator with ${await refused(admin)}`,
  );
  await admin.send('POST', '/admin/tenants/nordlaw/resume', { reason: 'demonstration over' });
  const again = createClient({
    url,
    token: issueToken(['--role', 'tenant_admin', '--tenant', 'nordlaw', '--subject', 'dana']),
  });
  const { data } = await again.send<RetrievalProof>('POST', '/query/nordlaw/search', { query_text: 'lease' });
  say(
    `resumed    the old token stays dead (${await refused(dana)}), a new one finds ${data.chunks.length} chunks again`,
  );
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}

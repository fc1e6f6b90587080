import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readEvidence } from '../../bundle/evidence/log.ts';
import { paddingOf, TAR_END, tarHeader } from '../../bundle/format/tar.ts';
import type { HostLayout } from '../../bundle/host-layout.ts';
import { INSTALL } from '../../bundle/install/install.ts';
import { workingOn } from '../../bundle/operation/host-lock.ts';
import { allOperations } from '../../bundle/operation/operations.ts';
import type { ProgressEvent } from '../../bundle/operation/progress.ts';
import type { OperationState } from '../../bundle/operation/state.ts';
import type { HostDiagnosis, SupportListing } from '../../control/verbs.ts';
import { replaceFile } from '../../kernel/durable-file.ts';
import { supportBundleName } from '../../kernel/names.ts';
import { Refusal } from '../../ui/api.ts';
import type {
  Choices,
  Installer,
  LivePhase,
  OperationView,
  PlannedRelease,
  PreflightReport,
  Progress,
  VerifiedRelease,
} from '../../ui/installer/port.ts';
import type { CommandLine, Started } from '../host/command-line.ts';
import { entriesOf } from '../host/evidence-entries.ts';
import { installedConfig } from '../host/installed-config.ts';
import { gatewayUrl } from '../host/readiness.ts';

/** What its phases say is kept in this many lines. */
const MOST_NOTES = 200;
/** The owner of the first token. */
const FIRST = 'operator';

export interface HostInstallerOptions {
  release: VerifiedRelease;
  layout: HostLayout;
  command: CommandLine;
  /** Options that install.sh was given and that decide whether the copy is believed. */
  belief: readonly string[];
  now?: () => Date;
}

/**
 * The installer's pages on this host (`Installer`): every change and every judgement is a command of the command line in a
 * process of its own; where an operation stands is read from its journal, and the record
 * of the host from its log.
 */
export function hostInstaller({
  release,
  layout,
  command,
  belief,
  now = () => new Date(),
}: HostInstallerOptions): Installer {
  const onRoot = ['--root', layout.root];
  let running: (Started & { since: string }) | null = null;
  let live: LivePhase | null = null;
  let refusal: Progress['refusal'] = null;
  const notes: string[] = [];
  const recovery = join(layout.data, 'recovery');

  function begin(...words: string[]): void {
    if (running !== null) throw busy();
    [live, refusal] = [null, null];
    notes.length = 0;
    const started = command.start([...words, ...onRoot], {
      event: (said) => hear(said as ProgressEvent),
      ended(why) {
        running = null;
        live = null;
        // How an operation ended is in its journal; here is what kept one from beginning.
        refusal = why === null || why.code === 'CHECK_FAILED' ? null : why;
      },
    });
    running = { ...started, since: now().toISOString() };
  }

  function hear({ phase, done, total, eta_seconds, event, text }: ProgressEvent): void {
    live = { phase, done, total, eta_seconds };
    if (event !== 'noted' || text === null) return;
    notes.push(text);
    if (notes.length > MOST_NOTES) notes.shift();
  }

  function latest(): OperationState | null {
    const all = allOperations(layout.operations);
    const found = all.find(({ result }) => result === null) ?? all.at(-1) ?? null;
    // What runs now has not written its plan yet.
    return running !== null && found !== null && found.result !== null && found.last_at < running.since ? null : found;
  }

  /** Settings of the appliance, once there are some. */
  const settled = () => {
    const file = join(layout.settings, 'frostbyte.yaml');
    return existsSync(file) ? ['--config', file] : [];
  };

  return {
    release,
    preflight: (choices) => command.ask<PreflightReport>(...preflightWords(release, choices), ...onRoot),
    async plan(choices) {
      const { phases, bills = null } = await command.ask<Partial<PlannedRelease>>(
        ...releaseWords(release, choices, belief),
        '--dry-run',
        ...onRoot,
      );
      return { phases: phases ?? [], bills };
    },
    async start(choices) {
      begin(...releaseWords(release, choices, belief));
    },
    async resume() {
      begin('plan', 'resume');
    },
    async rollBack(because) {
      begin('plan', 'rollback', `--because=${because === '' ? 'the operator wanted it' : because}`);
    },
    async stop() {
      running?.stop();
      await running?.over;
    },
    async progress() {
      const operation = latest();
      const isRunning = running !== null;
      const elsewhere =
        isRunning || operation === null || operation.result !== null ? null : whoElse(layout.operations);
      return {
        operation: operation === null ? null : viewOf(operation),
        ...{ running: isRunning, elsewhere, live, notes, refusal },
        challenge: isRunning || operation?.failure?.phase !== 'recovery' ? null : challengeIn(recovery),
        url:
          operation?.plan.kind === INSTALL && operation.result === 'done' && layout.root === '/'
            ? gatewayUrl(installedConfig(layout))
            : null,
      };
    },
    async answer(text) {
      if (running !== null) throw busy();
      if (challengeIn(recovery) === null) {
        throw new Refusal({
          status: 409,
          code: 'INVALID_STATE_TRANSITION',
          message: 'No challenge waits for an answer.',
        });
      }
      replaceFile(join(recovery, 'answer.txt'), `${text.trim()}\n`, 0o600);
      begin('plan', 'resume');
    },
    firstCode: () => command.ask('token', 'once', '--role', 'admin', '--subject', FIRST, ...settled()),
    evidence: async () => entriesOf(readEvidence(layout.evidence)),
    evidenceExport: () =>
      inScratch(async (folder) => {
        const to = join(folder, 'evidence');
        await command.ask('evidence', 'export', to, ...onRoot);
        return { name: 'frostbyte-evidence.tar', bytes: tarOf(to, 'frostbyte-evidence') };
      }),
    doctor: () => command.ask<HostDiagnosis>('doctor', ...settled()),
    supportListing: () => command.ask<SupportListing>('support-bundle', '--dry-run', ...settled()),
    supportBundle: async () => ({
      name: supportBundleName(now()),
      bytes: await command.bytes('support-bundle', '--out', '-', '--yes', ...settled()),
    }),
  };
}

function preflightWords({ kind, copy }: VerifiedRelease, { port, subnet, allow, reason }: Choices): string[] {
  return [
    ...['preflight', '--bundle', copy, '--no-record'],
    ...(kind === 'install' ? placed({ port, subnet }) : []),
    ...allowed({ allow, reason }),
  ];
}

function releaseWords({ kind }: VerifiedRelease, choices: Choices, belief: readonly string[]): string[] {
  if (kind === 'upgrade') return ['upgrade', ...allowed(choices), ...belief];
  const recipient = choices.recovery_recipient;
  return [
    'install',
    ...placed(choices),
    ...allowed(choices),
    ...belief,
    ...(recipient === '' ? [] : [`--recovery-recipient=${recipient}`]),
  ];
}

function busy(): Refusal {
  const message = 'An operation runs on this host already. Its progress is shown under Progress.';
  return new Refusal({ status: 409, code: 'OPERATION_RUNNING', message });
}

/** The command that works on the host just now. */
function whoElse(folder: string): string | null {
  const holder = workingOn(folder);
  return holder === null ? null : `${holder.command} (${holder.pid})`;
}

/** What is typed after a `=` is a value, whatever it begins with. */
const placed = ({ port, subnet }: Pick<Choices, 'port' | 'subnet'>) => [`--port=${port}`, `--subnet=${subnet}`];

const allowed = ({ allow, reason }: Pick<Choices, 'allow' | 'reason'>) => [
  ...(allow === '' ? [] : [`--allow=${allow}`]),
  ...(reason === '' ? [] : [`--reason=${reason}`]),
];

function viewOf({ plan, phases, direction, result, failure, started_at, last_at }: OperationState): OperationView {
  const { operation, kind, title } = plan;
  return {
    ...{ operation, kind, title, direction, result, failure, started_at, last_at },
    phases: plan.phases.map(({ name, title: says, reversible }) => ({
      ...{ name, title: says, reversible },
      state: phases.get(name)!.state,
    })),
  };
}

/** As `proveRecovery` left it for whoever brings the answer. */
function challengeIn(folder: string): Progress['challenge'] {
  try {
    return JSON.parse(readFileSync(join(folder, 'challenge.json'), 'utf8')) as NonNullable<Progress['challenge']>;
  } catch {
    return null;
  }
}

async function inScratch<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'frostbyte-installer-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The plain files of a folder as one tar. O(bytes). */
function tarOf(folder: string, under: string): Uint8Array<ArrayBuffer> {
  const parts: Buffer[] = [];
  for (const name of readdirSync(folder).sort()) {
    const bytes = readFileSync(join(folder, name));
    parts.push(tarHeader({ path: `${under}/${name}`, size: bytes.length, executable: false }), bytes);
    parts.push(Buffer.alloc(paddingOf(bytes.length)));
  }
  return Buffer.concat([...parts, TAR_END]);
}

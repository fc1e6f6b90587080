import { createServer } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { silentLogger } from '../../../appliance/observability/logger.ts';
import { Refusal } from '../../../appliance/ui/api.ts';
import { loadAssets } from '../../../appliance/ui/assets.ts';
import { entrance } from '../../../appliance/ui/installer/entrance.ts';
import type { Choices, Installer, JudgedCheck, OperationView, Progress } from '../../../appliance/ui/installer/port.ts';

const RECIPIENT = `age1${'q'.repeat(58)}`;
const HASH = 'c0ffee'.repeat(10).padEnd(64, '0');
const PHASES = [
  ['folders', 'Make the folders'],
  ['release', 'Put release 1.2.3 in its place'],
  ['images', 'Load the images that the engine lacks'],
  ['services', 'Start the services'],
  ['recovery', 'Prove the recovery recipient'],
] as const;

/** An installer that does nothing to any host: its phases go on when a test says so. As strict as the command line. */
export interface ScriptedInstaller extends Installer {
  /** What was asked for, in order. */
  readonly asked: string[];
  /** The phase at work comes to its end; the last one asks for its answer first. */
  advance(): void;
}

export function scriptedInstaller(): ScriptedInstaller {
  const asked: string[] = [];
  let operation: OperationView | null = null;
  let running = false;
  let done = 0;
  const view = (changed: Partial<OperationView> = {}): OperationView => ({
    operation: '20260101T000000Z-install',
    kind: 'install',
    title: 'Install 1.2.3',
    direction: 'forward',
    result: null,
    failure: null,
    started_at: '2026-01-01T00:00:00.000Z',
    last_at: '2026-01-01T00:00:00.000Z',
    phases: PHASES.map(([name, title], at) => ({
      ...{ name, title, reversible: true },
      state: at < done ? 'done' : at === done && running ? 'begun' : 'pending',
    })),
    ...changed,
  });
  const checks = ({ allow }: Choices): JudgedCheck[] => [
    check('architecture', 'Processor', 'pass', 'x86_64', null, true),
    check('memory', 'Memory', 'warn', '7.1 GiB', 'With 16 GiB more tenants fit.'),
    check(
      ...([
        'swap',
        'Swap',
        allow.split(',').includes('swap') ? 'allowed' : 'fail',
        'swap is on',
        'swapoff -a',
      ] as const),
    ),
  ];
  const wait = (failure: OperationView['failure']) => {
    running = false;
    operation = view({ failure });
  };
  const begin = () => {
    if (running)
      throw new Refusal({ status: 409, code: 'OPERATION_RUNNING', message: 'An operation runs on this host already.' });
    running = true;
    operation = view();
  };
  return {
    asked,
    release: {
      kind: 'install',
      version: '1.2.3',
      counter: 17,
      arch: 'amd64',
      manifest_sha256: HASH,
      root: 'SHA256:0oRootKeyOfTheVendorAsItStandsOnPaperAndNowhere',
      signer: 'SHA256:7Q1GmEoWJHPIdOqQ4xvJDq0Tn4Yw3Ym2aVwzBBrjQ0E',
      bytes: 1_234_567_890,
      copy: '/opt/frostbyte/quarantine/1.2.3',
    },
    async preflight(choices) {
      asked.push(`preflight ${choices.port} ${choices.allow} ${choices.reason}`.trim());
      if (!/^\d+$/.test(choices.port)) {
        const details = [{ field: 'subnet, port', constraint: '172.28, and a number up to 65535' }];
        throw new Refusal({ status: 409, code: 'VALIDATION_ERROR', message: 'The port cannot be read.', details });
      }
      const all = checks(choices);
      const counts = { pass: 0, warn: 0, fail: 0, allowed: 0 };
      for (const { result } of all) counts[result] += 1;
      return { host: 'box', system: 'Debian 12', checks: all, counts, ok: counts.fail === 0 };
    },
    async plan() {
      const phases = PHASES.map(([name, title], at) => ({
        ...{ name, title, seconds: 20, reversible: at !== 3 },
        would: at < done ? ('nothing' as const) : at === 2 ? ('unknown' as const) : ('do' as const),
      }));
      return { phases, bills: null };
    },
    async start({ recovery_recipient: recipient }) {
      asked.push(`start ${recipient}`);
      begin();
    },
    async resume() {
      asked.push('resume');
      begin();
    },
    async rollBack(because) {
      asked.push(`roll back: ${because}`);
      [done, running] = [0, false];
      operation = view({ direction: 'back', result: 'rolled-back' });
    },
    async stop() {
      asked.push('stop');
      wait(null);
    },
    advance() {
      if (done === PHASES.length - 1) {
        return wait({ phase: 'recovery', code: 'OPERATION_FAILED', message: 'The challenge waits for its answer.' });
      }
      done += 1;
      operation = view();
    },
    async progress(): Promise<Progress> {
      const [name] = PHASES[Math.min(done, PHASES.length - 1)]!;
      return {
        ...{ operation, running, elsewhere: null, refusal: null },
        live: running ? { phase: name, done: 3, total: 4, eta_seconds: 80 } : null,
        notes: running || done > 0 ? ['2 of 5 images were sent, 40 MB; <script>alert(1)</script>'] : [],
        challenge:
          operation?.failure?.phase === 'recovery'
            ? {
                recipient: RECIPIENT,
                challenge: '-----BEGIN AGE ENCRYPTED FILE-----\n…',
                expires_at: '2126-01-01T00:00:00.000Z',
              }
            : null,
        url: operation?.result === 'done' ? 'http://127.0.0.1:8080' : null,
      };
    },
    async answer(text) {
      asked.push(`answer ${text}`);
      done = PHASES.length;
      operation = view({ result: 'done' });
    },
    firstCode: async () => ({ code: 'ABCDE-FGHJK-MNPQR-STVWX-YZ012', expires_at: '2126-01-01T00:00:00.000Z' }),
    evidence: async () => [
      {
        ...{ n: 0, at: '2026-01-01T00:00:00.000Z', by: 'root (frida)', action: 'verify' },
        ...{ bundle: '1.2.3 (17)', result: 'ok', hash: HASH },
      },
    ],
    evidenceExport: async () => ({ name: 'frostbyte-evidence.tar', bytes: new Uint8Array(1024) }),
    doctor: async () => ({
      ok: true,
      looked_for: 31,
      findings: [
        {
          ...{ code: 'DISK_ALMOST_FULL', title: 'The disk is almost full', severity: 'warning', found: ['/var: 93 %'] },
          ...{ why: 'Documents and copies of the data grow.', mend: 'Make room, or name a larger disk.' },
        },
      ],
      blind: [{ what: 'the engine', why: 'it is not installed yet' }],
    }),
    supportListing: async () => ({
      files: [{ path: 'facts.json', bytes: 4096, cut: false }],
      bytes: 1500,
      missing: [{ path: 'metrics.txt', why: 'nothing runs yet' }],
    }),
    supportBundle: async () => ({ name: 'frostbyte-support.tar.gz', bytes: new Uint8Array(1500) }),
  };
}

function check(
  name: string,
  title: string,
  result: JudgedCheck['result'],
  found: string,
  mend: string | null,
  strict = false,
): JudgedCheck {
  return { name, title, strict, result, found, mend };
}

export interface ServedInstaller {
  url: string;
  installer: ScriptedInstaller;
  /** What the terminal shows: the codes, the newest last. */
  codes: string[];
  /** How often its pages ended it. */
  ended(): number;
  end(): Promise<void>;
}

/** Its pages on loopback. */
export async function serveScripted(): Promise<ServedInstaller> {
  // Whoever takes pictures runs no test, and so has nothing yet that compiles pages.
  await import('../../../appliance/bin/compile-pages.ts');
  const { createInstallerApp } = await import('../../../appliance/ui/installer/app.ts');
  const installer = scriptedInstaller();
  const codes: string[] = [];
  let ended = 0;
  const app = createInstallerApp({
    installer,
    entrance: entrance((code) => void codes.push(code)),
    choices: { port: '8080', subnet: '172.28', recovery_recipient: '', allow: '', reason: '' },
    assets: loadAssets(),
    logger: silentLogger,
    end: () => {
      ended += 1;
    },
  });
  const server = createServer(getRequestListener(app.fetch));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return {
    ...{ url: `http://127.0.0.1:${port}`, installer, codes },
    ended: () => ended,
    end: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import type { Logger } from '../kernel/telemetry.ts';
import { dyingWithParent } from './dying-with-parent.ts';
import { entryOf, NODE_FLAGS } from './entry.ts';
import type { Apart } from './relay-unit.ts';
import { repeat } from './repeat.ts';
import type { EmbedderSettings } from './wire/serve-embedder.ts';
import type { DoorsNote, EndpointSettings } from './wire/serve-endpoint.ts';
import { withoutNetwork } from './without-network.ts';

/** The embedder of a model, kept running. */
export interface KeptEmbedder {
  /** Of the process of now; null while there is none. */
  pid(): number | null;
  /** Tells it something, and whichever process takes its place. */
  tell(note: DoorsNote): void;
  stop(): Promise<void>;
}

export interface KeepEmbedderOptions {
  settings: EmbedderSettings | EndpointSettings;
  /** How it is; throws where it does not say. */
  status(): Promise<{ batch_ms: number }>;
  logger: Logger;
  /** Where it does not run as a child of this process. */
  apart?: Apart | null;
  /** How often it is asked. */
  everyMs?: number;
  /** A batch takes a second or two; one that takes this long takes for ever. */
  longestBatchMs?: number;
  /** One that answered before and says nothing for so long hangs. */
  silentMs?: number;
}

const EVERY_MS = 5000;
const LONGEST_BATCH_MS = 180_000;
/** Of one that answered before; one that starts may take longer. */
const SILENT_MS = 30_000;
const START_MS = 60_000;
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 10_000;

/**
 * Starts the embedder's process, and again whenever it ends; kills one that hangs. It waits longer each time for one that
 * dies soon after its start.
 */
export function keepEmbedder(options: KeepEmbedderOptions): KeptEmbedder {
  const {
    settings,
    status,
    logger,
    apart = null,
    everyMs = EVERY_MS,
    longestBatchMs = LONGEST_BATCH_MS,
    silentMs = SILENT_MS,
  } = options;
  let child: ChildProcess | null = null;
  let latest: DoorsNote | null = null;
  let stopping = false;
  let timer: NodeJS.Timeout | undefined;
  let deadline = 0;
  let wait = FIRST_WAIT_MS;

  function start(): void {
    // In a container it listens in networks that are made for it; on a host it needs none at all, but to ask an endpoint.
    const confined = 'socket' in settings.at && !('endpoint' in settings) ? withoutNetwork() : dyingWithParent();
    const [program, ...args] = [
      ...confined,
      ...(apart?.words ?? []),
      process.execPath,
      ...NODE_FLAGS,
      entryOf('embedder'),
    ];
    const started = performance.now();
    const made = spawn(program!, args, { env: {}, cwd: '/', stdio: ['pipe', 'inherit', 'inherit'] });
    child = made;
    deadline = started + START_MS;
    offerToMemoryKiller(made.pid);
    made.on('error', () => undefined);
    // No secret is in it; the pipe stays open for as long as this process lives.
    made.stdin!.on('error', () => undefined);
    made.stdin!.write(`${JSON.stringify(settings)}\n`);
    if (latest !== null) made.stdin!.write(`${JSON.stringify(latest)}\n`);
    made.once('close', (code, signal) => {
      child = null;
      if (stopping) return;
      // One that unloads its model ends well.
      if (code !== 0)
        logger.warn('the embedder ended, starting it again', { status: code ?? 0, ...(signal && { signal }) });
      wait = performance.now() - started > LONGEST_WAIT_MS ? FIRST_WAIT_MS : Math.min(wait * 2, LONGEST_WAIT_MS);
      timer = setTimeout(start, wait);
    });
  }

  async function look(): Promise<void> {
    const asked = child;
    const found = await status().catch(() => null);
    if (asked === null || asked !== child) return;
    const now = performance.now();
    if (found !== null) deadline = now + silentMs;
    if (now < deadline && (found?.batch_ms ?? 0) < longestBatchMs) return;
    logger.error('the embedder hangs and is killed', { pid: asked.pid ?? 0 });
    asked.kill('SIGKILL');
    await apart?.kill();
  }

  start();
  const looking = repeat(look, everyMs, () => undefined);
  return {
    pid: () => child?.pid ?? null,
    tell(note) {
      latest = note;
      child?.stdin?.write(`${JSON.stringify(note)}\n`);
    },
    async stop() {
      stopping = true;
      clearTimeout(timer);
      await looking.stop();
      if (child === null) return;
      const gone = new Promise((resolve) => child!.once('close', resolve));
      // It keeps nothing, so there is nothing to wait for.
      child.kill('SIGKILL');
      await Promise.all([gone, apart?.kill()]);
    },
  };
}

/** Where memory runs out the kernel takes the embedder, not who waits for it. Not everywhere may a process say so. */
function offerToMemoryKiller(pid: number | undefined): void {
  try {
    writeFileSync(`/proc/${pid}/oom_score_adj`, '500');
  } catch {}
}

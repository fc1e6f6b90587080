import { createServer } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import type { Logger } from '../../kernel/telemetry.ts';
import { loadAssets } from '../../ui/assets.ts';
import type { Choices, Installer } from '../../ui/installer/port.ts';
import { closeServer } from '../front-door.ts';

/** Loopback alone, whatever else there is. */
const HOST = '127.0.0.1';
const HEADERS_MS = 20_000;
const DRAIN_MS = 1000;

export interface ServeInstallerOptions {
  installer: Installer;
  choices: Choices;
  port: number;
  logger: Logger;
  /** A line for whoever sits at the terminal. */
  say(line: string): void;
  /** Ends it. */
  signal: AbortSignal;
}

/** Serves the installer's pages until `signal` fires or somebody ends it there; what still runs then is asked to stop, and waited for. */
export async function serveInstaller({
  installer,
  choices,
  port,
  logger,
  say,
  signal,
}: ServeInstallerOptions): Promise<void> {
  // The build sets it, and leaves out what only sources need.
  if (process.env.FROSTBYTE_BUNDLED === undefined) await import('../compile-pages.ts');
  const { createInstallerApp } = await import('../../ui/installer/app.ts');
  const { entrance } = await import('../../ui/installer/entrance.ts');
  let isFirst = true;
  const door = entrance((code) => {
    say(isFirst ? `One-time code:\n\n    ${code}\n` : `Somebody signed in. For another browser:\n\n    ${code}\n`);
    isFirst = false;
  });
  const ending = new AbortController();
  const end = () => {
    say('The installer was ended on its pages.');
    ending.abort();
  };
  const app = createInstallerApp({ installer, entrance: door, choices, assets: loadAssets(), logger, end });
  const server = createServer({ headersTimeout: HEADERS_MS }, getRequestListener(app.fetch));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, HOST, resolve);
  });
  const { port: taken } = server.address() as { port: number };
  say(`The installer’s pages are at http://${HOST}:${taken}, for browsers on this host alone. From elsewhere:`);
  say(
    `\n    ssh -L ${taken}:${HOST}:${taken} THIS_HOST\n\nCtrl-C ends them; an operation that runs then stops where it can, and goes on later.`,
  );
  await new Promise<void>((resolve) => {
    const either = AbortSignal.any([signal, ending.signal]);
    if (either.aborted) resolve();
    else either.addEventListener('abort', () => resolve(), { once: true });
  });
  await closeServer(server, DRAIN_MS);
  await installer.stop();
}

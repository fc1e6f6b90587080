import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { submit, text, whenSettled } from '../test/support/batch.ts';
import { browserMissing } from '../test/support/browser/chromium.ts';
import { furnish } from '../test/support/browser/places.ts';
import { type BrowserWorld, make } from '../test/support/browser/world.ts';
import { atLeast, atMost } from './bounds.ts';
import { median } from './support.ts';

/** As many as the promise speaks of; `FROSTBYTE_BENCH_DOCUMENTS` for fewer. */
const DOCUMENTS = Number(process.env.FROSTBYTE_BENCH_DOCUMENTS ?? 10_000);
const BATCH = 1000;
const LOOKS = 5;
const IDLE_MS = 20_000;
const LAUNCHER = resolve(import.meta.dirname, '../dist/frostbyte');
const UI = resolve(import.meta.dirname, '../dist/assets/ui');
const [FILES, FILE_BYTES] = [40, 5 << 20];

/**
 * What pages cost, in a real browser on loopback: the client's code compressed; the first paint of every page with many documents
 * stored; what a batch's live page takes while nothing happens; and sending a folder by the page against the command line.
 */
export async function measure(): Promise<string[]> {
  const missing = browserMissing();
  if (missing !== null) return [`no browser can be had here: ${missing}`];
  return [...code(), ...(await paints()), ...(await idle()), ...(await sending())];
}

function code(): string[] {
  const scripts = readdirSync(UI).filter((name) => name.endsWith('.js'));
  const bytes = scripts.reduce((sum, name) => sum + gzipSync(readFileSync(join(UI, name))).length, 0);
  return [
    `client code, compressed         ${(bytes / 1000).toFixed(1)} kB (${atMost('client code, kB', bytes / 1000, 60)})`,
  ];
}

async function paints(): Promise<string[]> {
  const world = await make({ launcher: LAUNCHER });
  try {
    const places = await furnish(world);
    const dana = await world.appliance.client('nordlaw');
    const began = performance.now();
    for (let at = 0; at < DOCUMENTS; at += BATCH) {
      const files = Array.from({ length: Math.min(BATCH, DOCUMENTS - at) }, (_, n) =>
        text(
          `letter-${at + n}.txt`,
          `Letter ${at + n} about the notice period of warehouse ${(at + n) % 97} in Bergen.`,
        ),
      );
      const { batch_id } = await submit(dana, 'nordlaw', files);
      await whenSettled(dana, 'nordlaw', batch_id);
    }
    const seconds = Math.round((performance.now() - began) / 1000);
    const taken: [name: string, ms: number][] = [];
    for (const username of new Set(places.map((place) => place.username))) {
      const visitor = await world.visitor();
      if (username !== null) await visitor.signIn(username);
      for (const { name, path } of places.filter((place) => place.username === username)) {
        const looks: number[] = [];
        for (let look = 0; look < LOOKS; look++) {
          await visitor.goTo(path);
          looks.push(await firstPaint(visitor.page));
        }
        taken.push([name, median(looks)]);
      }
      await visitor.context.close();
    }
    taken.sort(([, a], [, b]) => b - a);
    const [slowest, ms] = taken[0]!;
    return [
      `documents stored                ${DOCUMENTS} (indexed in ${seconds} s)`,
      `first paint, slowest page       ${ms.toFixed(0)} ms, ${slowest} (${atMost('first paint, ms', ms, 300)}; median of ${LOOKS} looks at each of ${taken.length} pages)`,
      `  then                          ${taken
        .slice(1, 5)
        .map(([name, one]) => `${name} ${one.toFixed(0)} ms`)
        .join(', ')}; median of all ${median(taken.map(([, one]) => one)).toFixed(0)} ms`,
    ];
  } finally {
    await over(world);
  }
}

function firstPaint(page: { evaluate(script: string): Promise<unknown> }): Promise<number> {
  return page.evaluate(`new Promise((resolve) => {
    const found = () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime;
    const look = () => (found() === undefined ? requestAnimationFrame(look) : resolve(found()));
    look();
  })`) as Promise<number>;
}

/** A batch of 500 files that nobody works on, with its page open. */
async function idle(): Promise<string[]> {
  const world = await make({ launcher: LAUNCHER, environment: { FROSTBYTE_WORKERS: '0' } });
  try {
    await world.tenant('steady', 'stina');
    const stina = await world.appliance.client('steady');
    const files = Array.from({ length: 500 }, (_, n) => text(`letter-${n}.txt`, `Letter ${n} about a warehouse.`));
    await submit(stina, 'steady', files, { batch_id: 'letters' });
    const { page, signIn, goTo } = await world.visitor();
    await signIn('stina');
    await goTo('/tenants/steady/batches/letters');
    await page.waitForSelector('tr[data-file]');
    const client = await page.context().newCDPSession(page);
    await client.send('Performance.enable');
    const busy = async () => {
      const { metrics } = await client.send('Performance.getMetrics');
      return metrics.find(({ name }) => name === 'TaskDuration')!.value;
    };
    const [script, daemon] = [await busy(), cpuSeconds(world.appliance.process.pid!)];
    const began = performance.now();
    await page.waitForTimeout(IDLE_MS);
    const elapsed = (performance.now() - began) / 1000;
    const shares = {
      page: ((await busy()) - script) / elapsed,
      daemon: (cpuSeconds(world.appliance.process.pid!) - daemon) / elapsed,
    };
    return Object.entries(shares).map(
      ([who, share]) =>
        `500 files at rest, ${who.padEnd(12)} ${(share * 100).toFixed(1)} % of a core (${atMost(`idle, ${who}, %`, share * 100, 5)})`,
    );
  } finally {
    await over(world);
  }
}

function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** The same folder of random bytes, twice: by the page, and by `frostbyte ingest`. Seconds until the batch is received. */
async function sending(): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'frostbyte-bench-'));
  const world = await make({ launcher: LAUNCHER, environment: { FROSTBYTE_WORKERS: '0' } });
  try {
    for (const tenant of ['bypage', 'byhand']) await world.tenant(tenant, tenant);
    const delivery = (which: string) => {
      const path = join(folder, which);
      mkdirSync(path);
      for (let at = 0; at < FILES; at++) {
        writeFileSync(
          join(path, `scan-${at}.pdf`),
          Buffer.concat([Buffer.from('%PDF-1.7\n'), randomBytes(FILE_BYTES)]),
        );
      }
      return path;
    };
    const { page, signIn, goTo } = await world.visitor();
    await signIn('bypage');
    await goTo('/tenants/bypage/upload');
    await page.setInputFiles('input[webkitdirectory]', delivery('page'));
    await page.fill('#batch', 'delivery');
    let began = performance.now();
    await page.click('[data-part="send"]:enabled');
    await page.waitForURL(/\/batches\/delivery$/, { timeout: 600_000 });
    const byPage = (performance.now() - began) / 1000;
    const token = await world.appliance.token({ role: 'tenant_admin', tenant_id: 'byhand' });
    const path = delivery('hand');
    began = performance.now();
    const { status, stderr } = spawnSync(LAUNCHER, ['ingest', path, '--tenant', 'byhand', '--no-follow'], {
      env: { ...process.env, FROSTBYTE_URL: world.appliance.url, FROSTBYTE_TOKEN: token },
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(stderr);
    const byHand = (performance.now() - began) / 1000;
    const speed = (seconds: number) => `${((FILES * FILE_BYTES) / 2 ** 20 / seconds).toFixed(0)} MiB/s`;
    return [
      `sending ${FILES} files of 5 MiB        ${speed(byPage)} by the page, ${speed(byHand)} by the command line (ratio ${(byHand / byPage).toFixed(2)}; ${atLeast('sending by the page, ratio', byHand / byPage, 0.5)})`,
    ];
  } finally {
    await over(world);
    rmSync(folder, { recursive: true });
  }
}

async function over({ browser, appliance }: BrowserWorld): Promise<void> {
  await browser.close();
  await appliance.end();
}

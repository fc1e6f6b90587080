import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { makeKeyPair } from '../../../appliance/secrets/identities.ts';
import type { Box, Started } from '../../../scripts/box/box.ts';
import { fingerprintOf } from '../../../scripts/box/stick.ts';
import { until } from '../faults/until.ts';
import { decrypted } from './installation.ts';

const PORT = 8090;
const URL_OF_PAGES = `http://127.0.0.1:${PORT}`;

/** A one-time code as people read it. */
const CODE = /(?:[0-9A-Z]{5}-){4}[0-9A-Z]{5}/;

interface Page {
  status: number;
  location: string | null;
  cookie: string | null;
  text: string;
}

/**
 * Installs by the pages that `install.sh --ui` serves, as somebody in front of a browser does: signs in with the code of the
 * terminal, looks at the preflight, starts the plan, decrypts the challenge elsewhere and hands it in. What the last page
 * shows; with the code of the first administrator.
 */
export async function installByPages(box: Box, stick: string): Promise<{ shown: string; code: string }> {
  const { recipient, identity } = await makeKeyPair();
  const started = box.start(['sh', '/media/stick/install.sh', '--fingerprint', fingerprintOf(stick), '--ui']);
  try {
    const pages = await signedIn(box, started);
    assert.match(await pages.see(''), /SHA256:/);
    assert.match(await pages.see('preflight'), /This host can take the release/);
    await pages.send('plan', { recovery_recipient: recipient });
    await until(
      'the challenge, or what went wrong',
      async () => /id="challenge"|id="failed"/.test(await pages.see('progress')),
      {
        seconds: 400,
        everyMs: 1000,
      },
    );
    const waiting = await pages.see('progress');
    assert.match(waiting, /id="challenge"/, waiting);
    const answer = await decrypted(await pages.see('challenge.age'), identity);
    await pages.send('answer', { answer: 'not this' });
    await until('a wrong answer to be refused', async () => /VALIDATION_<wbr>ERROR/.test(await pages.see('progress')));
    await pages.send('answer', { answer });
    await until('the end of the installation', async () => /id="installed"/.test(await pages.see('progress')), {
      everyMs: 500,
      about: () => 'it shows no end',
    });
    const shown = await pages.see('progress');
    const given = await pages.send('first-code', {});
    const [code] = CODE.exec(given.text) ?? [];
    assert.ok(code, given.text);
    assert.match(await pages.see('evidence'), />install</);
    assert.match(await pages.see('support'), /MANIFEST\.json/);
    return { shown, code };
  } finally {
    // Ctrl-C at its terminal.
    await box.run(['pkill', '-INT', '-f', 'cli.mjs installer']);
    await started.ended;
  }
}

interface Pages {
  /** A page that is there. */
  see(path: string): Promise<string>;
  /** A form, sent as the page that holds it would. */
  send(path: string, fields: Record<string, string>): Promise<Page>;
}

async function signedIn(box: Box, started: Started): Promise<Pages> {
  let said = '';
  started.child.stdout!.on('data', (piece: Buffer) => {
    said += piece.toString();
  });
  const shown = () => CODE.exec(said)?.[0];
  const over = started.ended.then(({ err }) => Promise.reject(new Error(`it ended: ${err}`)));
  const code = await Promise.race([until('the code on the terminal', shown, { seconds: 240 }), over]);
  await until(
    'its pages',
    async () => said.includes(URL_OF_PAGES) && (await load(box, 'GET', '/sign-in', null)).status === 200,
  );
  const entered = await load(box, 'POST', '/sign-in', null, { code });
  assert.equal(entered.status, 303, entered.text);
  const [cookie, root] = [entered.cookie!.split(';')[0]!, entered.location!];
  const see = async (path: string) => {
    const page = await load(box, 'GET', `${root}${path}`, cookie);
    assert.equal(page.status, 200, `${path}: ${page.location ?? page.text}`);
    return page.text;
  };
  const mark = /name="mark" value="([^"]+)"/.exec(await see('preflight'))![1]!;
  return {
    see,
    async send(path, fields) {
      const page = await load(box, 'POST', `${root}${path}`, cookie, { ...fields, mark });
      assert.ok(page.status < 400, `${path}: ${page.text}`);
      return page;
    },
  };
}

async function load(
  box: Box,
  method: string,
  path: string,
  cookie: string | null,
  fields?: Record<string, string>,
): Promise<Page> {
  const [command, ...args] = box.inNetwork([process.execPath, '--input-type=module', '--eval', SCRIPT]);
  const child = spawn(command!, args, {
    env: { ASKED: JSON.stringify({ url: `${URL_OF_PAGES}${path}`, origin: URL_OF_PAGES, method, cookie, fields }) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return JSON.parse(await text(child.stdout)) as Page;
}

const SCRIPT = `
const { url, origin, method, cookie, fields } = JSON.parse(process.env.ASKED);
const answer = await fetch(url, {
  method,
  redirect: 'manual',
  headers: { origin, ...(cookie === null ? {} : { cookie }) },
  ...(fields === undefined ? {} : { body: new URLSearchParams(fields) }),
});
console.log(JSON.stringify({
  status: answer.status,
  location: answer.headers.get('location'),
  cookie: answer.headers.get('set-cookie'),
  text: await answer.text(),
}));`;

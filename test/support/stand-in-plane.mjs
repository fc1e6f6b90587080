/**
 * Stands in for a data plane in tests of what runs them: it takes its handover as one does (`fd:3`, or a file), listens
 * where that says, and tells on request who it is. `POST /exit` ends it, `POST /hang` makes it deaf to everything. As a
 * parser it waits, with a socket in the folder that it shares with its plane.
 */
import { chmodSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, get } from 'node:http';
import { connect, createServer as createSocket, Socket } from 'node:net';
import { networkInterfaces } from 'node:os';

const args = process.argv.slice(2);
const option = (name) => args[args.indexOf(name) + 1];
const PARSER = '/run/frostbyte/parser/parser.sock';

if (option('--role') === 'parser' && args.includes('--role')) {
  rmSync(PARSER, { force: true });
  createSocket((peer) => peer.end(JSON.stringify(self()))).listen(PARSER, () => chmodSync(PARSER, 0o660));
} else {
  const handover = JSON.parse(
    args.includes('--handover') ? readFileSync(option('--handover'), 'utf8') : await fromPipe(),
  );
  const server = createServer(async (request, response) => {
    if (request.url === '/exit') process.exit(3);
    if (request.url === '/hang') {
      response.end('{}', () => {
        process.on('SIGTERM', () => undefined);
        for (;;);
      });
      return;
    }
    const [, look, ...rest] = request.url.split('/');
    const answers = {
      self: async () => ({ ...self(), handover }),
      parser: () => parserSays(),
      dials: () => dials(rest.join('/')),
    };
    response.end(JSON.stringify(await answers[look]()));
  });
  if ('socket' in handover.listen) {
    const { mkdirSync } = await import('node:fs');
    const { dirname } = await import('node:path');
    mkdirSync(dirname(handover.listen.socket), { recursive: true });
    server.listen(handover.listen.socket);
  } else server.listen(handover.listen.port, handover.listen.host);
}

function self() {
  return {
    pid: process.pid,
    uid: process.getuid(),
    args: process.argv,
    environment: process.env,
    interfaces: Object.keys(networkInterfaces()),
    sees: list('/run/frostbyte'),
  };
}

/** Names in a folder and one level below, as far as it may look. */
function list(folder, depth = 1) {
  let names = [];
  try {
    names = readdirSync(folder).sort();
  } catch {
    return [];
  }
  return names.flatMap((name) => [
    name,
    ...(depth > 0 ? list(`${folder}/${name}`, depth - 1).map((one) => `${name}/${one}`) : []),
  ]);
}

function fromPipe() {
  const pipe = new Socket({ fd: 3, readable: true, writable: false });
  pipe.on('close', () => process.exit(0));
  return new Promise((resolve) => {
    let held = '';
    pipe.on('data', (chunk) => {
      held += chunk;
      if (held.includes('\n')) resolve(held);
    });
  });
}

/** What the parser says over the socket that both see. */
function parserSays() {
  return new Promise((resolve) => {
    let held = '';
    connect(PARSER)
      .on('data', (chunk) => {
        held += chunk;
      })
      .on('end', () => resolve(JSON.parse(held)))
      .on('error', ({ code }) => resolve({ code }));
  });
}

function dials(address) {
  return new Promise((resolve) => {
    get(`http://${address}`, { timeout: 2000 }, ({ statusCode }) => resolve({ statusCode }))
      .on('error', ({ code }) => resolve({ code }))
      .on('timeout', () => resolve({ code: 'silence' }));
  });
}

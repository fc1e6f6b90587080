/**
 * Tries to reach what it is given, all at once, and prints what could be reached, as JSON. Each try is a word:
 * `tcp:ADDRESS:PORT`, `udp:ADDRESS:PORT` (reached when an answer comes), `icmp:ADDRESS`, `name:WHAT:RESOLVER`.
 */
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { promises } from 'node:dns';
import { connect } from 'node:net';

const LONGEST_MS = 2000;
const ways = {
  tcp: (host, port) =>
    new Promise((resolve) => {
      const socket = connect(Number(port), host);
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
      setTimeout(() => resolve(false), LONGEST_MS).unref();
    }),
  udp: (host, port) =>
    new Promise((resolve) => {
      const socket = createSocket('udp4');
      socket.once('message', () => resolve(true)).once('error', () => resolve(false));
      socket.send('?', Number(port), host, (error) => error && resolve(false));
      setTimeout(() => resolve(false), LONGEST_MS).unref();
    }),
  icmp: (host) =>
    new Promise((resolve) =>
      spawn('ping', ['-c', '1', '-W', '2', host], { stdio: 'ignore' })
        .once('exit', (code) => resolve(code === 0))
        .once('error', () => resolve('no ping')),
    ),
  name: async (name, server) => {
    const resolver = new promises.Resolver({ timeout: LONGEST_MS, tries: 1 });
    resolver.setServers([server]);
    // That it was asked shows at the resolver, if there is one.
    await resolver.resolve4(name).catch(() => undefined);
    return false;
  },
};
const wait = setTimeout(() => undefined, LONGEST_MS * 3);
const tries = process.argv.slice(2);
const reached = await Promise.all(
  tries.map(async (one) => {
    const [way, ...rest] = one.split(':');
    return ways[way](...rest);
  }),
);
clearTimeout(wait);
process.stdout.write(JSON.stringify(tries.filter((_one, at) => reached[at] === true)), () => process.exit());

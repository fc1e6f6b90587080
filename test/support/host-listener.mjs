/**
 * Listens on every address of the host, as a careless service does: TCP and UDP, both of which answer, and a resolver.
 * Prints each name that the resolver is asked for, a line each.
 */
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

const [tcp, udp, dns] = process.argv.slice(2).map(Number);
createServer((socket) => socket.on('error', () => undefined).end('here')).listen(tcp, '0.0.0.0');
const echo = createSocket('udp4', (message, { port, address }) => echo.send(message, port, address)).bind(
  udp,
  '0.0.0.0',
);
const resolver = createSocket('udp4', (message, { port, address }) => {
  process.stdout.write(`${nameIn(message)}\n`);
  // No such name.
  const answer = Buffer.from(message);
  answer[2] |= 0x80;
  answer[3] = 0x83;
  resolver.send(answer, port, address);
}).bind(dns, '0.0.0.0', () => process.stdout.write('listening\n'));

function nameIn(message) {
  const labels = [];
  for (let at = 12; message[at] > 0; at += 1 + message[at])
    labels.push(message.toString('latin1', at + 1, at + 1 + message[at]));
  return labels.join('.').toLowerCase();
}

import { Resolver } from 'node:dns/promises';
import { connect } from 'node:net';
import type { IsolationOrder, OrderDoor } from '../api/plane/isolation-order.ts';
import { newId } from '../kernel/ids.ts';
import { type Answer, Inconclusive, type Tries } from './attempt.ts';
import { REACH_MS, reaches } from './reach.ts';

const ANSWER_MS = 3000;

/**
 * The network that the tenant sits in (spec 7): nothing in another's network is reached, nor anything that is closed to
 * all tenants, and no question leaves it as a name. Together, since a door that drops what knocks is waited for.
 */
export async function tryNetwork(order: IsolationOrder, tries: Tries): Promise<void> {
  const probe = order.targets.find((target) => target.probe)?.tenant_id ?? order.tenant_id;
  await Promise.all([
    ...order.targets.flatMap(({ tenant_id, doors }) =>
      doors.map((door) => tries.foreign(tenant_id, `reach ${door.name}`, () => knock(door))),
    ),
    ...order.closed.map((door) => tries.foreign(probe, `reach ${door.name}`, () => knock(door))),
    ...order.resolvers.map((server) => tries.foreign(probe, `ask the resolver at ${server}`, () => resolves(server))),
  ]);
}

/** A host that refuses was reached, whether or not anybody listens there: its input rule would have dropped the knock. */
function knock({ host, port, is_host }: OrderDoor): Promise<Answer> {
  return reaches(host, port, { refused: is_host ? 'allowed' : 'denied' });
}

/** A name that nobody has: whoever says so was asked, or asked others. */
async function resolves(server: string): Promise<Answer> {
  const resolver = new Resolver({ timeout: REACH_MS, tries: 1 });
  resolver.setServers([server]);
  try {
    await resolver.resolve4(`${newId()}.example`);
    return 'allowed';
  } catch (error) {
    return ['ENOTFOUND', 'ENODATA'].includes((error as NodeJS.ErrnoException).code ?? '') ? 'allowed' : 'denied';
  }
}

/** The proxy before the malware scanner: it scans, and takes no order. What would end the scanner is asked last. */
export async function tryScanner(order: IsolationOrder, tries: Tries): Promise<void> {
  const { scanner } = order;
  if (scanner === null) return;
  const probe = order.targets.find((target) => target.probe)?.tenant_id ?? order.tenant_id;
  const useOwn = async () => {
    if ((await said(scanner, 'zPING\0')) !== 'PONG') throw new Error('no answer');
  };
  if (!(await tries.own('own access', useOwn))) return;
  for (const command of ['zSCAN /etc/passwd', 'zCONTSCAN /etc', 'zSTATS', 'zRELOAD', 'nIDSESSION', 'zSHUTDOWN']) {
    await tries.foreign(probe, `order ${command.slice(1)}`, async (): Promise<Answer> => {
      const end = command.startsWith('n') ? '\n' : '\0';
      const answer = await said(scanner, `${command}${end}`);
      // It hangs up, or says that it does not know the command; anything else was done.
      return answer === '' || /^(?:UNKNOWN COMMAND|COMMAND (?:REFUSED|UNAVAILABLE))/.test(answer)
        ? 'denied'
        : 'allowed';
    });
  }
  await tries.stillOwn(useOwn);
}

/** What a server says to one line, up to its first end; empty where it hangs up. */
function said({ host, port }: { host: string; port: number }, line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    let text = '';
    const end = () => {
      clearTimeout(timer);
      socket.destroy();
      resolve(text.replace(/[\0\n].*$/s, ''));
    };
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Inconclusive('no answer in time'));
    }, ANSWER_MS);
    socket.on('connect', () => socket.write(line));
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
      if (/[\0\n]/.test(text) || text.length > 1000) end();
    });
    socket.on('close', end);
    socket.on('error', (error) => {
      clearTimeout(timer);
      if ((error as NodeJS.ErrnoException).code === 'ECONNRESET') return resolve('');
      reject(new Inconclusive('it cannot be reached'));
    });
  });
}

import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, it, type TestContext } from 'node:test';
import { listenOnHost } from '../../../../../../appliance/bin/host/verification/gather/listener.ts';
import { probeFrom } from '../../../../../../appliance/bin/host/verification/gather/probe.ts';
import type { ProbeTry } from '../../../../../../appliance/bin/host/verification/probe-tries.ts';

/** An address of loopback that nobody else listens at. */
const RESOLVER = '127.0.0.77';
const [HERE, NOBODY] = ['127.0.0.1', '127.0.0.78'];
const isRoot = process.geteuid?.() === 0;

const made = (way: ProbeTry['way'], host: string, port: number): ProbeTry => ({
  ...{ way, host, port },
  token: `${way}-${port}-${host.replaceAll('.', '-')}.frostbyte-verify.invalid`,
});

async function listening(t: TestContext, ...resolvers: string[]) {
  const listener = await listenOnHost(resolvers);
  t.after(() => listener.close());
  return listener;
}

describe('the probe, and who listens for it', { skip: isRoot ? false : 'port 53 is root’s' }, () => {
  it('is heard by TCP, UDP and DNS, each try by its own token, and an echo is answered', async (t) => {
    const { port, heard, deaf } = await listening(t, RESOLVER);
    assert.deepEqual([...deaf], []);
    const tries = [made('tcp', HERE, port), made('udp', HERE, port), made('dns', RESOLVER, 53), made('icmp', HERE, 0)];
    const answers = await probeFrom(null, tries);
    assert.deepEqual(
      answers.map(({ way, said }) => `${way} ${said}`),
      ['tcp connected', 'udp answered', 'dns ENOTFOUND', 'icmp answered'],
    );
    for (const { token } of tries.slice(0, 3)) assert.equal(heard(token), true, token);
    assert.equal(heard('tcp-1-127-0-0-1.frostbyte-verify.invalid'), false);
  });

  it('says what refused, and what nobody was asked', async (t) => {
    const { port, heard } = await listening(t, RESOLVER);
    // A port that was free a moment ago.
    const free = createSocket('udp4').bind(0, NOBODY);
    await once(free, 'listening');
    const closed = free.address().port;
    free.close();
    const tries = [made('tcp', NOBODY, closed), made('udp', NOBODY, closed), made('dns', NOBODY, 53)];
    assert.notEqual(port, closed);
    const answers = await probeFrom(null, tries);
    assert.deepEqual(
      answers.map(({ way, reached, said }) => `${way} ${reached} ${said}`),
      ['tcp false ECONNREFUSED', 'udp false ECONNREFUSED', 'dns false ECONNREFUSED'],
    );
    for (const { token } of tries) assert.equal(heard(token), false, token);
  });

  it('knows at which addresses it is deaf', async (t) => {
    const other = createSocket('udp4').bind(53, RESOLVER);
    await once(other, 'listening');
    t.after(() => void other.close());
    const { deaf } = await listening(t, RESOLVER);
    assert.deepEqual([...deaf], [[RESOLVER, 'EADDRINUSE']]);
  });

  it('cannot be run in the network of a process that is gone, which is an error and no silence', async () => {
    await assert.rejects(probeFrom(2 ** 22 - 1, [made('tcp', HERE, 9)]), {
      code: 'OPERATION_FAILED',
      message: /could not be run in a container’s network/,
    });
  });
});

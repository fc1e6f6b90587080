import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { relayUnit } from '../../../appliance/bin/relay-unit.ts';

const PLACE = { runFolder: '/run/frostbyte', dataFolder: '/var/lib/frostbyte', reads: ['/etc/frostbyte/endpoint.key'] };
const words = async (url: string, reads = PLACE.reads) => (await relayUnit({ ...PLACE, url, reads }, true))!.words;
const property = (all: readonly string[], name: string) =>
  all.filter((word) => word.startsWith(`--property=${name}=`)).map((word) => word.slice(`--property=${name}=`.length));

describe('the unit of the relay', () => {
  it('reaches the address of the endpoint beside loopback and nothing else, whichever way it is written', async () => {
    for (const [url, address] of [
      ['https://10.1.2.3/v1', '10.1.2.3'],
      ['https://10.1.2.3:8443/v1', '10.1.2.3'],
      ['https://[fd00::7]:8443/v1', 'fd00::7'],
    ] as const) {
      const all = await words(url);
      assert.deepEqual(property(all, 'IPAddressDeny'), ['any']);
      assert.deepEqual(property(all, 'IPAddressAllow'), [`127.0.0.0/8 ::1/128 ${address}`]);
    }
  });

  it('asks this host alone for a name, and says where to write one that it does not know', async () => {
    const [allowed] = property(await words('https://localhost/v1'), 'IPAddressAllow');
    assert.match(allowed!, /127\.0\.0\.1|::1$/);
    await assert.rejects(words('https://nowhere.invalid/v1'), { code: 'CONFIG_INVALID', message: /\/etc\/hosts/ });
  });

  it('sees nothing of the data, but for a key that the site put there', async () => {
    assert.match(property(await words('https://10.1.2.3'), 'InaccessiblePaths')[0]!, /-\/var\/lib\/frostbyte\b/);
    const inside = await words('https://10.1.2.3', ['/var/lib/frostbyte/endpoint.key']);
    assert.doesNotMatch(property(inside, 'InaccessiblePaths')[0]!, /frostbyte/);
  });

  it('is none where systemd does not run control', async () => {
    assert.equal(await relayUnit({ ...PLACE, url: 'https://10.1.2.3' }, false), null);
  });
});

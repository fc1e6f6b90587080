import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Release, refuseStep } from '../../../../appliance/bundle/upgrade/may-follow.ts';

const here: Release = {
  version: '1.2.3',
  counter: 7,
  upgrade_from: null,
  data_formats: { postgres: '17', vectors: 'qdrant-1.19' },
};
const next = (changes: Partial<Release> = {}): Release => ({ ...here, version: '1.3.0', counter: 8, ...changes });

describe('a release', () => {
  it('takes the place of the one before, where every store reads on', () => {
    refuseStep(here, next());
    refuseStep(here, next({ upgrade_from: { at_least: '1.2.0', below: '1.3.0' } }));
    refuseStep(here, next({ data_formats: { postgres: '17', vectors: 'qdrant-1.20' } }));
  });

  it('that is not newer is refused, and the way back named', () => {
    for (const older of [next({ counter: 7 }), next({ version: '1.2.3' }), next({ version: '1.2.2', counter: 9 })])
      assert.throws(() => refuseStep(here, older), { code: 'BUNDLE_OLDER', message: /frostbyte rollback/ });
  });

  it('that skips one is refused, and the one in between named', () => {
    const skips = next({ version: '1.4.0', upgrade_from: { at_least: '1.3.0', below: '1.4.0' } });
    assert.throws(() => refuseStep(here, skips), {
      code: 'INVALID_STATE_TRANSITION',
      message: /takes over from 1\.3\.0 on, and 1\.2\.3 is here\. Upgrade to 1\.3\.0 first/,
      details: [{ field: 'upgrade_from', value: '1.2.3', constraint: 'from 1.3.0 on, below 1.4.0' }],
    });
  });

  for (const [formats, field] of [
    [{ postgres: '18', vectors: 'qdrant-1.19' }, 'postgres'],
    [{ postgres: '17', vectors: 'qdrant-1.21' }, 'vectors'],
    [{ postgres: '17', vectors: 'qdrant-2.20' }, 'vectors'],
    [{ postgres: '17', vectors: 'qdrant-1.18' }, 'vectors'],
    [{ postgres: '17', vectors: 'embedded-1' }, 'vectors'],
    [{ postgres: '17' }, 'vectors'],
    [{ postgres: '17', vectors: 'qdrant-1.19', objects: '2' }, 'objects'],
  ] as const) {
    it(`whose stores keep ${JSON.stringify(formats)} is refused, and the store named`, () => {
      assert.throws(() => refuseStep(here, next({ data_formats: formats })), {
        code: 'INVALID_STATE_TRANSITION',
        message: new RegExp(`keeps ${field} as .*its server does not read that`),
      });
    });
  }
});

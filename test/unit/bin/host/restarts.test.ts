import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { unitsThatGaveUp } from '../../../../appliance/bin/host/restarts.ts';

const unit = (NRestarts: number, ActiveState = 'active', Id = 'frostbyte-control.service') => ({
  Id,
  ActiveState,
  NRestarts: String(NRestarts),
});

describe('units that give up', () => {
  it('are those that failed, and those that are started again and again while somebody looks', () => {
    const look = unitsThatGaveUp();
    assert.deepEqual(look([unit(0), unit(0, 'active', 'frostbyte-gateway.service')]), []);
    assert.deepEqual(look([unit(2, 'activating')]), []);
    assert.deepEqual(look([unit(3, 'activating')]), ['frostbyte-control.service']);
    assert.deepEqual(look([unit(0, 'failed', 'frostbyte-gateway.service')]), ['frostbyte-gateway.service']);
    assert.deepEqual(look([{}]), []);
  });

  it('are not those whose trouble was over when it was gone on with', () => {
    const look = unitsThatGaveUp();
    assert.deepEqual(look([unit(7)]), []);
    assert.deepEqual(look([unit(9)]), []);
    assert.deepEqual(look([unit(10)]), ['frostbyte-control.service']);
  });

  it('are counted from nothing again where somebody started them anew', () => {
    const look = unitsThatGaveUp();
    assert.deepEqual(look([unit(7)]), []);
    assert.deepEqual(look([unit(0)]), []);
    assert.deepEqual(look([unit(3)]), ['frostbyte-control.service']);
  });
});

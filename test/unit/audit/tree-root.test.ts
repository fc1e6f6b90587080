import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { TreeRoot } from '../../../appliance/audit/tree-root.ts';

/** Roots of RFC 6962 trees, held against the reference vectors of certificate-transparency and against the definition. */

const hash = (...parts: Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest();
const leafOf = (hex: string) => hash(Buffer.from([0]), Buffer.from(hex, 'hex'));

const INPUTS = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
const ROOTS = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

test('the reference vectors', () => {
  const tree = new TreeRoot();
  assert.equal(tree.hex(), ROOTS[0]);
  for (const [at, input] of INPUTS.entries()) {
    tree.add(leafOf(input));
    assert.equal(tree.hex(), ROOTS[at + 1]);
    assert.equal(tree.size, at + 1);
  }
});

test('any number of leaves gives the root of the definition', () => {
  const root = (leaves: Buffer[]): Buffer => {
    if (leaves.length === 1) return leaves[0]!;
    const left = 2 ** Math.floor(Math.log2(leaves.length - 1));
    return hash(Buffer.from([1]), root(leaves.slice(0, left)), root(leaves.slice(left)));
  };
  const tree = new TreeRoot();
  const leaves: Buffer[] = [];
  for (let n = 0; n < 130; n++) {
    leaves.push(leafOf(n.toString(16).padStart(4, '0')));
    tree.add(leaves.at(-1)!);
    assert.equal(tree.hex(), root(leaves).toString('hex'), `${n + 1} leaves`);
  }
});

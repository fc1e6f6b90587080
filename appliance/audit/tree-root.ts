import { createHash } from 'node:crypto';

/** Domain of inner nodes in RFC 6962 §2.1, so that no leaf can pass for one. */
const NODE_DOMAIN = new Uint8Array([1]);

/**
 * The root of an RFC 6962 tree whose leaf hashes come one after the other. O(1) a leaf, memory O(log leaves): of what came
 * only the roots of whole subtrees are kept, the largest first.
 */
export class TreeRoot {
  readonly #whole: Uint8Array[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Adds the hash of the next leaf. */
  add(leaf: Uint8Array): void {
    let node = leaf;
    // As many subtrees are completed as the number of leaves so far ends with ones.
    for (let size = this.#size; size % 2 === 1; size = (size - 1) / 2) node = parent(this.#whole.pop()!, node);
    this.#whole.push(node);
    this.#size += 1;
  }

  /** The root over all leaves so far, as lower-case hex: that of an empty tree is the hash of nothing. */
  hex(): string {
    const [last, ...larger] = this.#whole.toReversed();
    if (last === undefined) return createHash('sha256').digest('hex');
    return Buffer.from(larger.reduce((right, left) => parent(left, right), last)).toString('hex');
  }
}

function parent(left: Uint8Array, right: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(NODE_DOMAIN).update(left).update(right).digest());
}

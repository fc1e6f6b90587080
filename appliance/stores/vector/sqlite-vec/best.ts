/**
 * Keeps the `size` largest of many numbers with what they belong to: a binary heap whose root is the smallest kept.
 * O(log size) for one that enters, O(1) for one that does not.
 */
export class Best {
  readonly #size: number;
  readonly #scores: Float64Array;
  readonly #items: Float64Array;
  #count = 0;

  constructor(size: number) {
    this.#size = size;
    this.#scores = new Float64Array(size);
    this.#items = new Float64Array(size);
  }

  /** Offers one item (a safe integer). */
  offer(score: number, item: number): void {
    if (this.#count < this.#size) {
      this.#rise(this.#count++, score, item);
    } else if (score > this.#scores[0]!) {
      this.#sink(score, item);
    }
  }

  /** The kept items, in no order. */
  items(): number[] {
    return [...this.#items.subarray(0, this.#count)];
  }

  #rise(from: number, score: number, item: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.#scores[parent]! <= score) break;
      this.#scores[at] = this.#scores[parent]!;
      this.#items[at] = this.#items[parent]!;
      at = parent;
    }
    this.#scores[at] = score;
    this.#items[at] = item;
  }

  #sink(score: number, item: number): void {
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.#count) break;
      if (child + 1 < this.#count && this.#scores[child + 1]! < this.#scores[child]!) child++;
      if (this.#scores[child]! >= score) break;
      this.#scores[at] = this.#scores[child]!;
      this.#items[at] = this.#items[child]!;
      at = child;
    }
    this.#scores[at] = score;
    this.#items[at] = item;
  }
}

/**
 * Which of these numbers stand in order: the indexes of a longest rising subsequence. What is paired with these kept its place
 * among the others; every other pair crossed one. O(n log n).
 */
export function inOrder(numbers: readonly number[]): Set<number> {
  /** Of each length, the index of the smallest number that a rising run of it ends with. */
  const ends: number[] = [];
  const before = new Array<number>(numbers.length).fill(-1);
  for (const [at, number] of numbers.entries()) {
    let [low, high] = [0, ends.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (numbers[ends[middle]!]! < number) low = middle + 1;
      else high = middle;
    }
    if (low > 0) before[at] = ends[low - 1]!;
    ends[low] = at;
  }
  const kept = new Set<number>();
  for (let at = ends.at(-1) ?? -1; at !== -1; at = before[at]!) kept.add(at);
  return kept;
}

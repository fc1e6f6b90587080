/**
 * The known name that is nearest to a mistyped one, or null. Up to two slips of the fingers are forgiven (a letter too
 * many, too few, another, or two swapped), in long names one for every three letters; but no more than a third of the
 * letters may be others altogether, since HOME is no slip of HOST. O(names × length²).
 */
export function nearest(name: string, known: readonly string[]): string | null {
  let best: string | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    const [meant, typed] = [candidate.toLowerCase(), name.toLowerCase()];
    const length = Math.max(meant.length, typed.length);
    const third = Math.floor(length / 3);
    const distance = editDistance(meant, typed);
    if (distance > (length < 4 ? 1 : Math.max(2, third)) || length - shared(meant, typed) > third) continue;
    if (distance >= least) continue;
    least = distance;
    best = candidate;
  }
  return best;
}

/** Damerau's distance, of non-overlapping swaps (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let [above, before]: [number[], number[]] = [[], Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const other = a[i - 1] === b[j - 1] ? 0 : 1;
      row[j] = Math.min(before[j]! + 1, row[j - 1]! + 1, before[j - 1]! + other);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        row[j] = Math.min(row[j]!, above[j - 2]! + 1);
    }
    [above, before] = [before, row];
  }
  return before[b.length]!;
}

/** How many letters the two have in common, in whatever order. */
function shared(a: string, b: string): number {
  const left = [...b];
  let count = 0;
  for (const letter of a) {
    const at = left.indexOf(letter);
    if (at < 0) continue;
    left.splice(at, 1);
    count++;
  }
  return count;
}

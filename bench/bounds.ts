/** Bounds of this process that were not met, each in a sentence. */
const missed: string[] = [];

/** The bound behind a figure, as a measure prints it; one that is not met is remembered, and then the run fails. */
export function atMost(what: string, value: number, bound: number): string {
  return judged(what, value, `at most ${bound}`, value <= bound);
}

/** As above, for what must not be less. */
export function atLeast(what: string, value: number, bound: number): string {
  return judged(what, value, `at least ${bound}`, value >= bound);
}

/** Those that were not met so far. */
export function missedBounds(): readonly string[] {
  return missed;
}

/** What is no figure is no bound that was met. */
function judged(what: string, value: number, bound: string, holds: boolean): string {
  if (holds) return `bound: ${bound}`;
  missed.push(`${what} is ${Number(value.toPrecision(4))}, and must be ${bound}`);
  return `bound: ${bound}, NOT MET`;
}

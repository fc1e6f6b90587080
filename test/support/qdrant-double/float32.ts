/** Numbers as a server that computes in float32 writes and keeps them. */

/** The shortest decimal that names a float32, as the server prints it. */
export function shortest(value: number): number {
  for (let digits = 6; digits < 9; digits++) {
    const rounded = Number(value.toPrecision(digits));
    if (Math.fround(rounded) === value) return rounded;
  }
  return Number(value.toPrecision(9));
}

export function printed(vector: Float32Array): number[] {
  return Array.from(vector, shortest);
}

export function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return Math.fround(sum);
}

/** Vectors that are compared by cosine are kept at length one; those that are near it, or zero, as they came. */
export function normalised(vector: Float32Array): Float32Array {
  const square = dot(vector, vector);
  if (square < 1.1920929e-7 || Math.abs(square - 1) <= 1e-6) return vector;
  const length = Math.fround(Math.sqrt(square));
  return vector.map((x) => x / length);
}

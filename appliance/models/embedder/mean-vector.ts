import { DIMENSIONS } from './port.ts';

/** The mean of vectors that stand one behind the other, length one; summed in float64. */
export function meanVector(numbers: Float32Array): Float32Array {
  const sums = new Float64Array(DIMENSIONS);
  for (let i = 0; i < numbers.length; i++) sums[i % DIMENSIONS]! += numbers[i]!;
  let squares = 0;
  for (const sum of sums) squares += sum * sum;
  const norm = Math.sqrt(squares);
  return Float32Array.from(sums, (sum) => sum / norm);
}

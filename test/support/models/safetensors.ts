/** A safetensors file of these float32 tensors. */
export function safetensors(tensors: readonly { name: string; shape: number[]; numbers: readonly number[] }[]): Buffer {
  const entries: [string, unknown][] = [['__metadata__', { format: 'pt' }]];
  let at = 0;
  for (const { name, shape, numbers } of tensors) {
    entries.push([name, { dtype: 'F32', shape, data_offsets: [at, at + numbers.length * 4] }]);
    at += numbers.length * 4;
  }
  const head = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(head.length));
  const numbers = Buffer.from(Float32Array.from(tensors.flatMap((tensor) => [...tensor.numbers])).buffer);
  return Buffer.concat([length, head, numbers]);
}

/** Bytes and number of what is listed. O(entries). */
export async function totalOf(listed: AsyncIterable<{ size: number }>): Promise<{ bytes: number; objects: number }> {
  const total = { bytes: 0, objects: 0 };
  for await (const { size } of listed) {
    total.bytes += size;
    total.objects++;
  }
  return total;
}

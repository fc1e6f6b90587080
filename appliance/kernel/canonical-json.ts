import canonicalize from 'canonicalize';

/**
 * RFC 8785 serialisation: equal values give equal bytes on every machine. Throws on values that JSON cannot hold
 * (NaN, Infinity, lone surrogates); `undefined` members are left out.
 */
export function canonicalJson(value: unknown): string {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError('a value without a JSON form cannot be serialised');
  return text;
}

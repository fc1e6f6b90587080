import { FrostbyteError } from '../../kernel/errors.ts';
import { TENANT_ID } from '../../kernel/ids.ts';

/** The built-in second party of every isolation check (spec 3). Not a tenant of the registry; its id is taken. */
export const PROBE_TENANT = 'isolationprobe';

const LONGEST = 32;

/** Letters whose ASCII form is not their decomposition. */
const ASCII: Readonly<Record<string, string>> = Object.freeze({
  ß: 'ss',
  æ: 'ae',
  ø: 'o',
  œ: 'oe',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ł: 'l',
  ı: 'i',
});

/**
 * A tenant id from a name: lower case, folded to ASCII, letters and digits only, starting with a letter, at most 32
 * characters. Null when fewer than three characters remain.
 */
export function tenantIdFromName(name: string): string | null {
  const folded = name
    .slice(0, 1000)
    .toLowerCase()
    .normalize('NFKD')
    .replace(/[ßæøœđðþłı]/g, (letter) => ASCII[letter] ?? '')
    .replace(/[^a-z0-9]/g, '')
    .replace(/^[0-9]+/, '')
    .slice(0, LONGEST);
  return TENANT_ID.test(folded) ? folded : null;
}

/**
 * The first free id for a name: the folded name, else with 2, 3, … behind it. `taken` says which ids are in use.
 * Throws `VALIDATION_ERROR` when the name gives no id.
 */
export function freeTenantId(name: string, taken: (id: string) => boolean): string {
  const base = tenantIdFromName(name);
  if (base === null) {
    throw new FrostbyteError('VALIDATION_ERROR', 'The tenant name gives no tenant id; name one.', {
      details: [{ field: 'tenant_id', constraint: String(TENANT_ID) }],
    });
  }
  if (!taken(base)) return base;
  for (let number = 2; ; number += 1) {
    const suffix = String(number);
    const id = base.slice(0, LONGEST - suffix.length) + suffix;
    if (!taken(id)) return id;
  }
}

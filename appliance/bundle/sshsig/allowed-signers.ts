import { FrostbyteError } from '../../kernel/errors.ts';
import { KEY_TYPE, type PublicKey, readPublicLine } from './keys.ts';

/**
 * Lists of who may sign what, as `ssh-keygen` reads them (ssh-keygen(1), ALLOWED SIGNERS), and of keys that are revoked. A
 * line that cannot be understood refuses the whole list: skipping it might skip what forbids.
 */
export interface AllowedSigner {
  /** Names, with `*` and `?`. */
  principals: readonly string[];
  key: PublicKey;
  /** What it may sign; null: everything. */
  namespaces: readonly string[] | null;
  /** Milliseconds since 1970; null: unbounded. */
  validAfter: number | null;
  validBefore: number | null;
}

/** More lines are no list of a release's signers. */
const MOST_LINES = 1000;
const OPTION = /^(namespaces|valid-after|valid-before)="([^"]*)"$/i;
const DATE = /^(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?(Z?)$/;

/** Reads a list of allowed signers. Throws `BUNDLE_SIGNERS_INVALID` with the line. */
export function readAllowedSigners(text: string): AllowedSigner[] {
  return linesOf(text).map(([line, number]) => {
    // Options stand between names and key, and may hold spaces within quotes.
    const fields = line.match(/(?:[^\s"]|"[^"]*")+/g) ?? [];
    const [principals = '', second = '', ...rest] = fields;
    const hasOptions = !second.startsWith('ssh-') && !second.startsWith('ecdsa-') && !second.startsWith('sk-');
    const [type = '', base64 = ''] = hasOptions ? rest : [second, ...rest];
    if (type !== KEY_TYPE) throw invalid(number, `a key of type ${KEY_TYPE}`);
    const options = optionsOf(hasOptions ? second : '', number);
    return { principals: principals.split(','), key: keyOf(`${type} ${base64}`, number), ...options };
  });
}

/** Reads a list of revoked keys: a public key each line. Throws `BUNDLE_SIGNERS_INVALID` with the line. */
export function readRevokedKeys(text: string): PublicKey[] {
  return linesOf(text).map(([line, number]) => keyOf(line, number));
}

/** Whether a name is one that the line is about; `*` and `?` as in a shell. */
export function matches({ principals }: AllowedSigner, identity: string): boolean {
  return principals.some((pattern) => {
    const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&');
    return new RegExp(`^${escaped.replace(/\*/g, '.*').replace(/\?/g, '.')}$`).test(identity);
  });
}

function linesOf(text: string): [line: string, number: number][] {
  const lines = text.split('\n').map((line, at): [string, number] => [line.trim(), at + 1]);
  const used = lines.filter(([line]) => line !== '' && !line.startsWith('#'));
  if (used.length > MOST_LINES) throw invalid(MOST_LINES + 1, `at most ${MOST_LINES} lines`);
  return used;
}

function optionsOf(text: string, number: number): Omit<AllowedSigner, 'principals' | 'key'> {
  const found = {
    namespaces: null as string[] | null,
    validAfter: null as number | null,
    validBefore: null as number | null,
  };
  for (const option of text === '' ? [] : (text.match(/(?:[^,"]|"[^"]*")+/g) ?? [])) {
    const [, name, value = ''] = OPTION.exec(option) ?? [];
    switch (name?.toLowerCase()) {
      case 'namespaces':
        found.namespaces = value.split(',');
        break;
      case 'valid-after':
        found.validAfter = momentOf(value, number);
        break;
      case 'valid-before':
        found.validBefore = momentOf(value, number);
        break;
      default:
        throw invalid(number, 'no options but namespaces, valid-after and valid-before');
    }
  }
  return found;
}

/** A date as `ssh-keygen` has it: in the host's own time zone, unless a Z says otherwise. */
function momentOf(value: string, number: number): number {
  const fields = DATE.exec(value);
  if (fields === null) throw invalid(number, 'dates as YYYYMMDD, with HHMM, HHMMSS or without');
  const [year, month, day, hour, minute, second] = fields.slice(1, 7).map((field) => Number(field ?? 0)) as Six;
  const isUtc = fields[7] === 'Z';
  const date = isUtc
    ? new Date(Date.UTC(year, month - 1, day, hour, minute, second))
    : new Date(year, month - 1, day, hour, minute, second);
  // One that does not exist would become another.
  const [m, d] = isUtc ? [date.getUTCMonth(), date.getUTCDate()] : [date.getMonth(), date.getDate()];
  if (m !== month - 1 || d !== day || minute > 59 || second > 59) throw invalid(number, 'dates that exist');
  return date.getTime();
}

type Six = [number, number, number, number, number, number];

function keyOf(line: string, number: number): PublicKey {
  try {
    return readPublicLine(line);
  } catch {
    throw invalid(number, 'a whole Ed25519 public key');
  }
}

function invalid(line: number, constraint: string): FrostbyteError {
  return new FrostbyteError('BUNDLE_SIGNERS_INVALID', `The list of signers cannot be read: line ${line}.`, {
    details: [{ field: `line ${line}`, constraint }],
  });
}

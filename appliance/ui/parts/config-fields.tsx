import type { Markup } from '../../api/markup.ts';
import { MIME_ALLOWLIST, PII_TYPES, type TenantConfig } from '../../api/tenant-config.ts';
import type { Texts } from '../texts/language.ts';
import { choice } from './form.tsx';
import { UNSPELLED } from './pieces.tsx';

/** A tenant's configuration as a form: each field by its kind, so that a new one is a row of this table. */

type Field = keyof TenantConfig;
type Kind =
  | { kind: 'one'; of: readonly string[] }
  | { kind: 'some'; of: readonly string[] }
  | { kind: 'switch' }
  | { kind: 'number'; min: number; max: number; whole: boolean; mayLack?: true }
  | { kind: 'text' };

const share = { kind: 'number', min: 0, max: 1, whole: false } as const;
const count = (min: number, max: number) => ({ kind: 'number', min, max, whole: true }) as const;

const GROUPS: Readonly<Record<keyof Texts['configuration']['groups'], Readonly<Partial<Record<Field, Kind>>>>> = {
  personal: {
    pii_policy: { kind: 'one', of: ['redact', 'flag', 'block'] },
    pii_types: { kind: 'some', of: PII_TYPES },
  },
  classification: { classification_review_enabled: { kind: 'switch' }, classification_threshold: share },
  injection: {
    injection_flag_threshold: share,
    injection_quarantine_threshold: share,
    injection_quarantine_scope: { kind: 'one', of: ['chunk', 'document'] },
  },
  intake: {
    max_file_size_mb: count(1, 5000),
    max_batch_size: count(1, 10_000),
    allow_unscannable: { kind: 'switch' },
    mime_allowlist: { kind: 'some', of: MIME_ALLOWLIST },
  },
  search: {
    chunk_soft_limit: count(200, 8000),
    chunk_hard_limit: count(200, 8000),
    embedding_mode: { kind: 'one', of: ['offline', 'online'] },
    embedding_model: { kind: 'text' },
    retrieval_top_k_default: count(1, 200),
    retrieval_top_k_max: count(1, 200),
    evidence_threshold: { ...share, mayLack: true },
    generation_enabled: { kind: 'switch' },
    generation_suppress_ungrounded: { kind: 'switch' },
  },
  keeping: {
    storage_quota_gb: { kind: 'number', min: 1, max: 10_000, whole: false },
    retention_days: count(30, 36_500),
  },
};

const KINDS = Object.assign({}, ...Object.values(GROUPS)) as Readonly<Partial<Record<Field, Kind>>>;
export const CONFIG_FIELDS = Object.keys(KINDS) as readonly Field[];

/** The configuration that a form asks for: the present one with what the form says. Judged by its schema, not here. */
export function configOf(form: FormData, present: TenantConfig): Record<Field, unknown> {
  return { ...present, ...Object.fromEntries(CONFIG_FIELDS.map((field) => [field, fieldOf(form, field)])) };
}

function fieldOf(form: FormData, field: Field): unknown {
  const kind = KINDS[field]!;
  const text = String(form.get(field) ?? '').trim();
  switch (kind.kind) {
    case 'switch':
      return text === 'true';
    case 'some':
      return form.getAll(field).map(String);
    case 'number':
      // An empty field is not zero.
      return text === '' ? (kind.mayLack ? null : text) : Number(text.replace(',', '.'));
    case 'text':
      return text === '' ? null : text;
    case 'one':
      return text;
  }
}

/** All fields, in groups, as they stand in `config`. */
export function configFields(t: Texts, config: Record<Field, unknown>): Markup[] {
  const says = t.configuration;
  return Object.entries(GROUPS).map(([group, fields]) => (
    <fieldset class="card group">
      <legend>{says.groups[group as keyof typeof says.groups]}</legend>
      {Object.entries(fields).map(([field, kind]) => control(t, field, kind, config[field as Field]))}
    </fieldset>
  ));
}

function control(t: Texts, field: string, kind: Kind, value: unknown): Markup {
  const label = <label for={field}>{t.configuration.fields[field]}</label>;
  switch (kind.kind) {
    case 'one':
      return (
        <p>
          {label}
          {choice(
            field,
            kind.of.map((one) => [one, one] as const),
            String(value),
          )}
        </p>
      );
    case 'some':
      return (
        <fieldset class="some">
          <legend>{t.configuration.fields[field]}</legend>
          {kind.of.map((one) => (
            <label class="tick">
              <input type="checkbox" name={field} value={one} checked={(value as string[]).includes(one)} />{' '}
              {short(one)}
            </label>
          ))}
        </fieldset>
      );
    case 'switch':
      return (
        <label class="tick">
          <input type="checkbox" name={field} value="true" checked={value === true} /> {t.configuration.fields[field]}
        </label>
      );
    case 'number':
      return (
        <p>
          {label}
          <input
            id={field}
            name={field}
            type="number"
            min={String(kind.min)}
            max={String(kind.max)}
            step={kind.whole ? '1' : 'any'}
            required={!kind.mayLack}
            value={value === null ? '' : String(value)}
          />
        </p>
      );
    case 'text':
      return (
        <p>
          {label}
          <input id={field} name={field} maxlength={200} value={value === null ? '' : String(value)} {...UNSPELLED} />
        </p>
      );
  }
}

/** A media type by what tells it from the others. */
function short(value: string): string {
  if (!value.includes('/')) return value;
  return /word/.test(value)
    ? 'DOCX'
    : /sheet/.test(value)
      ? 'XLSX'
      : value.split('/')[1]!.replace('plain', 'txt').toUpperCase();
}

/** A value as the table of changes shows it. */
export function shownValue(t: Texts, value: unknown): string {
  const says = t.configuration;
  if (value === null) return says.nobody;
  if (typeof value === 'boolean') return value ? says.yes : says.no;
  if (Array.isArray(value)) return value.length === 0 ? says.nobody : value.map((one) => short(String(one))).join(', ');
  return String(value);
}

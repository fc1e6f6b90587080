import { readFileSync, realpathSync } from 'node:fs';
import { dirname, extname } from 'node:path';
import type { Command } from 'commander';
import { metadataChecker } from '../api/custom-fields/metadata.ts';
import type { CustomFields } from '../api/custom-fields/schema.ts';
import type { Manifest } from '../api/manifest.ts';
import { detectDelimiter } from '../data/2-parse/csv/delimiter.ts';
import { csvRecords } from '../data/2-parse/csv/records.ts';
import { decodeText } from '../data/2-parse/text/decode.ts';
import { type ErrorDetail, FrostbyteError } from '../kernel/errors.ts';
import { readDataFile } from './schema-file.ts';
import { fieldOf, typedValue } from './typed-value.ts';

/** `--metadata` and `--metadata-from`: metadata for a folder that somebody else made no manifest for. */
export interface MetadataOptions {
  metadata?: string[];
  metadataFrom?: string;
}

type Values = Record<string, unknown>;

export function addMetadataOptions(command: Command): Command {
  return command
    .option('--metadata <name=value...>', 'metadata of the batch, which all its files inherit')
    .option('--metadata-from <file>', 'metadata by file: CSV with a column filename, or JSON by file name');
}

/**
 * The manifest with the metadata of the options laid over its own, texts typed by the schema. Throws `VALIDATION_ERROR`
 * with every problem: what cannot be read, names a file that the manifest does not have, or does not fit the schema.
 */
export function withMetadata(
  manifest: Manifest,
  options: MetadataOptions,
  schema: CustomFields | null,
  dir: string,
): Manifest {
  if (options.metadata === undefined && options.metadataFrom === undefined) return manifest;
  const batch = { ...manifest.metadata, ...pairs(options.metadata ?? [], schema) };
  const table =
    options.metadataFrom === undefined ? new Map<string, Values>() : readTable(options.metadataFrom, schema, dir);
  const named = new Set(manifest.files.map(({ filename }) => filename));
  const problems: ErrorDetail[] = [...table.keys()]
    .filter((name) => !named.has(name))
    .map((value) => ({ field: 'filename', value, constraint: 'is not a file of the batch' }));
  const files = manifest.files.map((file) => {
    const own = table.get(file.filename);
    return own === undefined ? file : { ...file, metadata: { ...file.metadata, ...own } };
  });
  const check = metadataChecker(schema, batch);
  for (const { filename, metadata } of files) {
    for (const { field, constraint, remediation } of check(metadata)) {
      problems.push({ field: `${filename}: ${field}`, constraint: `${constraint}. ${remediation}` });
    }
  }
  if (problems.length > 0) throw invalid('The metadata do not fit; nothing was sent.', problems);
  return { ...manifest, ...(Object.keys(batch).length === 0 ? {} : { metadata: batch }), files } as Manifest;
}

function pairs(texts: readonly string[], schema: CustomFields | null): Values {
  const values: Values = {};
  for (const text of texts) {
    const at = text.indexOf('=');
    if (at < 1) throw invalid('Metadata are written name=value.', [{ field: '--metadata', constraint: 'name=value' }]);
    const name = text.slice(0, at);
    values[name] = typedValue(text.slice(at + 1), fieldOf(schema, name)?.type);
  }
  return values;
}

/** Metadata by file name. A table in the folder itself would be sent as a document. */
function readTable(file: string, schema: CustomFields | null, dir: string): Map<string, Values> {
  if (isIn(file, dir)) {
    throw invalid('The table of metadata lies in the folder that is sent.', [
      { field: '--metadata-from', value: file, constraint: 'must lie outside the folder, else it would be sent too' },
    ]);
  }
  return extname(file).toLowerCase() === '.csv' ? readCsvTable(file, schema) : readJsonTable(file);
}

function readJsonTable(file: string): Map<string, Values> {
  const content = readDataFile(file);
  const isTable = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isTable(content) || !Object.values(content as Values).every(isTable)) {
    throw invalid('The table of metadata is not as it should be.', [
      { field: '--metadata-from', value: file, constraint: 'must hold an object of metadata by file name' },
    ]);
  }
  return new Map(Object.entries(content as Record<string, Values>));
}

/** The first row names the fields; an empty cell leaves its field out. */
function readCsvTable(file: string, schema: CustomFields | null): Map<string, Values> {
  const { body, delimiter } = detectDelimiter(decodeText(read(file)).text.replace(/^\uFEFF/, ''));
  const [header, ...rows] = [...csvRecords(body, delimiter)];
  const names = (header?.fields ?? []).map((name) => name.trim());
  const key = names.indexOf('filename');
  const problems: ErrorDetail[] = key < 0 ? [{ field: 'line 1', constraint: 'must name a column filename' }] : [];
  const table = new Map<string, Values>();
  for (const { fields, line } of rows) {
    const name = fields[key] ?? '';
    const complain = (constraint: string) => problems.push({ field: `line ${line}`, constraint });
    if (fields.length > names.length) complain(`must not have more than ${names.length} cells`);
    if (table.has(name)) complain('names a file that an earlier line names');
    table.set(
      name,
      Object.fromEntries(
        fields.flatMap((text, at): [string, unknown][] => {
          const field = names[at];
          return at === key || field === undefined || text === ''
            ? []
            : [[field, typedValue(text, fieldOf(schema, field)?.type)]];
        }),
      ),
    );
  }
  if (problems.length > 0) throw invalid('The table of metadata cannot be read.', problems);
  return table;
}

function read(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    const constraint = `must be readable (${(cause as NodeJS.ErrnoException).code ?? 'unknown reason'})`;
    throw invalid('The table of metadata cannot be read.', [{ field: '--metadata-from', value: file, constraint }]);
  }
}

function isIn(file: string, dir: string): boolean {
  try {
    return realpathSync(dirname(file)) === realpathSync(dir);
  } catch {
    return false;
  }
}

function invalid(message: string, details: ErrorDetail[]): FrostbyteError {
  return new FrostbyteError('VALIDATION_ERROR', message, { details });
}

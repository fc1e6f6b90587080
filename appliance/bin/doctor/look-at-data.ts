import { closeSync, existsSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Database } from 'better-sqlite3';
import { leafHash } from '../../audit/leaf.ts';
import type { Config } from '../../config/schema.ts';
import type { AuditEvent } from '../../kernel/audit-event.ts';
import { controlPaths } from '../../kernel/names.ts';
import type { ObservedData } from '../../observability/doctor/observed.ts';
import { LEXICAL, modelsOf } from '../wire/models.ts';
import { lookInto } from './look-into.ts';
import type { Sight } from './sight.ts';

/** Larger files are opened, and not read through: that takes minutes. */
const WHOLE_BYTES = 128 << 20;
/** Events of each log that are held against their hashes, from its end. */
const MOST_EVENTS = 5000;
/** Looking at files goes on no longer. */
const LONGEST_MS = 15_000;
const HASHING_MS = 20_000;

/** Databases, logs, signatures, models. */
export async function lookAtData(config: Config, { see }: Sight): Promise<ObservedData> {
  const began = performance.now();
  const late: string[] = [];
  const inTime = (file: string) => performance.now() - began < LONGEST_MS || late.push(file) < 0;
  const files = await see('the database files', () => databasesOf(config.data_folder), []);
  const damaged = files.filter((file) => inTime(file) && !isSound(file));
  const logs = files.filter(
    (file) => file.startsWith(controlPaths(config.data_folder).logs) && !damaged.includes(file),
  );
  const data = {
    damaged,
    broken_chains: logs.flatMap((file) => (inTime(file) ? chainBreak(file) : [])),
    signatures: await see('the malware signatures', () => signaturesOf(config), null),
    model: await see('the models', () => modelOf(config), NO_MODEL, HASHING_MS),
  };
  if (late.length > 0)
    await see(`${late.length} database files`, () => Promise.reject(new Error('no answer in time')), null);
  return data;
}

const NO_MODEL: ObservedData['model'] = { wanted: LEXICAL, state: 'none', wrong: [] };

/** Control’s own, the logs, and in embedded mode those of tenants. */
function databasesOf(dataFolder: string): string[] {
  const { registry, logs } = controlPaths(dataFolder);
  const below = (folder: string) =>
    existsSync(folder)
      ? readdirSync(folder)
          .filter((name) => name.endsWith('.sqlite'))
          .map((name) => join(folder, name))
      : [];
  const tenants = join(dataFolder, 'tenants');
  const own = existsSync(tenants)
    ? readdirSync(tenants)
        .sort()
        .flatMap((id) => below(join(tenants, id)))
    : [];
  return [...(existsSync(registry) ? [registry] : []), ...below(logs), ...own];
}

function isSound(file: string): boolean {
  try {
    return lookInto(file, (database) => {
      if (statSync(file).size > WHOLE_BYTES)
        return database.prepare('SELECT count(*) FROM sqlite_master').get() !== undefined;
      return database.pragma('quick_check(1)', { simple: true }) === 'ok';
    });
  } catch (error) {
    const code = String((error as { code?: unknown }).code);
    return !/^SQLITE_(?:CORRUPT|NOTADB)/.test(code);
  }
}

type Row = Omit<AuditEvent, 'details'> & { log_index: number; details: string; leaf_hash: Buffer };

/** The first event, of the last ones, that is not in its place or not what its hash says. */
function chainBreak(file: string): ObservedData['broken_chains'] {
  try {
    const where = lookInto(file, firstWrong);
    return where === null ? [] : [{ log: basename(file, '.sqlite'), where }];
  } catch {
    // One that cannot be read at all is told as a damaged file, one that is busy not at all.
    return [];
  }
}

function firstWrong(database: Database): string | null {
  const size = database.prepare('SELECT count(*) AS events, coalesce(max(log_index), -1) + 1 AS places FROM events');
  const { events, places } = size.get() as { events: number; places: number };
  if (events !== places) return `${places - events} of ${places} events are missing`;
  const rows = database.prepare('SELECT * FROM events WHERE log_index >= ? ORDER BY log_index');
  for (const row of rows.iterate(places - MOST_EVENTS) as IterableIterator<Row>) {
    const event: AuditEvent = { ...row, details: JSON.parse(row.details) as AuditEvent['details'] };
    if (!row.leaf_hash.equals(leafHash(event))) return `event ${row.log_index} is not what its hash says`;
  }
  return null;
}

function signaturesOf({ mode, stack }: Config): ObservedData['signatures'] {
  if (mode !== 'stack') return null;
  const folder = stack.signatures_folder;
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => !name.startsWith('.')) : [];
  const times = names.map((name) => madeAt(join(folder, name)));
  return { folder, files: names.length, newest_at: times.length === 0 ? null : Math.max(...times) };
}

/** When signatures were made, as an official database says in its first line; of others, when they came. */
function madeAt(file: string): number {
  const fd = openSync(file, 'r');
  try {
    const head = Buffer.alloc(512);
    readSync(fd, head, 0, head.length, 0);
    const [magic, date] = head.toString('latin1').split(':');
    const at = magic === 'ClamAV-VDB' ? Date.parse((date ?? '').replace(/ (\d\d)-(\d\d) /, ' $1:$2 ')) : Number.NaN;
    return Number.isNaN(at) ? statSync(file).mtimeMs : at;
  } finally {
    closeSync(fd);
  }
}

async function modelOf(config: Config): Promise<ObservedData['model']> {
  const wanted = config.embedder.model;
  if (wanted === LEXICAL) return NO_MODEL;
  const models = modelsOf(config);
  const here = (await models.list()).filter(({ state }) => state !== 'absent').map(({ model }) => model.name);
  if (wanted !== 'auto' && !here.includes(wanted)) return { wanted, state: 'absent', wrong: [] };
  const wrong: string[] = [];
  for (const name of wanted === 'auto' ? here : [wanted])
    for (const { file, problem } of await models.verify(name)) wrong.push(`${name}: ${file} ${problem}`);
  if (wrong.length > 0) return { wanted, state: 'damaged', wrong };
  return { wanted, state: here.length === 0 ? 'none' : 'present', wrong };
}

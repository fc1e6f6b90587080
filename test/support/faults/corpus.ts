import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { MIME } from '../../../appliance/api/tenant-config.ts';
import { makeBatch, type TestBatch, type TestFile } from '../batch.ts';

const SAMPLES = resolve(import.meta.dirname, '../../../docs/samples');

/** Every how many files one of these stands in, with another ending so that its bytes are like no other's. */
const SAMPLE_EVERY = 4;
const ROTATION = [
  'contract-cold-chain-services.docx',
  'shipments-2025.csv',
  'sop-sample-intake.pdf',
  'policy-access-to-records.docx',
  'invoice-2025-118.xlsx',
] as const;

const GOODS = ['vaccines', 'salmon fillets', 'reagents', 'frozen berries', 'plasma', 'cheese', 'tulip bulbs'];
const PLACES = ['Tromsø', 'Rotterdam', 'Gdynia', 'Lyon', 'Aarhus', 'Tallinn'];

/** `count` documents, all different: short texts, and every fourth a PDF, DOCX, XLSX or CSV. The same for the same arguments. */
export function faultDocuments(count: number, salt = 0): TestFile[] {
  return Array.from({ length: count }, (_, n) => {
    const name = ROTATION[Math.floor(n / SAMPLE_EVERY) % ROTATION.length]!;
    return n % SAMPLE_EVERY === SAMPLE_EVERY - 1 ? sampleCopy(name, n, salt) : shortText(n, salt);
  });
}

/** The documents in batches of `size`, with ids that a sender can repeat. */
export function faultBatches(
  tenant: string,
  documents: readonly TestFile[],
  size: number,
  name = 'batch',
): TestBatch[] {
  const batches: TestBatch[] = [];
  for (let at = 0; at < documents.length; at += size) {
    batches.push(makeBatch(tenant, documents.slice(at, at + size), { batch_id: `${name}-${batches.length + 1}` }));
  }
  return batches;
}

function shortText(n: number, salt: number): TestFile {
  const goods = GOODS[(n + salt) % GOODS.length]!;
  const place = PLACES[(n * 5 + salt) % PLACES.length]!;
  const lines = [
    `Standard operating procedure ${salt}-${n}`,
    '',
    `Purpose: this procedure says how ${goods} are received at the depot in ${place}.`,
    '',
    `1. The driver reports at gate ${1 + (n % 9)} and hands over the consignment note.`,
    `2. Responsible staff record the temperature of pallet ${n} within ${10 + (n % 7)} minutes.`,
    `3. Deviations above ${2 + (n % 5)} degrees are reported to the quality manager.`,
    '',
    `Revision ${n} of series ${salt}.`,
  ];
  return { filename: `procedure-${salt}-${n}.txt`, mime_type: MIME.txt, content: `${lines.join('\n')}\n` };
}

function sampleCopy(name: (typeof ROTATION)[number], n: number, salt: number): TestFile {
  const bytes = readFileSync(join(SAMPLES, name));
  const [stem, kind] = name.split('.') as [string, keyof typeof ENDINGS];
  return {
    filename: `${stem}-${salt}-${n}.${kind}`,
    mime_type: MIME[kind],
    content: ENDINGS[kind](bytes, `${salt}-${n}`),
  };
}

/** What can stand behind the end of a file without being part of it; a CSV gets a row more. */
const ENDINGS = {
  pdf: (bytes: Buffer, mark: string) => Buffer.concat([bytes, Buffer.from(`\n% copy ${mark}\n%%EOF\n`)]),
  csv: (bytes: Buffer, mark: string) => {
    const columns = bytes
      .toString('utf8')
      .split('\n')[0]!
      .split(/[;,\t]/).length;
    const separator = /[;,\t]/.exec(bytes.toString('utf8'))![0];
    return Buffer.concat([bytes, Buffer.from(`${Array(columns).fill(mark).join(separator)}\n`)]);
  },
  docx: withZipComment,
  xlsx: withZipComment,
};

function withZipComment(bytes: Buffer, mark: string): Buffer {
  const comment = Buffer.from(`copy ${mark}`);
  const copy = Buffer.concat([bytes, comment]);
  copy.writeUInt16LE(comment.length, bytes.length - 2);
  return copy;
}

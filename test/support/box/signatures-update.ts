import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256Hex } from '../../../appliance/kernel/digest.ts';
import type { Box } from '../../../scripts/box/box.ts';
import { SIGNATURE_LICENCE } from '../../../scripts/box/stick.ts';
import { ROOT, runProgram } from '../shipped.ts';

/** An update with these signatures, made as `make update` does and signed as the stick of a box is; its folder in the box. */
export async function signaturesUpdate(
  box: Box,
  name: string,
  files: Readonly<Record<string, string>>,
  counter: number,
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'frostbyte-signatures-'));
  try {
    const brought = join(folder, 'signatures');
    mkdirSync(brought);
    const sums = Object.entries({ LICENCE: SIGNATURE_LICENCE, ...files }).map(([file, text]) => {
      writeFileSync(join(brought, file), text);
      return `${sha256Hex(Buffer.from(text))}  ${file}\n`;
    });
    writeFileSync(join(brought, 'SHA256SUMS'), sums.join(''));
    const out = join(folder, name);
    const words = [`--signatures=${brought}`, `--counter=${counter}`, `--version=2026.11.${counter}`, `--out=${out}`];
    const script = join(ROOT, 'scripts/update.ts');
    const { code, err } = await runProgram([
      process.execPath,
      '--disable-warning=ExperimentalWarning',
      script,
      ...words,
    ]);
    if (code !== 0) throw new Error(`the update could not be made: ${err}`);
    cpSync(out, join(box.root, 'var/tmp', name), { recursive: true });
    return `/var/tmp/${name}`;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

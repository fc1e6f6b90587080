import { readFileSync } from 'node:fs';
import { FrostbyteError } from '../../kernel/errors.ts';

/** The text of an identity file, or of standard input for `-`: a private key is never an argument. Throws `VALIDATION_ERROR`. */
export function identityText(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (cause) {
    throw new FrostbyteError('VALIDATION_ERROR', `The identity file ${file} cannot be read.`, { cause });
  }
}

import { readFile } from 'node:fs/promises';
import { Tokenizer } from '@huggingface/tokenizers';

/** Texts as a model's own tokens. */
export interface TextTokenizer {
  /** The tokens of a text alone, none around it. O(text). */
  tokensOf(text: string): number[];
  /** What stands before and behind the tokens of each window. */
  readonly before: readonly number[];
  readonly behind: readonly number[];
}

/** Reads a publisher's `tokenizer.json`, which was checked before. What it says of cutting and padding is not heeded. */
export async function readTokenizer(file: string): Promise<TextTokenizer> {
  const tokenizer = new Tokenizer(JSON.parse(await readFile(file, 'utf8')), {});
  const tokensOf = (text: string) => tokenizer.encode(text, { add_special_tokens: false }).ids;
  // One word with all that is put around it; nothing else tells what comes before and what behind.
  const [word] = tokensOf('a');
  const around = tokenizer.encode('a').ids;
  const at = around.indexOf(word!);
  return { tokensOf, before: around.slice(0, at), behind: around.slice(at + 1) };
}

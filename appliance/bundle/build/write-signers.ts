import { listTexts, type SignerLists } from '../signers/lists.ts';
import { type PublicKey, publicLine } from '../sshsig/keys.ts';
import { SIGNERS_NAMESPACE } from '../verify/trust.ts';
import type { Input } from './write-bundle.ts';

/** The lists as files of a bundle, with the root key's signatures and the root key itself. */
export async function signerFiles(
  lists: SignerLists,
  root: { key: PublicKey; sign(text: string, namespace: string): Promise<string> },
): Promise<Input[]> {
  const files: Input[] = [{ path: 'signers/root.pub', from: Buffer.from(`${publicLine(root.key)}\n`) }];
  for (const [name, text] of Object.entries(listTexts(lists))) {
    files.push({ path: `signers/${name}`, from: Buffer.from(text) });
    files.push({ path: `signers/${name}.sig`, from: Buffer.from(await root.sign(text, SIGNERS_NAMESPACE)) });
  }
  return files;
}

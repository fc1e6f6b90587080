import type { TextLanguage } from '../../../kernel/text-language.ts';
import { queryTermsIn } from '../rules/language-terms.ts';
import { queryWords } from '../rules/query-words.ts';

/**
 * Plain words as an FTS5 expression: each quoted, as it is in texts that are cut as English is and as it is in those of each of
 * `languages`, joined by OR, so that nothing in `text` works as an operator, prefix or column filter. Null when there is no
 * word in it. O(text × languages).
 */
export function matchExpression(text: string, languages: readonly TextLanguage[] = []): string | null {
  const terms = new Set([...queryWords(text), ...languages.flatMap((language) => queryTermsIn(text, language))]);
  return terms.size === 0 ? null : [...terms].map((term) => `"${term}"`).join(' OR ');
}

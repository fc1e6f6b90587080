/** How much a folded text is built like instructions, and how odd its length is. Each 0–1; neither accuses alone. */

const IMPERATIVES =
  "ignore|forget|disregard|write|answer|respond|reply|say|tell|show|print|output|repeat|translate|summarize|summarise|act|pretend|imagine|generate|create|give|list|explain|describe|compose|stop|start|begin|follow|execute|do not|don't|never|always|use|replace|add|include|remove|convert|modify|append|provide|reveal|play|make|focus|schreibe?|antworte|zeige?|vergiss|sage?|nenne|beantworte|formuliere|verfasse|erkläre|écris|réponds|dis|montre|ignora|escribe|responde|di|muestra|scrivi|rispondi|mostra|escreva|responda|diga|mostre|schrijf|antwoord|toon|skriv|svar|vis|svara|visa|napisz|odpowiedz|pokaż";
const COMMAND_START = new RegExp(
  `(?:^|[.!?:;\\n]\\s{0,3}|\\b(?:please|now|then|and|bitte|nun|jetzt|und)[ ,]{1,2})(?:${IMPERATIVES})(?![a-z0-9ß-ɏ])`,
  'gu',
);
const ADDRESS =
  /\b(?:you|your|yours|yourself|du|dein|deine|deinen|deiner|dir|dich|tu|ton|ta|tes|votre|tú|tus|usted|você|sua|seu|je|jouw|ditt|dine|din|twój|twoje)\b/gu;
const SENTENCE_END = /[^\s.!?][.!?\n]/g;

/** Share of sentences that command, raised when the reader is addressed. */
export function structureScore(folded: string): number {
  const sentences = count(folded, SENTENCE_END) + (/[^\s.!?][^.!?\n]*$/.test(folded.slice(-200)) ? 1 : 0);
  if (sentences === 0) return 0;
  const commands = count(folded, COMMAND_START);
  if (commands === 0) return 0;
  const share = Math.min(1, commands / sentences);
  const addressed = Math.min(1, count(folded, ADDRESS) / Math.max(3, sentences));
  return Math.min(1, 0.6 * share + 0.4 * addressed);
}

/** Floods: many blank lines, endless tokens, one word again and again. */
export function lengthAnomaly(folded: string): number {
  let score = 0;
  if (/\n{12,}|(?:\\ ?n ?){6,}| {80,}/u.test(folded)) score += 0.6;
  if (/[^\s]{600}/u.test(folded)) score += 0.5;
  if (/(\b[a-zß-ɏ]{1,20}\b)(?: \1\b){15}/u.test(folded)) score += 0.6;
  return Math.min(1, score);
}

function count(text: string, pattern: RegExp): number {
  let n = 0;
  for (const _ of text.matchAll(pattern)) n++;
  return n;
}

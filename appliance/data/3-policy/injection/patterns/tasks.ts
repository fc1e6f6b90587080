/**
 * Orders one gives to a chat assistant, as they look when planted in somebody else's text: essays and poems, general
 * knowledge to explain, phrases to translate, code to show. Matched on folded text, on one line or sentence.
 */
const PHRASE = '[^.!?\\n]{0,90}';

export const ASSISTANT_TASKS: readonly RegExp[] = [
  new RegExp(
    `^(?:please )?(?:write|compose|draft|create|generate|develop|provide|give me|prepare|tell me)${PHRASE}\\b(?:poem|story|essay|speech|song|joke|haiku|limerick|monologue|dialogue|short story|letter to|introduction for|blog post|slogan|tagline|rap|lyrics|riddle)\\b`,
    'u',
  ),
  /^(?:please )?(?:explain|describe|summari[sz]e|discuss|outline|break down|analy[sz]e|define|compare)(?: to me)? (?:how|why|what|the (?:theory|process|life ?cycle|concept|plot|history|difference|differences|main|causes|principles?|importance|role|meaning|significance|works?|structure)\b)/u,
  new RegExp(`^(?:please )?translate ${PHRASE}\\b(?:to|into|in) [a-zß-ɏ]{4,14}\\b`, 'u'),
  new RegExp(
    `^(?:how (?:do|would|can) (?:you|i|we) say|what(?:'s| is|'re| are)|provide|give me)${PHRASE}(?:"|'|equivalent|word|translation)${PHRASE}\\b(?:in|for|into) (?:english|french|german|spanish|italian|russian|japanese|chinese|mandarin|portuguese|dutch|swedish|norwegian|danish|polish|arabic|latin|korean|greek|turkish|'|")`,
    'u',
  ),
  /^(?:provide|give me) (?:the |an? )?(?:english|french|german|spanish|italian|russian|japanese|chinese|portuguese) (?:equivalent|translation|word)/u,
  new RegExp(
    `^(?:please )?(?:provide|show me|give me|write|can you (?:show|write|give)|could you (?:show|write|give)|explain|how (?:do|can|would) (?:i|you))${PHRASE}\\b(?:python|javascript|java|php|mysql|sql|c\\+\\+|html|css|typescript|ruby|recursion|regex|bash)\\b`,
    'u',
  ),
  new RegExp(
    `^(?:bitte )?(?:schreibe?|verfasse|erstelle|erkläre|übersetze|fasse)${PHRASE}\\b(?:gedicht|geschichte|aufsatz|rede|lied|witz|wie|warum|auf (?:englisch|deutsch|französisch)|ins (?:englische|deutsche|französische)|zusammen)\\b`,
    'u',
  ),
  /^(?:écris|rédige|explique|traduis|escribe|redacta|explica|traduce|scrivi|spiega|traduci|escreva|explique|traduza|schrijf|vertaal|skriv|forklar|oversett|oversæt|förklara|översätt|napisz|wyjaśnij|przetłumacz)(?:-moi|me)? (?:un|une|une|um|uma|una|een|et|en|ett|comment|pourquoi|cómo|por qué|come|perché|como|hvordan|hvorfor|hur|varför|jak|dlaczego|wiersz|o|la|le|el|il)\b/u,
];

/** Requests to change how an answer is spelt or written, which only make sense towards a model. */
export const REWRITING_ORDERS =
  /^(?:please )?(?:replace|substitute|swap|convert|change|scramble|jumble|reverse|rearrange|misspell|anagram|encode|encrypt|capitali[sz]e|remove|render|introduce|combine|group|use)\b[^.!?\n]{0,50}\b(?:vowels?|consonants?|letters?|every (?:second|third|fourth|other|fifth) word|words' letters|substitution|anagrams?|typos|misspellings|leetspeak|cipher)\b/u;

import type { InjectionCategory } from '../../gate.ts';

/**
 * Fixed phrases and marks, in any language's text. Matched on the lower-case, folded text; strengths as in
 * `templates.ts`. Repetitions are bounded.
 */
export interface PhraseRow {
  category: InjectionCategory;
  strength: number;
  pattern: RegExp;
}

export const PHRASES: readonly PhraseRow[] = [
  // Marks that separate roles in chat formats: a document has no business with them.
  {
    category: 'delimiter_injection',
    strength: 1.9,
    pattern:
      /<\|(?:im_start|im_end|im_sep|system|user|assistant|endoftext|begin_of_text|start_header_id|end_header_id|eot_id|end_of_turn|start_of_turn)\|?>?|<(?:start|end)_of_turn>/gu,
  },
  {
    category: 'delimiter_injection',
    strength: 1.8,
    pattern: /\[\/?inst\]|<<\/?sys>>|\[(?:content_start|content_end)\]|\[\/?(?:system|sys)(?: message| prompt)?\]/gu,
  },
  {
    category: 'delimiter_injection',
    strength: 1.3,
    pattern: /<\/?(?:system|assistant|instructions?|system_prompt|context|document|user_query|user_input|prompt)>/gu,
  },
  {
    category: 'delimiter_injection',
    strength: 1,
    pattern:
      /(?:^|\n)\s{0,4}#{2,4}\s{0,2}(?:system|instruction|instructions|new instructions|response|human|assistant|user)\s{0,2}(?::|\n)/gu,
  },
  {
    category: 'delimiter_injection',
    strength: 1.1,
    pattern: /(?:^|\n)\s{0,4}(?:system|system prompt|system message)\s{0,2}:\s{0,3}\S/gu,
  },
  {
    category: 'delimiter_injection',
    strength: 1,
    pattern: /(?:^|\n)\s{0,4}(?:human|user)\s{0,2}:[^\n]{1,300}\n{1,3}\s{0,4}(?:assistant|ai|bot)\s{0,2}:/gu,
  },
  {
    category: 'delimiter_injection',
    strength: 1.2,
    pattern:
      /(?<![-=#*])[-=#*]{3,80}\s{0,3}(?:end|begin|start) (?:of )?(?:the )?(?:context|prompt|system prompt|user input|input|instructions|conversation|data)\b/gu,
  },
  { category: 'delimiter_injection', strength: 0.45, pattern: /(?:\\ ?n ?){4,}|\n{10,}/gu },

  {
    category: 'jailbreak',
    strength: 1.9,
    pattern:
      /\bdo anything now\b|\byou (?:are|will be|act as|become) (?:now )?(?:called )?dan\b|\bdan mode\b|\bstay a dan\b/gu,
  },
  {
    category: 'jailbreak',
    strength: 1.6,
    pattern:
      /\b(?:developer|debug|god|sudo|root|admin|maintenance|unrestricted|jailbreak|evil) mode (?:is )?(?:now )?(?:enabled|activated|on|engaged)\b|\benable (?:developer|debug|god|jailbreak) mode\b|\benter (?:developer|debug|god|jailbreak) mode\b/gu,
  },
  {
    category: 'jailbreak',
    strength: 1.5,
    pattern:
      /\b(?:bypass|disable|turn off|circumvent|deactivate|switch off|evade|get around) (?:all |any |your |the |its |of )*(?:safety|content|ethical|security|moderation|openai'?s?) (?:filters?|guidelines?|protocols?|restrictions?|measures|policy|policies|checks|rules|mechanisms?)\b(?= |[.,!;]|$)/gu,
  },
  {
    category: 'jailbreak',
    strength: 1.3,
    pattern:
      /\bevil (?:ai|artificial intelligence|bot|assistant|twin|confidant|ki)\b|\bböse ki\b|\bjailbroken\b|\bamoral (?:ai|chatbot|assistant)\b|\bexploiting ai systems?\b|\bki-systeme auszunutzen\b|\bhaha pwned\b/gu,
  },
  {
    category: 'jailbreak',
    strength: 0.9,
    pattern:
      /\b(?:actors|schauspieler|acteurs|actores|attori|atores)\b[^.!?\n]{0,80}\b(?:film|movie|play|stück|película|filme)\b/gu,
  },
  {
    category: 'jailbreak',
    strength: 0.7,
    pattern:
      /\bnever (?:refuse|decline|say no|apologi[sz]e)\b|\bwithout (?:any )?(?:warnings?|disclaimers?|moralizing|apologizing)\b|\bhypothetical(?:ly)? (?:scenario|speaking)\b.{0,60}\bno (?:rules|laws|ethics)\b/gu,
  },

  {
    category: 'prompt_leak',
    strength: 1.5,
    pattern:
      /\bwhat (?:was|is|were) (?:written|said|stated|given|the (?:text|first (?:line|sentence|word|instruction)))(?: to you)?(?: at| in| above| before)[^.?!\n]{0,40}(?:prompt|above|beginning|conversation|instructions?)/gu,
  },
  {
    category: 'prompt_leak',
    strength: 1.3,
    pattern:
      /\b(?:repeat|print|output|copy|echo|show|recite|return|spell out|write out|translate|summari[sz]e) (?:me )?(?:the |all |all of the |all the |everything |exactly )*(?:text|words|sentences|lines|content|instructions?|prompts?|messages?|above|conversation|everything)(?: [a-zß-ɏ]{1,12}){0,2} (?:above|before this|up to here|so far|preceding this|verbatim)\b/gu,
  },
  {
    category: 'prompt_leak',
    strength: 1.1,
    pattern:
      /\byour (?:initial|original|system|hidden|secret|first) (?:prompt|instructions?|message)\b|\bsystem prompt\b.{0,30}\b(?:verbatim|word for word|in full|entirely)\b/gu,
  },

  {
    category: 'generic_override',
    strength: 1.4,
    pattern:
      /\b(?:override|overrule|supersede|replace|change|update|rewrite) (?:all |any |of |the |its |your )*(?:your|system|safety|previous|core|original) (?:[a-zß-ɏ]{1,15} )?(?:instructions?|rules|programming|settings|directives?|prompt|guidelines|behaviou?r|protocols?)\b/gu,
  },
  {
    category: 'generic_override',
    strength: 1.2,
    pattern:
      /(?:^|[\n.!?:*"'-])\s{0,4}(?:new|updated|revised|important|real|actual|urgent|secret|hidden|additional|system) (?:system )?(?:instructions?|directive|prompt|command|override)(?: for (?:the )?(?:ai|assistant|model|llm|you))?\s{0,2}:/gu,
  },
  {
    category: 'generic_override',
    strength: 1.1,
    pattern:
      /\binstead,? (?:of (?:that|this|doing|answering|summari[sz]ing|following)[^.!?\n]{0,60}|you (?:should|must|will) |please )?(?:output|print|say|reply|respond|return|answer|translate|write|tell)\b|\b(?:geben?|gib|schreibe?|sage?|antworte)(?: sie)? stattdessen\b/gu,
  },
  {
    category: 'generic_override',
    strength: 1.2,
    pattern:
      /\b(?:these|the following|my|this|below) instructions? (?:take|takes|have|has|supersede|supersedes|override|overrides|replace|replaces)(?: [a-zß-ɏ]{1,12}){0,3}(?: precedence| priority| all| any| previous| your| the)/gu,
  },
  {
    category: 'generic_override',
    strength: 1.2,
    pattern:
      /\b(?:stop|halt|end)(?: (?:processing|reading|summari[sz]ing|following|doing))(?: [a-zß-ɏ]{1,12}){0,3}(?: and)? (?:instead|now|do|follow|execute|obey|output|say|write)\b/gu,
  },

  {
    category: 'model_imperative',
    strength: 1.3,
    pattern:
      /\b(?:note|message|instructions?|attention|memo|reminder|notice|hint) (?:to|for) (?:the |any |all |an? )?(?:ai|llm|llms|language models?|large language models?|assistant|ai assistant|chatbot|bot|gpt|chatgpt|model|copilot|automated (?:system|reader|reviewer)s?)\b/gu,
  },
  {
    category: 'model_imperative',
    strength: 1.3,
    pattern:
      /\b(?:if|when|since|as) (?:you are|you're|you) (?:an? )?(?:ai|llm|language model|large language model|chatbot|ai assistant|ai model|automated system|gpt)\b(?!,? (?:company|vendor|provider|startup|team|developer|user|researcher|engineer))/gu,
  },
  {
    category: 'model_imperative',
    strength: 1,
    pattern:
      /(?:^|[\n.!?:"'(-])\s{0,4}(?:hey |hello |hi |dear |hallo |attention )?(?:ai|llm|assistant|chatgpt|gpt|gpt-\d|claude|gemini|copilot|chatbot|bard|language model|ki|sprachmodell)(?: model| assistant)?[,:!]\s{0,3}(?:please |you |do |that |now |ignore |write |say |tell |output |always |never |das |bitte |[a-zß-ɏ]{2,12} )/gu,
  },
  {
    category: 'model_imperative',
    strength: 1.2,
    pattern:
      /\b(?:when|while|before|after|if) (?:you (?:are )?)?(?:summari[sz]ing|summari[sz]e|processing|process|analy[sz]ing|analy[sz]e|reading|read|answering|translating|reviewing|evaluating|ranking|rating|parsing) (?:this|the|these) (?:document|text|page|email|e-mail|message|content|file|article|review|résumé|resume|cv|application|candidate)\b[^.!?\n]{0,40}\b(?:you must|you should|always|never|do not|don't|include|say|state|output|respond|tell|add|recommend|rate|rank|mention|please)\b/gu,
  },
  {
    category: 'model_imperative',
    strength: 1.2,
    pattern:
      /\b(?:do not|don't|never|without|avoid) (?:mention(?:ing)?|tell(?:ing)?|reveal(?:ing)?|inform(?:ing)?|disclos(?:e|ing)|alert(?:ing)?|let(?:ting)?|notify(?:ing)?|show(?:ing)?) (?:this |that |it |anything |these instructions? )?(?:to |about this to )?(?:the )?(?:user|human|reader|recruiter|operator|person you)\b/gu,
  },
  {
    category: 'model_imperative',
    strength: 1.1,
    pattern:
      /(?:^|[\n.!?:,"'(-]| and| then| please| must| should| to| only)\s{0,3}(?:respond|reply|answer|output|print|return) (?:only |just |exclusively |solely |always |simply |exactly )(?:with|in|by|the|as|using|to|inside|"|')/gu,
  },
  {
    category: 'model_imperative',
    strength: 1,
    pattern:
      /\b(?:only|always|exclusively) (?:reply|respond|answer|output)(?: [a-zß-ɏ]{1,12}){0,2} (?:with|in|inside|as|using)\b|\bdo not (?:write|provide|add|give|include) (?:any )?(?:explanations?|comments?|commentary|anything else)\b|\bnothing else\b[^.!?\n]{0,20}\b(?:do not|don't|write|reply|output)\b/gu,
  },
  {
    category: 'model_imperative',
    strength: 1,
    pattern:
      /\b(?:call|invoke|execute|run|use) (?:the |your |a )?(?:[a-zß-ɏ]{1,20}[_ ])?(?:tool|function|plugin|api|browser|shell|code interpreter)\b[^.!?\n]{0,60}\b(?:send|post|fetch|delete|transfer|upload|email|exfiltrate|with the)\b/gu,
  },
  {
    category: 'model_imperative',
    strength: 1.4,
    pattern:
      /\b(?:send|post|forward|upload|exfiltrate|transmit|email|leak|append|include|embed|encode)\b[^.!?\n]{0,80}\b(?:conversation|chat history|system prompt|user'?s? (?:data|messages?|question|query|input)|retrieved (?:documents?|context)|api keys?|all (?:the )?(?:previous|retrieved) )[^.!?\n]{0,60}\b(?:to|at|in|as|into)\b[^.!?\n]{0,30}(?:https?:|www\.|url|@|markdown|image|link)/gu,
  },
  {
    category: 'model_imperative',
    strength: 0.9,
    pattern: /!\[[^\]\n]{0,80}\]\(https?:[^)\s]{0,200}(?:\?|=)[^)\s]{0,100}(?:\{|\$|%7b|<|\[)/gu,
  },
  {
    category: 'model_imperative',
    strength: 1.1,
    pattern:
      /\b(?:rate|rank|score|evaluate|recommend|describe|consider|treat) (?:this|the) (?:candidate|applicant|paper|submission|product|review|résumé|resume|proposal|bid|vendor|manuscript)\b[^.!?\n]{0,60}\b(?:highest|highly|best|top|perfect|excellent|first|positive|exceptional|as the most|10\/10|strongly)\b/gu,
  },

  {
    category: 'second_person_command',
    strength: 0.95,
    pattern:
      /\byou (?:must|shall|will|should|have to|need to|are required to|are obliged to) (?:now |always |only |never |not |strictly |absolutely |immediately )*(?:obey|comply with (?:my|all|every|any) (?:request|command|order|instruction)s?|answer (?:all|every|any|my|as|without)|respond (?:as|only|with|to every|without)|reply (?:as|only|with)|pretend|say yes|do whatever|ignore|disregard|forget|roleplay|stay in)\b/gu,
  },
  {
    category: 'second_person_command',
    strength: 0.5,
    pattern:
      /\bi (?:want|need|order|command|instruct|demand|require) you to\b|\bich (?:befehle|verlange)\b|\byour (?:task|job|goal|mission) is (?:now )?to\b|\bdeine aufgabe (?:ist|besteht)\b/gu,
  },
  {
    category: 'second_person_command',
    strength: 0.4,
    pattern:
      /\b(?:it is very important|very important|extremely important|sehr wichtig|wirklich wichtig|echt wichtig|do your best|gib dein bestes)\b/gu,
  },

  {
    category: 'obfuscation',
    strength: 1.3,
    pattern:
      /\b(?:decode|decrypt|deobfuscate|unscramble|reverse|un-?base64)\b[^.!?\n]{0,60}\b(?:base ?64|rot ?13|hex|hexadecimal|cipher|morse|binary|string|text)\b[^.!?\n]{0,60}\b(?:and|then)\b[^.!?\n]{0,30}\b(?:follow|execute|do|obey|run|comply|perform|act|respond|answer)\b/gu,
  },
  {
    category: 'multi_turn',
    strength: 0.7,
    pattern:
      /\b(?:remember|keep in mind|from now on|in (?:all|every) (?:future|subsequent|later|following) (?:responses?|turns?|messages?|conversations?|answers?))\b[^.!?\n]{0,80}\b(?:whenever|every time|each time|if (?:i|the user|anyone) (?:say|ask|type|mention)s?|always)\b/gu,
  },
  {
    category: 'multi_turn',
    strength: 0.8,
    pattern:
      /\b(?:when|whenever|if|once|as soon as) (?:the |any |a )?user (?:asks?|says?|types?|mentions?|requests?|queries)\b[^.!?\n]{0,80}\b(?:respond|reply|say|tell|answer|output|recommend|direct|send|always|you must|give)\b/gu,
  },
  // Orders to change an answer that only a model is about to give.
  {
    category: 'model_imperative',
    strength: 0.9,
    pattern:
      /(?:^|[.!?:;\n"'(]\s{0,3}|\b(?:please|and|then|also|always|must|should) )(?:add|insert|append|integrate|incorporate|embed|modify|augment|enhance|alter|replace|substitute|introduce|misspell|scramble|jumble|rearrange|group|combine|remove|convert|swap|reverse|encode|encrypt|anagram|render|translate|hide|sneak|weave|rewrite|prefix|start|begin|end|finish)\b(?:[^.!?\n]|[.!?](?=\S)){0,200}\byour (?:response|answer|reply|output)\b/gu,
  },
  {
    category: 'model_imperative',
    strength: 0.9,
    pattern:
      /\b(?:provide|give|write|deliver|present|format) your (?:response|answer|reply|output|message) (?:in|with|using|without|as) (?:[^.!?\n]{0,40})\b(?:anagram[a-zß-ɏ]{0,4}|substitution|misspell[a-zß-ɏ]{0,5}|typos|spaces|punctuation|base ?64|morse|rot ?13|json|emojis?|rhymes?|pirate|leetspeak|cipher|binary|reverse[a-zß-ɏ]?|capital letters|uppercase|lowercase)\b/gu,
  },
];

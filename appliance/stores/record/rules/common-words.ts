import type { TextLanguage } from '../../../kernel/text-language.ts';
import { withoutAccents } from '../../../kernel/without-accents.ts';

/**
 * English words that stand in nearly every chunk. They rank nothing and make a query read every list, so they are left
 * out while other words remain.
 */
const ENGLISH = setOf(
  'a an and are as at be been but by can could did do does for from had has have how if in into is it its may not of on or our shall should so such than that the their them then there these they this to under us was we were what when where which who why will with within would you your',
);

/** The same of each other language, for its own texts alone: articles, prepositions, pronouns, and what helps verbs. */
const OTHERS: Readonly<Record<TextLanguage, ReadonlySet<string>>> = Object.freeze({
  da: setOf(
    'af at blev blive bliver de dem den denne der deres det dette dig din disse du efter ej eller en er et for fra ham han hans har havde hende hendes her hun hvad hvem hver hvilke hvilken hvis hvor hvordan hvornår i ikke ind jeg kan kunne man med men mig min mod ned når og om op os over på sig sin skal skulle som til ud under var ved vi vil ville vor være været',
  ),
  de: setOf(
    'aber als am an auf aus bei beim bis da das dass dem den denn der des die dies diese diesem diesen dieser dieses doch du durch ein eine einem einen einer eines er es für gegen hat hatte hier ich ihm ihn ihr ihre im in ist ja kann mit muss nach nicht noch nur ob oder ohne sich sie sind so soll über um und uns unter vom von vor wann war was wegen welche welcher welches wenn wer werden wie wir wird wo wurde zu zum zur',
  ),
  es: setOf(
    'a al como con cual cuando cuándo cuánto de del donde dónde e el ella ellos en entre era es esta este esto estos fue ha han hasta hay la las le les lo los más me mi muy ni no nos o para pero por porque que qué quien quién se según ser si sí sin sobre son su sus también un una unas unos y ya',
  ),
  fi: setOf(
    'ei eivät en että hän he ja jo joka jos jotka kuin kun me mikä milloin missä mitä minä mutta myös ne ole oli olla on ovat se sekä sen siitä sitä tai tämä tämän te tuo vaan voi',
  ),
  fr: setOf(
    'a à au aux avec c ce ces cet cette comme comment d dans de des du elle elles en est et été eu il ils j je l la le les leur leurs lui m mais me même n ne nos notre nous on ont ou où par pas plus pour qu quand que quel quelle quelles quels qui quoi s sa sans se ses si son sont sous sur t te un une vos votre vous y',
  ),
  hu: setOf(
    'a az azt be de egy el és ez ezt fel hogy ha hogyan hol így is itt ki kell le lehet meg mely melyik mert mi mikor milyen mint mit nem ott pedig sem szerint úgy vagy van vannak volt',
  ),
  it: setOf(
    'a ad agli ai al alla alle allo anche c che chi ci col come con cui d da dagli dai dal dalla dalle dei degli del dell della delle dello di dove e è ed era fra gli ha hanno i il in io l la le lo loro ma mi ne nei nel nell nella nelle non o per perché più quale quali quando questa queste questi questo se si sia sono su sua sue sui sul sulla suo suoi tra un una uno vi',
  ),
  nl: setOf(
    'aan al als bij dan dat de der deze die dit door een en er geen had heb hebben heeft het hij hoe hun ik in is je kan maar me meer met mijn moet na naar niet nog nu of om omdat onder ons ook op over te tot u uit van veel voor waar wanneer waren was wat we welke werd wie wij wordt worden ze zich zij zijn zo zou',
  ),
  no: setOf(
    'at av ble bli blir da de dei deg dem den denne der deres det dette disse dykk du eg ein eit eller en er et etter for fra ha hadde han hans har hennes her hun hva hvem hver hvilke hvilken hvis hvor hvordan hvorfor i ikke ikkje inn jeg kan korleis kunne kva man med men mot når og om opp oss over på seg sin skal skulle som så til um under ut var ved vi vil ville være vært å',
  ),
  pt: setOf(
    'a à ao aos às as até com como da das de dela dele do dos e é ela ele eles em entre era essa esse esta este foi foram há isso isto já lhe mais mas me na não nas nem no nos o onde os ou para pela pelas pelo pelos por porque qual quais quando que quem se sem ser seu seus são sob sobre sua suas também tem um uma umas uns',
  ),
  ro: setOf(
    'a acest aceasta această aceste al ale am ar are au ca care că când ce cine cu cum da de din dintre după e ea ei el ele este eu fi fie fost iar ii il în la le lor lui mai ne ni nu o ori pe pentru prin s sa să sau se si și sunt un una unde unei unor unui va vor',
  ),
  ru: setOf(
    'а без бы был была были было быть в вам вас во вот вы где да для до его ее её если же за и из или им их к как какие какой ко когда который кто ли мы на над не него нет ни но о об он она они от по под при с со так также там то тот у что чтобы это этого этот я',
  ),
  sv: setOf(
    'att av bli blir blev då de dem den denna der deras dess det detta dig din du där efter ej eller en er ett från för ha hade han hans har henne hon hur i icke in inte jag kan kunde man med men mig mot ni nu när och om oss på sedan sig sin ska skall skulle som så till under upp ur ut utan vad var vara vart vem vi vid vilka vilken vilket vill än är',
  ),
});

/** Whether a word tells nothing, in a text of a language; null for texts that are cut as English is. */
export function isCommon(word: string, language: TextLanguage | null): boolean {
  return ENGLISH.has(word) || (language !== null && OTHERS[language].has(withoutAccents(word)));
}

function setOf(words: string): ReadonlySet<string> {
  return new Set(words.split(' ').map(withoutAccents));
}

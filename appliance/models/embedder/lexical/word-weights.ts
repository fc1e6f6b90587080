import { tokens } from './tokens.ts';

/** Words that say how a sentence hangs together, not what it is about. Folded as `tokens` folds. */
const FUNCTION_WORDS = `
a about above across after again against all along also although am among an and another any anyone anything are aren
around as at away be became because become been before behind being below beneath beside between beyond both but by can
cannot could couldn did didn do does doesn doing don done down due during each either else etc even ever every everyone
everything few for from further had hadn has hasn have having he hence her here hers herself him himself his how however
i if in into is isn it its itself just least less let like ll many may me might mine more moreover most much must my
myself neither never no nobody none nor not nothing now of off often on once one only onto or other others otherwise ought
our ours ourselves out over own per please quite rather re same shall shan she should shouldn since so some someone
something such than that the their theirs them themselves then there thereby therefore these they this those though
through throughout thus till to together too toward towards under unless until up upon us use used uses using ve very via
was wasn we were weren what whatever when whenever where whereas wherever whether which while who whoever whom whose why
will with within without won would wouldn yes yet you your yours yourself yourselves

aber alle allem allen aller alles als also am an auch auf aus bei beim bin bis bist da dabei dadurch dafur damit dann das
dass dein dem den denn der deren des dessen dich die dies diese diesem diesen dieser dieses dir doch dort du durch ein
eine einem einen einer eines er es euch euer fur gegen hab habe haben hat hatte hatten hier hinter ich ihm ihn ihnen ihr
ihre ihrem ihren ihrer im in ins ist ja jede jedem jeden jeder jedes jedoch kann kein keine keinem keinen keiner konnen
machen man mein mich mir mit muss mussen nach nicht nichts noch nun nur ob oder ohne sehr sein seine seinem seinen seiner
seit sich sie sind so soll sollen sollte sondern sowie uber um und uns unser unter vom von vor war waren warum was weil
welche welchem welchen welcher wenn wer werden wie wieder wir wird wo wurde wurden zu zum zur zwischen

ai alors au aucun aucune aussi autre autres aux avait avant avec avez avoir avons car ce cela celle celles celui ces cet
cette ceux chaque comme comment dans de depuis des donc dont du elle elles en encore entre est et etait etaient etc ete
etre eu fait font furent il ils je jusqu la laquelle le lequel les lesquels leur leurs lors lui ma mais meme memes mes mon
ne ni nos notre nous on ont ou par parce pas pendant peu peut peuvent plus pour pourquoi qu quand que quel quelle quelles
quels qui quoi sa sans se selon sera ses si soit son sont sous sur ta tandis te tel telle tes ton tous tout toute toutes
tres tu un une vers voici vos votre vous

al algo algun alguna algunas algunos ante antes aquel aquella asi aun aunque cada como con contra cual cuales cuando de
del desde donde dos el ella ellas ellos en entre era eran es esa esas ese eso esos esta estaba estan estar este esto estos
fue fueron ha han hasta hay la las le les lo los mas mi mientras mis mucho muy nada ni nos nosotros nuestra nuestro o os
otra otro otros para pero poco por porque pues que quien se sea segun ser si sido sin sobre solo son su sus tambien tanto
te tiene tienen todo todos tu un una unas uno unos usted ustedes y ya yo

agli ai al alla alle allo anche ancora che chi ci come con cui da dagli dai dal dalla dalle degli dei del della delle
dello di dove e ed era erano essere fra gli ha hanno i il in io la le lei lo loro lui ma mentre mi mia mio ne negli nei nel
nella nelle nello noi non nostra nostro o per perche pero piu poi quale quali quando quella quelle quelli quello questa
queste questi questo qui se sei senza si sia sono su sua sue sugli sui sul sulla sulle sullo suo suoi tra tu tutti tutto un
una uno voi

ao aos ate com da das do dos e ela elas ele eles em entre essa esse esta este eu foi foram isso isto ja la mais mas mesmo
meu minha muito na nao nas nem no nos nossa nosso num numa o os ou para pela pelas pelo pelos por qual quando que quem sao
se sem ser seu seus sob sobre sua suas tambem tem tinha todos um uma umas uns voce

aan als bij dan dat de deze die dit door dus een en er geen had heb hebben heeft hem het hier hij hoe hun ik in is ja je
kan maar meer men met mij mijn moet na naar niet nog nu of om omdat ons onze ook op over te toch toen tot u uit van veel
voor waar want waren was wat we wel werd wij wordt worden zal ze zich zij zijn zo zou

att av bara blev bli blir da de den denna deras dess det detta dig din du efter ej eller en er ett fran for ha hade han
har henne hennes hon honom hur i icke ikke in inga ingen inte jag jeg kan kunde man med mellan men mig mot mycke nagon nar
ni nu och og om oss pa ram sa sadan samma sedan ska skal skulle som til till under upp ut utan vad var vara vem vi vid vil
vilka vilken av blev blir bort ble deg dem der deres eller eit etter fra ham hva hvem hver hvis hvor hvordan ikkje jeres
kom kunne meg mellem mot naar noe noen og opp oss seg selv sin sine slik som ut uten vaere vaert ved ville vore vaer
`;

/** Words that reports and letters of every field are full of: they narrow a search a little. */
const COMMON_WORDS = `
able according account actual additional allow allowed amount appear appears applicable application applications applied
apply approach appropriate available based basic basis begin best better case cases certain change changes class clear
common compared complete concerned condition conditions consider considerable considered considering consist consists
contain contained contains corresponding current date day days define defined depend depends derived describe described
describes description detail details determine determined different difference direct discuss discussed discussion easily
effect effective effects employed end equal especially essential establish established example examples existing expected
explain explained explains fact far field figure final find first fixed follow followed following follows form forms found
full function functions general generally get give given gives giving go good great greater group hand high higher
important include included includes including increase increased indicate indicated information initial investigated
investigation item items kind know known large larger last later lead limited line list long low lower made main maintain
make makes making manner mean means measure measured method methods mode necessary need needed new next normal note number
numbers obtain obtained occur occurs old order original page paper part particular particularly parts people place point
points position possible practical practice present presented previous principle problem problems procedure process produce
produced proper properties property provide provided provides providing purpose put range ratio reason recent reference
refer regard related relation relative relatively report reported represent require required requires respect respectively
result resulting results right said say second section see seen separate set several show showed showing shown shows
significant similar simple single size small special specific standard start state stated step study subject suitable
system systems table take taken term terms three time times total two type types unit usual usually value values various
view way ways well whole work year years
`;

/** What a word weighs before its count does. Function words stay above zero: a text of nothing else still has a vector. */
export const FUNCTION_WEIGHT = 0.05;
export const COMMON_WEIGHT = 0.5;

const WEIGHTS: ReadonlyMap<string, number> = new Map([
  ...tokens(COMMON_WORDS).map((word) => [word, COMMON_WEIGHT] as const),
  ...tokens(FUNCTION_WORDS).map((word) => [word, FUNCTION_WEIGHT] as const),
]);

/** Prior weight of a folded word, 0–1: a stand-in for the collection's statistics, which a single text does not have. */
export function wordWeight(word: string): number {
  return WEIGHTS.get(word) ?? 1;
}

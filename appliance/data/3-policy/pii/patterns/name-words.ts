/** Word lists and shapes for names of people, beside the English name lists of the `compromise` library. */

const list = (words: string): ReadonlySet<string> => new Set(words.trim().split(/\s+/));

/** Given names common in Europe that English lists miss, in lower case. */
export const GIVEN_NAMES = list(`
  agnes agnieszka aino aleksander aleksandra alfons alicja alois alojz ana anders andrzej anette angelika anja anke anna
  anne annette annika anouk antje antonella antti arne arvid asbjørn astrid aud aurelio axel barbro bartosz beata beate
  beatriz bengt benoît bente berit bernd bernhard birgit birgitta birgitte bjarne bjørn björn blanca bodil boris bożena
  brigitte britt bruno camille carina carlo carlos carmen carsten cecilie cezary chiara christa christel christian
  christiane christine christoph claes claire claudia claudio cláudia clemens concetta cornelia cristina cécile céline
  dagfinn dagmar dagny daniela dariusz davide détlef detlef didier dieter dietmar dirk dorota dorothea dorte dragan
  ebba eckhard edda edita egil eirik eero ekaterina elena elif elisabeth elke ellinor elsa emilia emilie emilio
  enrique enzo erik erika erkki erna ernst esa eszter eugenia eva ewa fabien fabienne fabio fabrizio fátima federico
  felipe félix ferenc fernanda fernando finn flemming florian francesca francesco franck françois françoise franz franziska frauke
  freja fredrik frida friedrich frieda fritz gábor gabriele geir geneviève georg georges georgios gerd gerhard germán gertrud
  ghislaine giacomo gianluca gilles giorgio giovanna giovanni giulia giuseppe gonzalo greta grete grethe grzegorz gudrun guido guillaume
  guillermo gunnar gunther günter günther guro gustav hanna hannelore hanne hannes hans harald hartmut hedwig heidi heike heiko heiner
  heinrich heinz helena helga helge helle helmut hendrik henning henri henrik henrike henryk herbert hermann hilde hildegard
  holger horst hubert hugo ignacio ilse inés inga inge ingeborg inger ingrid irena irene irène irina irma isabelle isabella ivana
  ivar jaakko jacek jacques jadwiga jakob jakub jan jana janez janina janne janusz jarmo jasmin javier jean jeanne jens jerzy
  jesús joachim joanna joaquín jochen joão joel johan johann johanna johannes jolanta jón jonas jordi jorge jørgen jörg josef
  josé joséphine józef juan juha juhani julie julien jürgen jutta kaare kai kaj kaja karel karen kari karin karina karl karolina
  karsten katarina katarzyna katharina kathrin katja katrin katrine kees kerstin kirsten kirsti kjell kjersti klara klaus knut konrad kristian kristin
  kristina kristján krystyna krzysztof kurt lars lasse laszlo laurence laurent leif lena lene lennart leonie leszek liisa lilian linnea
  lisbeth liv lorenzo lotte louise luca lucía lucie ludwig luigi luis luisa lukas łukasz lutz maarten maciej magdalena magne magnus maike maja
  malene małgorzata manfred manuela marc marcel marcello marcin marco marcos marek maren margareta margarethe margit margot maria marianne
  marie mariusz marit marja marko markku markus marta martha marthe martina martine mateusz matej mathias mathieu mats matteo matthias
  matti maurizio mette michael michał michel michele michèle miguel mikael mikkel mikko milan milena mirela mirjam miroslav mogens monica monika monique morten
  nadia nadine natalia nathalie nele nicolas nicole niels nikolai nikolaj nikolaos nils nina noémie nora odd oddvar ola olav olaf olga oliver
  olivier ondřej oskar osvaldo ottar otto øystein øyvind pablo paola paolo pasi pascal pascale patrice patricia patrik paul paula paulo paweł
  pedro peer pekka pelle per pernille petr petra petri philippe pia pierre piet pieter pilar piotr poul raf rafael rafał ragnar ragnhild raimund rainer
  ralf randi raquel rasmus rebekka regina reinhard reinhold renata renate renaud reidun reidar ricardo riccardo riikka rita roar robert roberto rocío
  roger rogier roland rolf román romain rosa rosario rüdiger ruben rune ruth ryszard sabine salvatore samuli sándor sanna sara saskia sébastien
  sergio sigrid sigurd silje silke silvia simone sissel slavko sofía sofie solveig sonja søren stanisław stefan stefania stefano steffen stein steinar stéphane
  stig susanne svein sven svetlana sylvain sylvie sylwia synnøve tadeusz tamás tanja tatjana tea teresa terje thea théo thérèse thierry thomas thorsten thor tilda
  till timo tobias tom tomás tomasz tommaso tone tor torbjørn tord tore torgeir torsten torunn tove trine trond trude turid udo ulf ulla ulrich ulrike ulrik
  ursula ute uwe valentina valérie vegard veerle vera véronique viktor ville vincenzo virginie vittorio vivian waldemar walter waltraud wanda werner wiebke
  wiesław wilfried wilhelm willem wim winfried wioletta wojciech wolfgang wouter xavier yann yannick yves yvonne zbigniew zdeněk zofia zoltán željko
  aarne aleksi anneli eino eeva heikki helvi hilkka ilkka ismo jari jouni jukka kaarina kalevi kalle katri kimmo kirsi lauri leena maija marjatta mervi minna
  olli outi päivi pentti pertti pirjo pirkko raija raimo reijo risto ritva seija seppo tapani tapio tarja teemu teuvo toivo tuija tuomas tuula tuulikki ulla urho veikko
  guðrún sigurður ólafur einar gunnhild halldór jóhanna kristín magnús margrét ragnheiður sigríður stefán þór þóra þorsteinn aðalbjörg arnar
  dmitri dmitry evgeny igor ivan konstantin mikhail natasha nikita oksana pavel sergei sergey tatiana vladimir yulia yuri aleksey anatoly galina lyudmila
  ahmed aisha ali amina fatima hassan hussein ibrahim khalid leila mohamed mohammed muhammad mustafa omar yusuf ayşe emre fatma hatice mehmet murat
  akira haruki hiroshi kenji naoko sakura takashi yoko yuki chen jing mei wei xiao yan ying hao anil arjun deepak lakshmi priya rajesh ravi sanjay sunita vijay
`);

/** Family names that are common and not dictionary words, in lower case. */
export const FAMILY_NAMES = list(`
  müller schmidt schneider fischer weber meyer wagner becker schulz hoffmann schäfer bauer koch richter klein wolf schröder neumann
  schwarz braun zimmermann hofmann hartmann lange schmitt schmitz krüger meier lehmann schmid schulze maier köhler herrmann könig walter
  huber kaiser fuchs scholz möller weiß jung hahn vogel friedrich keller günther berger winkler roth beck lorenz baumann franke albrecht schuster
  böhm schubert vogt kuhn kraus krämer horn winter arnold haas gruber steiner moser egger hofer dupont durand dubois moreau laurent lefebvre leroy roux
  fournier girard bonnet lambert fontaine rousseau vincent faure mercier blanc guérin boyer garnier chevalier gauthier robin legrand
  garcía gonzález rodríguez fernández lópez martínez sánchez pérez gómez martín jiménez ruiz hernández díaz moreno álvarez muñoz romero alonso gutiérrez
  navarro torres domínguez vázquez ramos gil ramírez serrano blanco molina morales suárez ortega delgado castro ortiz rubio marín sanz iglesias medina
  rossi russo ferrari esposito bianchi romano colombo ricci marino greco bruno gallo conti de-luca costa giordano mancini rizzo lombardi moretti barbieri
  fontana santoro mariani rinaldi caruso ferrara galli martini leone longo gentile martinelli vitale lombardo serra coppola conte ferri
  silva santos ferreira pereira oliveira rodrigues martins sousa fernandes gonçalves gomes lopes marques alves almeida ribeiro pinto carvalho teixeira
  moreira correia mendes nunes soares vieira monteiro cardoso rocha neves coelho cruz cunha pires barros
  hansen johansen olsen larsen andersen pedersen nilsen kristiansen jensen karlsen johnsen pettersen eriksen berg haugen hagen dahl lund halvorsen
  strand moen solberg bakken lie aas nguyen henriksen jacobsen myhre nygård sæther tangen ødegård sørensen rasmussen jørgensen madsen mortensen poulsen knudsen
  andersson johansson karlsson nilsson eriksson larsson olsson persson svensson gustafsson lindberg lindström lindqvist bergström sandberg engström nyström
  korhonen virtanen mäkinen nieminen mäkelä hämäläinen laine heikkinen koskinen järvinen lehtonen saarinen salminen heinonen niemi kinnunen
  de-jong jansen de-vries bakker janssen visser smit meijer mulder bos vos peters hendriks dekker dijkstra brouwer dijk kok
  nowak kowalski wiśniewski wójcik kowalczyk kamiński lewandowski zieliński szymański woźniak dąbrowski kozłowski jankowski mazur kwiatkowski krawczyk
  novák svoboda novotný dvořák černý procházka kučera veselý horák němec nagy kovács tóth szabó horváth varga kiss molnár németh farkas balogh papp takács juhász
  popescu ionescu popa radu dumitru stan stoica gheorghe petrov ivanov smirnov kuznetsov sokolov popov lebedev volkov fedorov
  papadopoulos papadakis georgiou yılmaz kaya demir çelik şahin öztürk khan singh patel kumar sharma gupta tanaka suzuki sato watanabe yamamoto nakamura kim lee park choi
  wang zhang liu chen yang huang zhao wu zhou smith johnson williams jones davis miller wilson anderson taylor thomas jackson white harris martin thompson robinson clark
  rodriguez lewis walker hall allen young hernandez wright lopez hill scott green adams baker gonzalez nelson carter mitchell perez roberts turner phillips campbell parker evans
  edwards collins stewart sanchez morris rogers reed cook morgan bell murphy bailey rivera cooper richardson cox howard ward torres peterson gray ramirez watson brooks kelly sanders
  price bennett wood barnes ross henderson coleman jenkins perry powell long patterson hughes washington butler simmons foster bryant griffin hayes
`);

/**
 * Endings that mark a family name when the word has at least three letters before them. They are looked at only in
 * capitalised words that are not in the dictionary.
 */
export const FAMILY_ENDINGS =
  /.{2}(?:ssen|nsen|rsen|lsen|dsen|tsen|ksen|gsen|sson|nson|rson|dson|dóttir|dottir|sdóttir|berg|burg|mann|stein|baum|feld|hauer|meier|meyer|müller|bauer|ström|lund|qvist|kvist|gren|blom|stad|nen|ainen|inen|ski|sky|ska|cki|cka|wicz|vich|vitch|ović|ević|ovic|evic|ić|čić|ová|ova|eva|ina|ov|ev|enko|chuk|escu|eanu|opoulos|akis|idis|ides|oğlu|oglu|yan|ian|dze|shvili|ndez|ínez|inez|guez|érez|erez|ález|alez|ópez|ellini|etti|ucci|acci|ini|one|elli|aldi|eira|ães|ões|inho|quez|ault|eaux|ard|ette|ier|enberg|dahl|vik|haug|rud|stad|seth|moen|haugen|ák|ek|ík|ka|szky|ssy|ay|ffy|nyi|kovics|csik|sma|stra|inga|huis|beek|veld|šek|nik|šič|ar|ec|hof)$/u;

/** Words before a name that make it one, in several languages. Case matters. */
export const HONORIFICS =
  'Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Professor|Doctor|Sir|Dame|Lady|Lord|Rev|Reverend|Hon|Judge|Justice|Senator|Captain|Capt|Lt|Sgt|Col|Gen|Major|Herr|Herrn|Frau|Fräulein|Hr|Fr|Mme|Madame|Mlle|Mademoiselle|Monsieur|M\\.|Maître|Me\\.|Señor|Señora|Sr|Sra|Srta|Don|Doña|Signor|Signora|Sig|Sig\\.ra|Dott|Dott\\.ssa|Avv|Ing|Senhor|Senhora|Dona|Fru|Frøken|Fröken|Dhr|Mevr|Mevrouw|Meneer|Pan|Pani|Dipl\\.-Ing|Mag|RA|ms|mr|mrs|dr';

/** Field names before a name: "Name: Ada Lovelace". Matched without regard to case. */
export const NAME_FIELDS =
  '(?:full |first |last |given |family |maiden |middle |legal |patient |client |customer |employee |applicant |contact |tenant |landlord |seller |buyer |cardholder |account holder |beneficiary |emergency contact )?name|name of (?:patient|employee|applicant|client|insured)|attn|attention|attn\\.|c/o|signed|signed by|signature|prepared by|approved by|reviewed by|written by|directed by|author|authors|contact(?: person)?|cc|sincerely|regards|patient|employee|applicant|claimant|insured|plaintiff|defendant|petitioner|respondent|witness|customer|recipient|sender|from|to|user|name und vorname|vorname|nachname|familienname|kunde|patientin|ansprechpartner|ansprechpartnerin|unterschrift|unterzeichnet|geschäftsführer|nom|prénom|nom et prénom|signature|nombre|apellido|apellidos|nombre y apellidos|firmado|cognome|nome|nome e cognome|firmato|apelido|nome completo|navn|fornavn|etternavn|kontaktperson|pasient|kunde|ansatt|saksbehandler|vår ref|deres ref|namn|förnamn|efternamn|naam|voornaam|achternaam|imię|nazwisko|imię i nazwisko|nimi|etunimi|sukunimi';

/** Phrases before a name within a sentence. Matched without regard to case. */
export const NAME_PHRASES =
  "my name is|name is|name's|i am called|i'm called|called|named|dear|hello|hi|hey|sincerely,?|regards,?|yours truly,?|faithfully,?|signed by|written by|directed by|produced by|composed by|performed by|sung by|prepared by|approved by|represented by|born to|married to|spoke (?:to|with)|talk(?:ed)? (?:to|with)|met with|it's under|under|last name\\?|first name\\?|your name\\?|the name on the account\\?|user:|partner's name|maiden name is|last name is|first name is|novel by|song by|book by|painting by|tribute to|ich hei(?:ß|ss)e|mein name ist|namens|geborene|sehr geehrter?|lieber?|gez\\.|i\\. ?a\\.|je m'appelle|nommée?|cher|chère|me llamo|mi nombre es|llamad[oa]|querid[oa]|estimad[oa]|mi chiamo|gentile|caro|cara|chiamo|me chamo|meu nome é|prezad[oa]|jeg heter|navnet mitt er|ved navn|kjære|hilsen|jag heter|mitt namn är|hej|jeg hedder|kære|mijn naam is|ik heet|beste|geachte|nazywam się|minun nimeni on";

/** Verbs that people, hardly things, are the subject of, right after a name. Lower case. */
export const SPEECH_VERBS = list(`
  said says shouted asked replied told whispered wrote explained added claimed stated argued answered cried lives lived resides
  sagte fragte schrieb erklärte wohnt dit écrit déclare explique dijo escribió vive disse scrisse abita sa skrev bor sade spurgte
  listed spoke joined retired flew drove walked married died
`);

/** Capitalised words that are never part of a name, beside the dictionary of the library. Lower case. */
export const NOT_NAMES = list(`
  january february march april may june july august september october november december monday tuesday wednesday thursday friday saturday sunday
  januar februar märz mai juni juli oktober dezember montag dienstag mittwoch donnerstag freitag samstag sonntag janvier février mars avril juin juillet août septembre octobre novembre décembre
  the this that these those there then when where what which who whose why how if but and or not no yes please thanks thank dear hello hi hey regards sincerely subject re fwd
  section article clause appendix annex schedule exhibit chapter part page table figure item title act code regulation directive amendment party parties agreement contract company corporation corp inc ltd llc plc gmbh ag kg
  sa sas sarl srl spa bv nv as asa ab oy aps co group holding holdings partners association foundation institute university college school hospital bank insurance department ministry agency office board committee council court
  customer client supplier vendor buyer seller landlord tenant lessor lessee employer employee contractor licensor licensee borrower lender patient plaintiff defendant claimant respondent petitioner applicant
  invoice order receipt payment total amount date due number account reference description quantity price unit tax vat subtotal balance bill ship address phone email fax website notice policy procedure purpose scope
  responsibilities references revision version approval approved effective confidential draft final copy street avenue road north south east west new city state county country republic kingdom united states
  europe america africa asia australia english french german spanish italian portuguese norwegian swedish danish dutch polish internet web google microsoft apple amazon facebook twitter youtube linkedin
  der die das den dem des ein eine einer einem einen und oder aber nicht ist sind war waren hat haben wird werden kann können muss soll sie er es wir ihr ich du mit von zu bei nach aus für auf an in im am um als wenn dass weil
  le la les un une des du de et ou mais est sont dans pour par sur avec sans el los las una y o pero es son en por con il lo gli i uno e ma è sono di da per os um uma são não
  og eller men er var har blir kan må skal det den de en et ei vi jeg du han hun dere som til fra på av i och att är inte ett
  bot user note warning attention important question answer example task internal external general special annual standard total net gross bitte danke guten tag morgen abend
  order rock song album band movie film concert orchestra hotel restaurant airport station church museum library league team club award prize festival
  islands island valley bay lake mount mountain park river ocean sea coast beach forest hill hills bridge tower castle palace port fort county village town creek springs
  computer vision conference international proceedings journal transactions symposium workshop lecture notes ratio learning neural network data science arxiv preprint
  civil rights human resources social security health safety quality management control system systems service services software hardware data information technology technologies engineering research development
  sales marketing finance legal operations support training project product production manager director president chief officer executive senior junior head chair chairman secretary treasurer
`);

/** Endings of English and Latin common words, of three and more letters before them: no part of a name by itself. */
export const COMMON_ENDINGS =
  /.{3}(?:tions?|sions?|ments?|ences?|ances?|ness|ity|ities|ical|ional|ings?|ous|ive|isms?|ology|graphy|ships?|ware|ures?|ages?|ics|able|ible|ary|ory|works?|ers|ors|nets?|bases?|lands|sets?|ies|ists)$/u;

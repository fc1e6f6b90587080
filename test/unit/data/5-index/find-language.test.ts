import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { languageOf } from '../../../../appliance/data/5-index/find-language.ts';

/** The same letter in each language. */
const LETTERS = {
  da: 'Lejeren skal betale huslejen senest den første i hver måned til udlejerens konto. Aftalen kan opsiges skriftligt med tre måneders varsel til udgangen af en måned. Fakturaerne er vedlagt, og beløbet bedes indbetalt inden fjorten dage.',
  de: 'Der Mieter hat die Miete spätestens am Ersten eines jeden Monats auf das Konto des Vermieters zu zahlen. Der Vertrag kann schriftlich mit einer Frist von drei Monaten gekündigt werden. Die Rechnungen liegen bei, der Betrag ist binnen vierzehn Tagen zu begleichen.',
  es: 'El arrendatario debe pagar la renta a más tardar el primer día de cada mes en la cuenta del arrendador. El contrato puede rescindirse por escrito con un preaviso de tres meses. Se adjuntan las facturas y el importe debe abonarse en un plazo de catorce días.',
  fi: 'Vuokralaisen on maksettava vuokra viimeistään kuukauden ensimmäisenä päivänä vuokranantajan tilille. Sopimus voidaan irtisanoa kirjallisesti kolmen kuukauden irtisanomisajalla. Laskut ovat liitteenä ja summa on maksettava neljäntoista päivän kuluessa.',
  fr: 'Le locataire doit payer le loyer au plus tard le premier de chaque mois sur le compte du bailleur. Le contrat peut être résilié par écrit avec un préavis de trois mois. Les factures sont jointes et le montant doit être réglé sous quatorze jours.',
  hu: 'A bérlő köteles a bérleti díjat legkésőbb minden hónap első napjáig a bérbeadó számlájára befizetni. A szerződés írásban, három hónapos felmondási idővel mondható fel. A számlákat mellékeljük, az összeget tizennégy napon belül kell kiegyenlíteni.',
  it: "Il conduttore deve pagare il canone entro il primo di ogni mese sul conto del locatore. Il contratto può essere disdetto per iscritto con un preavviso di tre mesi. Le fatture sono allegate e l'importo deve essere versato entro quattordici giorni.",
  nl: 'De huurder moet de huur uiterlijk op de eerste van elke maand betalen op de rekening van de verhuurder. De overeenkomst kan schriftelijk worden opgezegd met een termijn van drie maanden. De facturen zijn bijgevoegd en het bedrag dient binnen veertien dagen te worden overgemaakt.',
  no: 'Leietakeren skal betale husleien senest den første i hver måned til utleierens konto. Avtalen kan sies opp skriftlig med tre måneders varsel til utgangen av en måned. Fakturaene er vedlagt, og beløpet bes innbetalt innen fjorten dager.',
  pt: 'O inquilino deve pagar a renda até ao primeiro dia de cada mês na conta do senhorio. O contrato pode ser rescindido por escrito com um aviso prévio de três meses. As faturas seguem em anexo e o montante deve ser pago no prazo de catorze dias.',
  ro: 'Chiriașul trebuie să plătească chiria cel târziu în prima zi a fiecărei luni în contul proprietarului. Contractul poate fi reziliat în scris cu un preaviz de trei luni. Facturile sunt anexate, iar suma trebuie achitată în termen de paisprezece zile.',
  ru: 'Арендатор обязан вносить арендную плату не позднее первого числа каждого месяца на счёт арендодателя. Договор может быть расторгнут в письменной форме с уведомлением за три месяца. Счета прилагаются, сумма должна быть оплачена в течение четырнадцати дней.',
  sv: 'Hyresgästen ska betala hyran senast den första i varje månad till hyresvärdens konto. Avtalet kan sägas upp skriftligen med tre månaders uppsägningstid. Fakturorna bifogas och beloppet ska betalas inom fjorton dagar.',
};
const ENGLISH =
  'The tenant shall pay the rent on or before the first day of each month to the account of the landlord. The agreement may be terminated in writing by three months’ notice. The invoices are attached, and the amount is due within fourteen days.';
const POLISH =
  'Najemca jest zobowiązany płacić czynsz najpóźniej pierwszego dnia każdego miesiąca na konto wynajmującego. Umowa może zostać wypowiedziana na piśmie z trzymiesięcznym okresem wypowiedzenia.';

describe('the language of a document', () => {
  for (const [language, letter] of Object.entries(LETTERS)) {
    test(`is known by a letter, and by one sentence of it: ${language}`, async () => {
      assert.equal(await languageOf([letter], {}), language);
      // One sentence of Norwegian may be one of Danish.
      if (language !== 'no') assert.equal(await languageOf([letter.slice(0, letter.indexOf('.') + 1)], {}), language);
      const chunks = Array.from({ length: 500 }, () => letter);
      assert.equal(await languageOf(chunks, {}), language, 'however long it is');
    });
  }

  test('is none for English, for what full text does not know, and where there are not words enough', async () => {
    for (const texts of [
      [ENGLISH],
      [POLISH],
      [],
      [''],
      ['Mietvertrag'],
      ['4711 0815 '.repeat(200)],
      ['x1 '.repeat(900)],
    ])
      assert.equal(await languageOf(texts, {}), null, String(texts).slice(0, 40));
  });

  test('is what most of it is in: not its first page, nor what the gates put in', async () => {
    assert.equal(await languageOf([ENGLISH, ...Array.from({ length: 20 }, () => LETTERS.de)], {}), 'de');
    assert.equal(await languageOf([...Array.from({ length: 20 }, () => ENGLISH), LETTERS.de], {}), null);
    const redacted = LETTERS.no.replaceAll(/leietakeren|konto|avtalen/gi, '[REDACTED:PERSON_NAME]');
    assert.equal(await languageOf([redacted], {}), 'no');
    assert.equal(await languageOf(['[REDACTED:PERSON_NAME] '.repeat(40)], {}), null);
    const mixed = Array.from({ length: 40 }, (_, at) => (at % 20 < 13 ? LETTERS.no : LETTERS.da));
    assert.equal(await languageOf(mixed, {}), 'no', 'Danish speaks for Norwegian');
    const two = Array.from({ length: 40 }, (_, at) => (at < 20 ? ENGLISH : LETTERS.de));
    assert.equal(await languageOf(two, {}), null, 'half of it is no most');
  });

  test('is the one that its metadata name, whatever it sounds like', async () => {
    for (const [named, expected] of [
      ['no', 'no'],
      ['nb-NO', 'no'],
      ['de-CH', 'de'],
      [' DE ', 'de'],
      ['deu', 'de'],
      ['en', null],
      ['en-GB', null],
      ['pl', null],
    ] as const) {
      assert.equal(await languageOf([LETTERS.fr], { language: named }), expected, named);
    }
  });

  test('is found out where metadata name none', async () => {
    for (const language of ['German', 'german', '', 'de_CH!', 'both of them', 7, null, ['de'], undefined])
      assert.equal(await languageOf([LETTERS.fr], { language }), 'fr', String(language));
  });
});

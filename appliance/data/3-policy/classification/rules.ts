import type { Classification } from '../../enriched.ts';

/**
 * What names a document's class outright: its file name, its headings and opening lines, and set phrases. Each rule
 * that matches adds its points; a class decides when it has enough and a clear lead.
 */
export interface RuleRow {
  classification: Classification;
  where: 'filename' | 'title' | 'text';
  points: number;
  pattern: RegExp;
}

export const RULE_ROWS: readonly RuleRow[] = [
  {
    classification: 'invoice',
    where: 'filename',
    points: 3,
    pattern:
      /(?<!\p{L})(?:invoice|inv|rechnung|faktura|facture|fattura|factura|fatura|credit.?note|gutschrift|kreditnota|receipt|quittung|kvittering)(?!\p{L})/iu,
  },
  {
    classification: 'contract',
    where: 'filename',
    points: 3,
    pattern:
      /(?<!\p{L})(?:contract|agreement|nda|msa|sla|lease|vertrag|\p{L}{2,20}vertrag|avtale|\p{L}{2,20}avtale|contrat|contratto|contrato|amendment)(?!\p{L})/iu,
  },
  {
    classification: 'SOP',
    where: 'filename',
    points: 3,
    pattern:
      /(?<!\p{L})(?:sop|procedure|work.?instruction|arbeitsanweisung|verfahrensanweisung|prosedyre|arbeidsinstruks|mode.?op[ée]ratoire)(?!\p{L})/iu,
  },
  {
    classification: 'policy',
    where: 'filename',
    points: 3,
    pattern:
      /(?<!\p{L})(?:policy|policies|code.of.conduct|richtlinie|retningslinjer|politique|datenschutzerkl[äa]e?rung|personvernerkl[æa]ring)(?!\p{L})/iu,
  },
  {
    classification: 'correspondence',
    where: 'filename',
    points: 2.5,
    pattern: /(?<!\p{L})(?:letter|e-?mail|correspondence|memo|brief|brev|lettre|lettera|carta|anschreiben)(?!\p{L})/iu,
  },
  {
    classification: 'legal_filing',
    where: 'filename',
    points: 3,
    pattern:
      /(?<!\p{L})(?:complaint|motion|affidavit|petition|subpoena|judg(?:e)?ment|pleading|klage|klageschrift|urteil|stevning|tilsvar|dom|notice.of.appeal)(?!\p{L})/iu,
  },

  {
    classification: 'invoice',
    where: 'title',
    points: 3,
    pattern:
      /^\W{0,3}(?:(?:tax|pro.?forma|commercial|sales) )?(?:invoice|rechnung|faktura|facture|fattura|factura|fatura|credit note|gutschrift|kreditnota)(?!\p{L})/iu,
  },
  {
    classification: 'contract',
    where: 'title',
    points: 3,
    pattern:
      /(?:(?:service|services|lease|license|licence|employment|purchase|supply|loan|consulting|non-disclosure|confidentiality|shareholders?'?|partnership|rental|tenancy|distribution|framework|sale|sales|subscription|settlement|master services?) (?:agreement|contract)|^\W{0,3}(?:agreement|contract|vertrag|avtale|contrat|contratto|contrato)$|(?:miet|kauf|arbeits|dienst|werk|rahmen|lizenz|darlehens)vertrag|(?:leie|arbeids|kjøpe|ramme|lisens|tjeneste|databehandler|taushets)(?:avtale|kontrakt))(?!\p{L})/iu,
  },
  {
    classification: 'SOP',
    where: 'title',
    points: 3.5,
    pattern:
      /standard operating procedures?|work instructions?|^\W{0,3}sop(?!\p{L})|arbeitsanweisung|verfahrensanweisung|standardarbeitsanweisung|^\W{0,3}prosedyre(?!\p{L})|arbeidsinstruks|mode opératoire|procedimiento operativo/iu,
  },
  {
    classification: 'policy',
    where: 'title',
    points: 3,
    pattern:
      /(?:policy|code of conduct|policy statement|privacy notice)\W{0,3}$|(?:information security|privacy|data protection|acceptable use|anti-corruption|anti-bribery|whistleblowing|travel|leave|remote work) policy|^\W{0,3}(?:richtlinie|\p{L}{2,30}richtlinie|datenschutzerklärung|retningslinjer|personvernerklæring|politique de)(?!\p{L})/iu,
  },
  {
    classification: 'legal_filing',
    where: 'title',
    points: 4,
    pattern:
      /in the .{0,40}(?:court|tribunal)(?!\p{L})|(?:united states|u\.s\.) (?:district|bankruptcy) court|^\W{0,3}(?:complaint|motion (?:to|for)|affidavit|subpoena|memorandum of law|klageschrift|klage|urteil|beschluss|stevning|tilsvar|dom|kjennelse)(?!\p{L})/iu,
  },
  {
    classification: 'correspondence',
    where: 'title',
    points: 2.5,
    pattern:
      /^\W{0,3}(?:dear |to whom it may concern|sehr geehrte|liebe[rs]? |kjære |hei |cher |chère |estimad[oa] |gentile |memorandum$|memo$|subject:|betreff:)/iu,
  },

  {
    classification: 'contract',
    where: 'text',
    points: 1.5,
    pattern:
      /(?:entered into|made) (?:as of|on|this|by and between)|by and between|in witness whereof|the parties (?:hereto )?agree as follows|zwischen .{2,120} \(nachfolgend|inngått mellom/iu,
  },
  {
    classification: 'contract',
    where: 'text',
    points: 1,
    pattern:
      /governed by (?:and construed in accordance with )?the laws? of|entire agreement|bedürfen der schriftform|reguleres av norsk rett/iu,
  },
  {
    classification: 'invoice',
    where: 'text',
    points: 1.5,
    pattern:
      /invoice (?:no|number|date|#)|rechnungs(?:nummer|nr|datum|betrag)|faktura(?:nr|nummer|dato)|numéro de facture|numero fattura|número de factura/iu,
  },
  {
    classification: 'invoice',
    where: 'text',
    points: 1,
    pattern:
      /(?:amount|total|balance) due|due date|zahlbar (?:innerhalb|bis)|forfallsdato|net \d{1,3} days|montant à payer/iu,
  },
  {
    classification: 'SOP',
    where: 'text',
    points: 1,
    pattern: /(?:this (?:procedure|sop) (?:describes|applies|covers)|step 1[.:)]|schritt 1[.:)]|trinn 1[.:)])/iu,
  },
  {
    classification: 'policy',
    where: 'text',
    points: 1,
    pattern:
      /(?:this policy (?:applies|sets|will be|covers)|violations? of this policy|comply with this policy|diese richtlinie|disse retningslinjene)/iu,
  },
  {
    classification: 'correspondence',
    where: 'text',
    points: 1.5,
    pattern:
      /(?:yours (?:sincerely|faithfully|truly)|(?:best|kind|warm) regards|mit freundlichen grüßen|med vennlig hilsen|cordialement|cordiali saluti|atentamente)/iu,
  },
  {
    classification: 'correspondence',
    where: 'text',
    points: 1,
    pattern: /(?:^|\n)\s{0,3}(?:dear|hi|hello|sehr geehrte[rs]?|lieber?|kjære|hei|cher|chère)\s[^\n]{1,60}[,!:\n]/iu,
  },
  {
    classification: 'legal_filing',
    where: 'text',
    points: 1.5,
    pattern:
      /plaintiffs?[^.]{0,200}defendants?|(?:case|docket|civil action) no\.?|aktenzeichen|saksøker|in dem rechtsstreit/iu,
  },
  {
    classification: 'legal_filing',
    where: 'text',
    points: 1,
    pattern:
      /under penalty of perjury|certificate of service|respectfully (?:requests|submitted)|it is so ordered|die klage wird/iu,
  },
];

/** Points a class needs to decide, and its lead over the second. */
export const ENOUGH = 3;
export const LEAD = 2;

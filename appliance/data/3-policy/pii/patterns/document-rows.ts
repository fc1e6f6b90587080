import { MONTH } from './months.ts';
import type { PatternRow } from './row.ts';

/** Dates of birth, medical, passport and licence numbers: values that only their surroundings can name. */
const monthName = (before: string, after: string) =>
  new RegExp(`(?<![\\p{L}\\p{N}])${before}(?:${MONTH})${after}(?![\\p{L}\\p{N}])`, 'giu');

export const DOCUMENT_ROWS: readonly PatternRow[] = [
  {
    name: 'birth-iso',
    type: 'DOB',
    pattern: /(?<![\w.-])(?:18|19|20)\d{2}([-/.])\d{1,2}\1\d{1,2}(?![\d-]|\.\d)/g,
    check: 'date',
    confidence: 0.1,
    context: 'birth',
    boost: 0.75,
  },
  {
    name: 'birth-numeric',
    type: 'DOB',
    pattern: /(?<![\w-]|\d\.)\d{1,2}([-/.]) ?\d{1,2}\1 ?(?:(?:18|19|20)\d{2}|\d{2})(?![\d-]|\.\d)/g,
    check: 'date',
    confidence: 0.1,
    context: 'birth',
    boost: 0.75,
  },
  {
    name: 'birth-compact',
    type: 'DOB',
    pattern: /(?<![\w.-])(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?![\w-])/g,
    confidence: 0.05,
    context: 'birth',
    boost: 0.55,
  },
  {
    name: 'birth-day-month',
    type: 'DOB',
    pattern: monthName('\\d{1,2}(?:st|nd|rd|th|er|º|\\.)?[ -](?:of |de )?', '\\.?,?[ -](?:de |del )?(?:\\d{4}|\\d{2})'),
    confidence: 0.1,
    context: 'birth',
    boost: 0.75,
  },
  {
    name: 'birth-month-day',
    type: 'DOB',
    pattern: monthName('', '\\.? \\d{1,2}(?:st|nd|rd|th)?,? \\d{4}'),
    confidence: 0.1,
    context: 'birth',
    boost: 0.75,
  },
  {
    name: 'mrn',
    type: 'MEDICAL_RECORD',
    pattern: /(?<![\w.-])(?:[A-Z]{1,4}[- ]?)?\d{5,12}(?![\w-])/g,
    confidence: 0.05,
    context: 'medical',
    boost: 0.6,
  },
  {
    name: 'mrn-grouped',
    type: 'MEDICAL_RECORD',
    pattern: /(?<![\w.-])(?:[A-Z]{1,4}-)?\d{2,5}-\d{2,5}(?:-\d{1,5})?(?![\w-])/g,
    confidence: 0.05,
    context: 'medical',
    boost: 0.5,
  },
  {
    name: 'nhs-number',
    type: 'MEDICAL_RECORD',
    pattern: /(?<![\w.-])\d{3}[ -]?\d{3}[ -]?\d{4}(?![\w-])/g,
    check: 'nhsNumber',
    confidence: 0.2,
    context: 'medical',
    boost: 0.65,
  },
  {
    name: 'medicare-mbi',
    type: 'MEDICAL_RECORD',
    pattern:
      /(?<![\w-])[1-9][AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9]\d-?[AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9]\d-?[AC-HJKMNP-RT-Y]{2}\d{2}(?![\w-])/g,
    confidence: 0.75,
    context: 'medical',
    boost: 0.2,
  },
  {
    name: 'german-health-card',
    type: 'MEDICAL_RECORD',
    pattern: /(?<![\w-])[A-Z]\d{9}(?![\w-])/g,
    check: 'germanHealthId',
    confidence: 0.4,
    context: 'medical',
    boost: 0.45,
  },
  {
    name: 'passport',
    type: 'PASSPORT',
    pattern:
      /(?<![\w-])(?:[A-Z]{1,3} ?\d{5,9}|\d{8,9}|\d{2}[A-Z]{2}\d{5}|[A-Z]\d{2}[A-Z]\d{5}|[CFGHJK][CFGHJKLMNPRTVWXYZ0-9]{7}\d)(?![\w-])/g,
    confidence: 0.1,
    context: 'passport',
    boost: 0.65,
  },
  {
    name: 'passport-mrz',
    type: 'PASSPORT',
    pattern:
      /(?<!\S)P[A-Z<][A-Z<]{3}[A-Z<]{39}\s{1,2}[A-Z0-9<]{9}\d[A-Z<]{3}\d{7}[MFX<]\d{7}[A-Z0-9<]{14}[\d<]\d(?!\S)/g,
    confidence: 0.95,
  },
  {
    name: 'passport-mrz-data',
    type: 'PASSPORT',
    pattern: /(?<!\S)[A-Z0-9<]{9}\d[A-Z<]{3}\d{7}[MFX<]\d{7}[A-Z0-9<]{14}[\d<]\d(?!\S)/g,
    confidence: 0.9,
  },
  {
    name: 'licence',
    type: 'DRIVERS_LICENSE',
    pattern: /(?<![\w-])(?:[A-Z]{1,5}[- ]?)?\d{2,12}(?:[- ]\d{1,6}|-?[A-Z]{1,3}\d{0,6}){0,4}(?![\w-])/gi,
    check: 'licence',
    confidence: 0.1,
    context: 'license',
    boost: 0.6,
  },
  {
    name: 'licence-uk',
    type: 'DRIVERS_LICENSE',
    pattern: /(?<![\w-])[A-Z]{2}[A-Z9]{3}\d[0156]\d{4}[A-Z][A-Z9]\d[A-Z]{2}(?![\w-])/g,
    confidence: 0.85,
  },
];

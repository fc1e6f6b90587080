/**
 * What has a say in recognised text, for `Layout.versions`. `ocr_rules` is raised whenever our own rules (orientation,
 * noise, rounding) change their results. A test holds the others against what is installed.
 */
export const OCR_VERSIONS: Readonly<Record<string, string>> = Object.freeze({
  'tesseract.js-core': '7.0.0+simd',
  'tesseract-data': '4.0.0_best_int',
  ocr_rules: '1',
});

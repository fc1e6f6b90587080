/**
 * Versions of the two halves of parse. They are part of the parse cache key and of `lineage`, so whatever changes a
 * reader's or the structure's output must raise its number: then `document reprocess` finds what is out of date.
 */

/** The format readers: bytes → layout. */
export const STAGE1_PARSER_VERSION = '1.0.1';

/** This folder: layout → canonical document. */
export const STAGE2_PARSER_VERSION = '1.0.0';

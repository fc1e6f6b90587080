import type { DroppedContent } from '../../document.ts';

/** What a page's reader reports as left out, with what people can do about it. Nothing here quotes the document. */

export function tooLargeTable(page: number, limit: number): DroppedContent {
  return {
    element_type: 'table_structure',
    page,
    reason: `a table has more than ${limit} cells; its text was kept without rows and cells`,
    remediation: 'send the table as a CSV or XLSX file',
  };
}

export function cutPage(page: number): DroppedContent {
  return {
    element_type: 'page_content',
    page,
    reason: 'the page holds more objects or characters than the reader takes; the rest was left out',
    remediation: 'print the page to a plain PDF, or split it, and send it again',
  };
}

export function doubtfulPage(page: number): DroppedContent {
  return {
    element_type: 'low_confidence_page',
    page,
    reason: 'the picture of the page is hard to read; words may be wrong or missing',
    remediation: 'scan the page again at 300 dpi or more, straight and with good contrast',
  };
}

/** Fixed ids for documents built in tests. */
export const docId = 'doc_0123456789abcdef';
export const sha256Hex = 'ab'.repeat(32);

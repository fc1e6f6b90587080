/** A moment by its second, in the basic format of ISO 8601 and without what no file name takes: `20261127T143000Z`. */
export const secondOf = (at: Date): string => at.toISOString().replace(/[-:]|\.\d+/g, '');

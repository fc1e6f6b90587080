/** A port's suite run by an adapter that needs a server: it belongs to the layer `stack`, and its name says so. */
export const SERVER_ADAPTERS = 'test/contract/**/*.{postgres,minio,redis,clamav,engine}{,-*}.test.ts';

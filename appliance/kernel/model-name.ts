/**
 * What an embedding model may be called: one of this box, or one at an endpoint, which has its own ways (`BAAI/bge-base`,
 * `nomic-embed-text:v1.5`).
 */
export const MODEL_NAME = /^[\w./:@-]{1,200}$/;

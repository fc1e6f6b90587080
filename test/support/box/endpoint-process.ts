import { startEmbeddingEndpoint } from '../embedding-endpoint.ts';

/** An embedding endpoint as a process of its own, at an address of the network that it is started in. Says where, and each request. */
const endpoint = await startEmbeddingEndpoint({ host: process.argv[2]! });
process.stdout.write(`${JSON.stringify({ url: endpoint.url, ca: endpoint.ca })}\n`);
let told = 0;
setInterval(() => {
  for (const { input, authorization } of endpoint.received.slice(told))
    process.stdout.write(`${JSON.stringify({ input, authorization })}\n`);
  told = endpoint.received.length;
}, 50);

import { after } from 'node:test';
import { openAiEmbedder } from '../../appliance/models/embedder/openai-compatible.ts';
import { startEmbeddingEndpoint } from '../support/embedding-endpoint.ts';
import { endpointSettings } from '../support/endpoint-settings.ts';
import { embedderContract } from './embedder.suite.ts';

const server = startEmbeddingEndpoint();
after(async () => (await server).close());

embedderContract('OpenAI-compatible endpoint, over TLS', async () => {
  const { url, ca } = await server;
  return openAiEmbedder({ endpoint: endpointSettings({ url }), ca, key: async () => 'a-key' });
});

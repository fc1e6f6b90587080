import { lexicalEmbedder } from '../../appliance/models/embedder/lexical.ts';
import { embedderContract } from './embedder.suite.ts';

embedderContract('lexical', async () => lexicalEmbedder());

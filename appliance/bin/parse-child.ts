/**
 * The parser's process: started by the sandbox for one document, without network, credentials, environment or files
 * of its own (spec 2 B). Its one argument is a hint which reader to load while it waits.
 */
import { serveRequest } from '../data/2-parse/sandbox/serve-request.ts';

await serveRequest(process.argv[2]);
// The answer is written; nothing that a library left running may keep the process.
process.exit(0);

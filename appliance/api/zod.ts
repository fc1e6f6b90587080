import { extendZodWithOpenApi, z } from '@hono/zod-openapi';

/**
 * zod with `.openapi`. Every schema of the API takes it from here: loading the package teaches zod too, but says that it
 * has no effect, so a bundle that uses nothing else of it would leave it out.
 */
extendZodWithOpenApi(z);

export { z };

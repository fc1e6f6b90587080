import { defaultConfig } from '../../appliance/config/schema.ts';
import type { OpenAiOptions } from '../../appliance/models/embedder/openai-compatible.ts';

/** An endpoint as it is configured where nothing but its address is said. */
export function endpointSettings(
  settings: { url: string } & Partial<OpenAiOptions['endpoint']>,
): OpenAiOptions['endpoint'] {
  return { ...defaultConfig().embedder.endpoint, ...settings };
}

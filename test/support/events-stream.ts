/** Server-sent events of a response, as they come. */
export interface ServerEvent {
  event: string;
  id: string;
  data: Record<string, unknown>;
}

export async function* serverEvents(response: Response): AsyncGenerator<ServerEvent> {
  const decoder = new TextDecoder();
  let buffer = '';
  for await (const chunk of response.body!) {
    buffer += decoder.decode(chunk as Uint8Array, { stream: true });
    const blocks = buffer.split('\n\n');
    buffer = blocks.pop()!;
    for (const block of blocks) {
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? '';
      if (field('data'))
        yield { event: field('event'), id: field('id'), data: JSON.parse(field('data')) as Record<string, unknown> };
    }
  }
}

/** Listens to the hub's live stream as a browser does, and gives what was told so far. */
export interface Listening {
  readonly text: () => string;
  readonly end: () => Promise<void>;
}

export async function listen(url: string, token: string): Promise<Listening> {
  const response = await fetch(`${url}/api/v1/events`, { headers: { authorization: `Bearer ${token}` } });
  const reader = response.body!.getReader();
  const decoder = new TextDecoder();
  let text = '';
  const reading = (async (): Promise<void> => {
    for (let part = await reader.read(); !part.done; part = await reader.read()) text += decoder.decode(part.value, { stream: true });
  })();
  return { text: () => text, end: async () => reader.cancel().then(() => reading) };
}

/** The HTTP API as a script uses it: typed by the product's own table of endpoints, signed in by password or token. */
import { endpoints, type EndpointName, type Input, type Output } from '@vedette/model/api/table';

export class ApiClient {
  readonly url: string;
  #cookie = '';
  #csrf = '';
  readonly #token: string | null;

  constructor(url: string, token: string | null = null) {
    this.url = url;
    this.#token = token;
  }

  async signIn(user: string, password: string): Promise<void> {
    const response = await fetch(`${this.url}/api/v1/session`, { method: 'POST', headers: { 'content-type': 'application/json', origin: this.url }, body: JSON.stringify({ user, password }) });
    if (!response.ok) throw new Error(`signing in: ${response.status} ${await response.text()}`);
    this.#cookie = response.headers.getSetCookie().map((one) => one.split(';')[0]).join('; ');
    this.#csrf = ((await response.json()) as { csrf: string }).csrf;
  }

  async call<N extends EndpointName>(name: N, input: Input<N>): Promise<Output<N>> {
    const { method, path } = endpoints[name];
    const given = input as { params?: Record<string, string>; query?: Record<string, unknown>; body?: unknown };
    let target = path.replace(/\{(\w+)\}/g, (_, key: string) => encodeURIComponent(given.params?.[key] ?? ''));
    const query = new URLSearchParams(Object.entries(given.query ?? {}).filter(([, value]) => value !== undefined).map(([key, value]) => [key, String(value)]));
    if (query.size > 0) target += `?${query}`;
    return (await this.send(method, target, given.body)) as Output<N>;
  }

  /** What the table does not know: another version's words. null where there is no content. */
  async send(method: string, target: string, body?: unknown): Promise<unknown> {
    const headers: Record<string, string> = { origin: this.url };
    if (this.#token !== null) headers['authorization'] = `Bearer ${this.#token}`;
    if (this.#cookie !== '') {
      headers['cookie'] = this.#cookie;
      headers['x-vedette-csrf'] = this.#csrf;
    }
    if (body !== undefined) headers['content-type'] = 'application/json';
    const response = await fetch(`${this.url}${target}`, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    if (!response.ok) throw new Error(`${method} ${target}: ${response.status} ${await response.text()}`);
    return response.status === 204 ? null : await response.json();
  }
}

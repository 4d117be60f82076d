/** Debian's Chromium, driven by playwright-core, with a profile of its own and nothing that talks to the outside. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type BrowserContext, type Page } from 'playwright-core';

const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

/** Where tests leave a picture of each page, for whoever changed it to look at. */
export const pictures = join(process.env['VEDETTE_STATE'] ?? '/var/lib/vedette', 'lab', 'screenshots');

export interface BrowserOptions {
  readonly width?: number;
  readonly height?: number;
  readonly dark?: boolean;
}

export class Browser {
  readonly #context: BrowserContext;
  readonly #profile: string;

  private constructor(context: BrowserContext, profile: string) {
    this.#context = context;
    this.#profile = profile;
  }

  static async start(options: BrowserOptions = {}): Promise<Browser> {
    const profile = mkdtempSync(join(process.env['VEDETTE_TEST_RUN'] ?? tmpdir(), 'vedette-chromium-'));
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: '/usr/bin/chromium',
      headless: true,
      args: flags,
      viewport: { width: options.width ?? 1280, height: options.height ?? 800 },
      colorScheme: options.dark === true ? 'dark' : 'light',
    });
    return new Browser(context, profile);
  }

  async page(): Promise<Page> {
    return await this.#context.newPage();
  }

  async stop(): Promise<void> {
    await this.#context.close();
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Signs in as a person does, and waits until the first page shows its data. */
export async function signIn(page: Page, url: string, user: string, password: string): Promise<void> {
  await page.goto(`${url}/`);
  await page.getByTestId('user').fill(user);
  await page.getByTestId('password').fill(password);
  await page.getByTestId('sign-in').click();
  await page.getByTestId('page-sign-in').waitFor({ state: 'detached' });
}

export async function screenshot(page: Page, directory: string, name: string): Promise<void> {
  mkdirSync(directory, { recursive: true });
  await page.screenshot({ path: join(directory, `${name}.png`) });
}

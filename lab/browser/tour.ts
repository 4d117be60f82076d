/**
 * A walk through the pages of a console that somebody else has filled: each page as it is at a desk in light and dark, and on a phone.
 * A page is at fault that lacks the words it must say, shows an empty state, asks for what is refused or does not answer, writes to the
 * browser's console, moves what was painted, is wider than the screen, or shuts out whom axe knows of. A picture of each is left behind.
 */
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { routes, type PageName } from '@vedette/web/view/routes';
import { matchRoute } from '@vedette/web/view/url';
import { until } from '../until.ts';
import { screenshot } from './browser.ts';
import { neverSaid } from './visits.ts';
import { PageWatch } from './watch.ts';
import { wordsOn } from './words.ts';

export interface Stop {
  readonly name: string;
  readonly path: string;
  readonly says: readonly RegExp[];
  /** What is pressed before it is looked at, by test id or words, the first of each. */
  readonly press?: readonly string[];
  /** On a phone, the menu of pages is opened too. */
  readonly menu?: boolean;
  /** It stands in the docs, in both themes. */
  readonly picture?: true;
}

export interface Pictures {
  readonly directory: string;
  /** Where the chosen ones go in both themes; null leaves the docs alone. */
  readonly docs: string | null;
}

const desk = { width: 1440, height: 900 };
const phone = { width: 390, height: 844 };
const waitMs = 10_000;

/** Pages of the console that no stop is on. */
export function pagesWithoutStop(stops: readonly Stop[]): readonly PageName[] {
  const visited = new Set(stops.map((one) => matchRoute(routes, one.path.split('?')[0]!)?.name));
  return (Object.keys(routes) as PageName[]).filter((one) => !visited.has(one));
}

export class Tour {
  readonly #page: Page;
  readonly #watch: PageWatch;
  readonly #url: string;
  readonly #pictures: Pictures;
  readonly #failed: string[] = [];

  private constructor(page: Page, watch: PageWatch, url: string, pictures: Pictures) {
    this.#page = page;
    this.#watch = watch;
    this.#url = url;
    this.#pictures = pictures;
  }

  static async on(page: Page, url: string, pictures: Pictures): Promise<Tour> {
    const tour = new Tour(page, await PageWatch.on(page), url, pictures);
    page.setDefaultTimeout(waitMs);
    page.on('requestfailed', (request) => {
      // leaving a page ends what it still asked
      if (request.failure()?.errorText !== 'net::ERR_ABORTED') tour.#failed.push(`${request.method()} ${request.url()}: ${request.failure()?.errorText}`);
    });
    return tour;
  }

  /** What is wrong with a page, as sentences. */
  async faultsAt(stop: Stop): Promise<readonly string[]> {
    const { name, path, press = [], picture } = stop;
    const page = this.#page;
    this.#failed.length = 0;
    this.#watch.at(name);
    await page.setViewportSize(desk);
    await page.emulateMedia({ colorScheme: 'light' });
    await page.goto(`${this.#url}${path}`, { waitUntil: 'load' });
    await this.#settled();
    for (const one of press) await page.locator(`[data-testid="${one}"]`).or(page.getByText(one, { exact: true })).first().click();
    await this.#settled();
    const faults = [...await this.#missing(stop), ...await this.#watch.faults(), ...await this.#watch.wide(), ...await this.#watch.axe()];
    await page.mouse.move(0, 0);
    await this.#shoot(`${name}-light`, picture);
    await page.emulateMedia({ colorScheme: 'dark' });
    faults.push(...(await this.#watch.axe()).map((one) => `in the dark: ${one}`));
    await this.#shoot(`${name}-dark`, picture);
    await page.emulateMedia({ colorScheme: 'light' });
    return [...faults, ...await this.#onPhone(stop), ...this.#failed];
  }

  async #missing({ says }: Stop): Promise<string[]> {
    const faults: string[] = [];
    for (const words of says) {
      const { value } = await until(async () => words.test(await wordsOn(this.#page)), waitMs / 2, 100);
      if (value === null) faults.push(`does not say ${words}`);
    }
    const text = await wordsOn(this.#page);
    for (const words of neverSaid) if (words.test(text)) faults.push(`says ${words.exec(text)?.[0]}`);
    if ((await this.#page.getByTestId('empty').count()) > 0) faults.push(`is empty: ${(await this.#page.getByTestId('empty').first().innerText()).slice(0, 80)}`);
    if ((await this.#page.locator('.problem').count()) > 0) faults.push(`says a problem: ${(await this.#page.locator('.problem').first().innerText()).slice(0, 200)}`);
    return faults.length === 0 ? [] : [...faults, `it says: ${text.slice(0, 1500)}`];
  }

  async #onPhone({ name, menu = false }: Stop): Promise<string[]> {
    await this.#page.setViewportSize(phone);
    await this.#painted();
    const faults = (await this.#watch.wide()).map((one) => `on a phone: ${one}`);
    await this.#shoot(`${name}-phone`);
    if (!menu) return faults;
    await this.#page.getByTestId('menu').click();
    await this.#page.getByTestId('rail-settings').waitFor();
    await this.#painted();
    faults.push(...[...await this.#watch.wide(), ...await this.#watch.axe()].map((one) => `on a phone with the menu: ${one}`));
    await this.#shoot(`${name}-phone-menu`);
    const last = await this.#page.getByTestId('rail-settings').boundingBox();
    if (last === null || last.x < 0 || last.x + last.width > phone.width) faults.push('on a phone, the menu is not on the screen');
    await this.#page.keyboard.press('Escape');
    return faults;
  }

  async #settled(): Promise<void> {
    await until(async () => await this.#page.evaluate<boolean>("document.querySelector('.bone') === null && document.querySelector('h1, h2') !== null"), waitMs, 50);
    await this.#painted();
  }

  async #painted(): Promise<void> {
    await this.#page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
  }

  async #shoot(name: string, picture?: true): Promise<void> {
    await screenshot(this.#page, this.#pictures.directory, name);
    if (picture === undefined || this.#pictures.docs === null) return;
    mkdirSync(this.#pictures.docs, { recursive: true });
    copyFileSync(join(this.#pictures.directory, `${name}.png`), join(this.#pictures.docs, `${name}.png`));
  }
}

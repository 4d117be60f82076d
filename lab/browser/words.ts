/** What stands on a page as text, white space folded, and waiting for words: what a page says comes from several answers of the hub. */
import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { until } from '../until.ts';

const waitMs = 5000;

export async function wordsOn(page: Page): Promise<string> {
  return (await page.locator('body').innerText()).replace(/\s+/g, ' ');
}

export async function waitWords(page: Page, words: RegExp, where = page.url()): Promise<void> {
  const { value } = await until(async () => words.test(await wordsOn(page)), waitMs, 50);
  assert.ok(value, `${where} does not say ${words}:\n${await wordsOn(page)}`);
}

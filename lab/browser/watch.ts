/**
 * What a page must not do while it is looked at: say an error, break the content policy, move what has been painted, or
 * shut out a person whom axe knows of. Each fault is a sentence that names the page.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

/** More than what a scroll bar or a rounded pixel does, less than what an eye notices. */
export const layoutShiftMax = 0.01;

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Runs in the page before anything of it: what is compiled here knows no browser, so it is text. */
const recorder = `
window.vedetteSeen = { shift: 0, shifted: [], violations: [] };
document.addEventListener('securitypolicyviolation', (event) => window.vedetteSeen.violations.push(event.violatedDirective + ' ' + event.blockedURI + ' ' + event.sourceFile));
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    if (entry.hadRecentInput) continue;
    window.vedetteSeen.shift += entry.value;
    for (const { node } of entry.sources ?? []) window.vedetteSeen.shifted.push(node instanceof Element ? node.tagName.toLowerCase() + '.' + node.className : 'text');
  }
}).observe({ type: 'layout-shift', buffered: true });
`;

const wideParts = `
[document.documentElement, ...document.querySelectorAll('.top, .page-main, .panel, .dialog-body')].filter((box) => box.scrollWidth > box.clientWidth + 1).map((box) => {
  const edge = box.getBoundingClientRect().left + box.clientWidth;
  const beyond = [...box.querySelectorAll('*')].map((one) => [one.getBoundingClientRect().right - edge, one]).sort((a, b) => b[0] - a[0])[0];
  return (box.className || box.tagName) + ' by ' + (box.scrollWidth - box.clientWidth) + ' px' + (beyond === undefined ? '' : ', farthest ' + beyond[1].tagName.toLowerCase() + '.' + beyond[1].className);
})`;

interface Seen {
  readonly shift: number;
  readonly shifted: readonly string[];
  readonly violations: readonly string[];
}

interface Violation {
  readonly id: string;
  readonly help: string;
  readonly nodes: readonly { readonly target: readonly string[]; readonly failureSummary?: string }[];
}

/** The browser itself notes each answer that refuses; without a session 401 is the one which leads to the sign-in page. */
const refused = /the server responded with a status of (\d+)/;

export class PageWatch {
  readonly page: Page;
  readonly #faults: string[] = [];
  #where = 'the first page';
  #refusals: readonly number[] = [401];

  private constructor(page: Page) {
    this.page = page;
  }

  static async on(page: Page): Promise<PageWatch> {
    const watch = new PageWatch(page);
    page.on('console', (message) => {
      const status = Number(refused.exec(message.text())?.[1]);
      if ((message.type() === 'error' || message.type() === 'warning') && !watch.#refusals.includes(status)) watch.#faults.push(`${watch.#where}: console ${message.type()}: ${message.text()}`);
    });
    page.on('pageerror', (error) => watch.#faults.push(`${watch.#where}: ${error.message}`));
    await page.addInitScript(recorder);
    return watch;
  }

  /** What the next faults are about, and which answers of the hub are meant to refuse there. */
  at(where: string, refusals: readonly number[] = []): void {
    this.#where = where;
    this.#refusals = [401, ...refusals];
  }

  /** Faults since the last asking, with those of the page as it stands now. */
  async faults(): Promise<string[]> {
    const { shift, shifted, violations } = await this.page.evaluate<Seen>('window.vedetteSeen');
    if (shift > layoutShiftMax) this.#faults.push(`${this.#where}: what was painted moved by ${shift.toFixed(3)}: ${[...new Set(shifted)].join(', ')}`);
    this.#faults.push(...violations.map((one) => `${this.#where}: against the content policy: ${one}`));
    return this.#faults.splice(0);
  }

  /** What reaches beyond the screen sideways, with what reaches farthest: a reader with a phone would have to push the page. */
  async wide(): Promise<string[]> {
    const wide = await this.page.evaluate<readonly string[]>(wideParts);
    return wide.map((one) => `${this.#where}: wider than the screen: ${one}`);
  }

  async axe(): Promise<string[]> {
    await this.page.evaluate(`typeof window.axe === 'undefined' && (() => { ${axeSource} })()`);
    // colours are read when they have arrived, not on their way
    await this.page.evaluate("Promise.all(document.getAnimations().filter((one) => Number.isFinite(Number(one.effect?.getComputedTiming().endTime))).map((one) => one.finished.catch(() => null)))");
    const violations = await this.page.evaluate<readonly Violation[]>("axe.run(document, { preload: false, resultTypes: ['violations'] }).then((result) => result.violations)");
    return violations.map((one) => `${this.#where}: ${one.id}: ${one.help}: ${one.nodes.slice(0, 4).map((node) => `${node.target.join(' ')} ${node.failureSummary?.split('\n')[1]?.trim() ?? ''}`).join(' | ')}`);
  }
}

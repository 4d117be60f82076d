/** What a browser says it is, in two words: enough to recognise one's own. Whatever else it says is not believed. */
const browsers: readonly (readonly [RegExp, string])[] = [[/\bEdg\//, 'Edge'], [/\bOPR\//, 'Opera'], [/\bFirefox\//, 'Firefox'], [/\b(?:Headless)?Chrom(?:e|ium)\//, 'Chrome'], [/\bSafari\//, 'Safari'], [/^curl\//, 'curl']];
const systems: readonly (readonly [RegExp, string])[] = [[/\bAndroid\b/, 'Android'], [/\b(?:iPhone|iPad)\b/, 'iOS'], [/\bWindows\b/, 'Windows'], [/\bMac OS X\b/, 'macOS'], [/\bLinux\b/, 'Linux']];

export function browserWords(agent: string | null): string {
  if (agent === null) return 'Unknown browser';
  const browser = browsers.find(([pattern]) => pattern.test(agent))?.[1];
  const system = systems.find(([pattern]) => pattern.test(agent))?.[1];
  if (browser === undefined) return system === undefined ? 'Another client' : `A browser on ${system}`;
  return system === undefined ? browser : `${browser} on ${system}`;
}

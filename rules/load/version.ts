/** Versions of the rule language: what a file may require, and what this engine implements. */
export type Version = readonly [number, number, number];

/** The language as of this version of the Falco engine, except what the problems of a load name. */
export const engineVersion: Version = [0, 63, 0];

/** `57` is read as 0.57.0; otherwise three numbers, with an optional suffix that does not count. Null: neither. */
export function versionOf(text: string): Version | null {
  if (/^\d{1,6}$/.test(text)) return [0, Number(text), 0];
  const match = /^v?(\d{1,6})\.(\d{1,6})\.(\d{1,6})(?:[-+].*)?$/.exec(text.trim());
  return match === null ? null : [Number(match[1]), Number(match[2]), Number(match[3])];
}

export function compareVersions(left: Version, right: Version): number {
  for (const index of [0, 1, 2] as const) {
    if (left[index] !== right[index]) return left[index] - right[index];
  }
  return 0;
}

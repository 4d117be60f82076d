/**
 * The small words of generated sentences: counts with the right form of what is counted, lengths of time, ages. A sentence
 * of the hub carries no moment as text: a page prints times, in the reader's zone and growing older.
 */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** The verb that goes with a count. */
export function be(count: number): 'is' | 'are' {
  return count === 1 ? 'is' : 'are';
}

export function was(count: number): 'was' | 'were' {
  return count === 1 ? 'was' : 'were';
}

export function have(count: number): 'has' | 'have' {
  return count === 1 ? 'has' : 'have';
}

export function duration(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}

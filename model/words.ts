/**
 * The small words of generated sentences, the same in the console, the hub's answers, reports and the terminal: counts with
 * the right form of what is counted, lengths of time, ages. What is not a number becomes "unknown", never an empty string.
 */
const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

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

/** One unit, rounded down: an age must never look younger by rounding a partial unit up. */
export function ageWords(ageMs: number): string {
  const age = Math.abs(ageMs);
  if (!Number.isFinite(age)) return 'unknown';
  if (age < minute) return `${Math.floor(age / second)} s`;
  if (age < hour) return `${Math.floor(age / minute)} min`;
  if (age < 2 * day) return `${Math.floor(age / hour)} h`;
  if (age < 100 * day) return `${Math.floor(age / day)} d`;
  if (age < 730 * day) return `${Math.floor(age / (30 * day))} months`;
  return `${Math.floor(age / (365 * day))} years`;
}

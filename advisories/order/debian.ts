/**
 * dpkg's order of versions (deb-version(7)): [epoch:]upstream[-revision]. Two parts are compared by turns: the characters up to
 * the next digit, where "~" comes before the end, the end before letters, and letters before everything else; then
 * the digits as a number of any length. No epoch is epoch 0, no revision equals revision "0". Refuses (`incomparable`)
 * what dpkg calls an error: an empty version or revision, an epoch that is not a number, spaces and other foreign
 * characters. What dpkg only warns of (no digit first, an underscore) is compared as dpkg compares it.
 */
export type Order = number | 'incomparable';

const lengthMax = 512;
const epochMax = 2_147_483_647;
const upstreamPattern = /^[0-9A-Za-z.+~:_-]+$/;
const revisionPattern = /^[0-9A-Za-z.+~_]*$/;

interface DebianVersion {
  readonly epoch: number;
  readonly upstream: string;
  readonly revision: string;
}

function parse(text: string): DebianVersion | null {
  const trimmed = text.trim();
  if (trimmed.length === 0 || trimmed.length > lengthMax) return null;
  const colon = trimmed.indexOf(':');
  const epochText = colon < 0 ? '0' : trimmed.slice(0, colon);
  if (!/^\d{1,10}$/.test(epochText)) return null;
  const epoch = Number(epochText);
  const rest = trimmed.slice(colon + 1);
  const hyphen = rest.lastIndexOf('-');
  const upstream = hyphen < 0 ? rest : rest.slice(0, hyphen);
  const revision = hyphen < 0 ? '' : rest.slice(hyphen + 1);
  if (epoch > epochMax || !upstreamPattern.test(upstream) || !revisionPattern.test(revision)) return null;
  if (hyphen >= 0 && revision === '') return null;
  return { epoch, upstream, revision };
}

export function compareDebian(a: string, b: string): Order {
  const left = parse(a);
  const right = parse(b);
  if (left === null || right === null) return 'incomparable';
  if (left.epoch !== right.epoch) return left.epoch < right.epoch ? -1 : 1;
  return comparePart(left.upstream, right.upstream) || comparePart(left.revision, right.revision);
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** The weight of a non-digit; the end of the text and a digit weigh nothing. */
function weight(text: string, at: number): number {
  if (at >= text.length) return 0;
  const code = text.charCodeAt(at);
  if (isDigit(code)) return 0;
  if (code === 0x7e) return -1;
  const isLetter = (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a);
  return isLetter ? code : code + 256;
}

function comparePart(a: string, b: string): number {
  let atA = 0;
  let atB = 0;
  while (atA < a.length || atB < b.length) {
    while ((atA < a.length && !isDigit(a.charCodeAt(atA))) || (atB < b.length && !isDigit(b.charCodeAt(atB)))) {
      const order = weight(a, atA) - weight(b, atB);
      if (order !== 0) return order < 0 ? -1 : 1;
      atA += 1;
      atB += 1;
    }
    while (a.charCodeAt(atA) === 0x30) atA += 1;
    while (b.charCodeAt(atB) === 0x30) atB += 1;
    const startA = atA;
    const startB = atB;
    while (atA < a.length && isDigit(a.charCodeAt(atA))) atA += 1;
    while (atB < b.length && isDigit(b.charCodeAt(atB))) atB += 1;
    const longer = atA - startA - (atB - startB);
    if (longer !== 0) return longer < 0 ? -1 : 1;
    for (let step = 0; startA + step < atA; step += 1) {
      const order = a.charCodeAt(startA + step) - b.charCodeAt(startB + step);
      if (order !== 0) return order < 0 ? -1 : 1;
    }
  }
  return 0;
}

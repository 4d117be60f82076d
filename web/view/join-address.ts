/**
 * Where a join token leads: the hub's address is the first thing in it. A token that leads to the machine itself joins no
 * other, and whoever made it should know before they carry it there. A token of another form says nothing here; the hub
 * and the sensor are the ones that judge it.
 */
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const urlLengthMax = 500;

function decodeBase64Url(text: string, bytesMax: number): number[] {
  const bytes: number[] = [];
  let bits = 0;
  let held = 0;
  for (const character of text) {
    const value = alphabet.indexOf(character);
    if (value === -1 || bytes.length >= bytesMax) break;
    held = (held << 6) | value;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push((held >> bits) & 0xff);
    held &= (1 << bits) - 1;
  }
  return bytes;
}

/** `https://host:port`, or null when the token does not say. */
export function joinAddress(token: string): string | null {
  const [, content] = /^vdt1\.([\w-]+)$/.exec(token) ?? [];
  if (content === undefined) return null;
  const bytes = decodeBase64Url(content, urlLengthMax + 2);
  const length = (bytes[0] ?? 0) * 256 + (bytes[1] ?? 0);
  if (length === 0 || length > bytes.length - 2) return null;
  const address = String.fromCodePoint(...bytes.slice(2, 2 + length));
  return /^https:\/\/[\w.:[\]-]+$/.test(address) ? address : null;
}

export function leadsToItself(address: string): boolean {
  return /^https:\/\/(127\.|localhost[:/]|localhost$|\[::1\])/.test(address);
}

/** The chart of this version, installed into the cluster that kubectl speaks to. The token says where the hub is. */
export function helmCommand(token: string): string {
  return `helm install vedette deploy/chart --namespace vedette --create-namespace --set cluster.enabled=true --set image.registry=REGISTRY.EXAMPLE.ORG/vedette --set cluster.hub.token=${token}`;
}

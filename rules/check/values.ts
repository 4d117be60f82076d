/** Values as they are written in a condition → values of a type. Null: the text is no value of that type. */

/** Decimal with an optional exponent, or hexadecimal. Digits beyond 2^53 are rounded, as they are in the getters. */
export function numberOf(text: string): number | null {
  if (/^0[xX][0-9a-fA-F]{1,16}$/.test(text)) return Number(text);
  return /^[+-]?\d{1,40}(\.\d{0,40})?([eE][+-]?\d{1,3})?$/.test(text) ? Number(text) : null;
}

/** Services that rules name instead of their ports. */
const services: ReadonlyMap<string, number> = new Map(Object.entries({
  ftp: 21, ssh: 22, telnet: 23, smtp: 25, domain: 53, tftp: 69, http: 80, kerberos: 88, pop3: 110, sunrpc: 111, ntp: 123, imap2: 143, imap: 143, snmp: 161, bgp: 179, irc: 194, ldap: 389,
  https: 443, 'microsoft-ds': 445, syslog: 514, submission: 587, ldaps: 636, rsync: 873, imaps: 993, pop3s: 995, openvpn: 1194, 'ms-sql-s': 1433, nfs: 2049, mysql: 3306, rdp: 3389, postgresql: 5432,
  amqp: 5672, vnc: 5900, x11: 6000, redis: 6379, ircd: 6667, 'http-alt': 8080, 'https-alt': 8443, mongodb: 27017,
}));

/** The port of a service, or the text itself. */
export function portOf(text: string): string {
  return services.get(text)?.toString() ?? text;
}

export function booleanOf(text: string): boolean | null {
  return text === 'true' ? true : text === 'false' ? false : null;
}

/** Pairs of hexadecimal digits, as `bcontains` takes them. */
export function hexBytesOf(text: string): Uint8Array | null {
  if (text.length === 0 || text.length % 2 !== 0 || !/^[0-9a-fA-F]+$/.test(text)) return null;
  return Uint8Array.from({ length: text.length / 2 }, (_, index) => Number.parseInt(text.slice(2 * index, 2 * index + 2), 16));
}

/** UTF-8, without the platform's encoder, which pure code does not see. */
export function textBytesOf(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const character of text.toWellFormed()) {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x80) bytes.push(code);
    else if (code < 0x800) bytes.push(0xc0 | (code >> 6), 0x80 | (code & 0x3f));
    else if (code < 0x10000) bytes.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f));
    else bytes.push(0xf0 | (code >> 18), 0x80 | ((code >> 12) & 0x3f), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f));
  }
  return Uint8Array.from(bytes);
}

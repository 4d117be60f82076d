/** The transformers of the language, and the views that derived fields take of a value. Null: there is no such value. */
import type { Transform } from '../check/typed.ts';
import type { Derivation, Value } from '../field-table.ts';
import { textBytesOf } from '../check/values.ts';
import { asciiLower } from './glob.ts';

export type Step = (value: Value) => Value | null;

export function transformStep(transform: Transform): Step {
  switch (transform) {
    case 'tolower':
      return onEach((value) => (typeof value === 'string' ? asciiLower(value) : null));
    case 'toupper':
      return onEach((value) => (typeof value === 'string' ? value.replace(/[a-z]+/g, (part) => part.toUpperCase()) : null));
    case 'basename':
      return onEach((value) => (typeof value === 'string' ? value.slice(value.lastIndexOf('/') + 1) : null));
    case 'b64':
      return onEach(decodeBase64);
    case 'len':
      return lengthOf;
    default:
      return transform satisfies never;
  }
}

/** A list is changed element by element; where one of them has no value then, the list has none. */
function onEach(step: Step): Step {
  return (value) => {
    if (!isTexts(value)) return step(value);
    const changed = value.map(step);
    return changed.every((one) => typeof one === 'string') ? changed : null;
  };
}

function isTexts(value: Value): value is readonly string[] {
  return Array.isArray(value);
}

export function derivationStep(derivation: Derivation): Step {
  switch (derivation) {
    case 'directory':
      return (value) => (typeof value === 'string' ? directoryOf(value) : null);
    case 'file-name':
      return (value) => (typeof value === 'string' ? value.slice(value.lastIndexOf('/') + 1) : null);
    case 'type-character':
      return (value) => (typeof value === 'string' ? (typeCharacters[value] ?? 'o') : null);
    case 'socket-family':
      return (value) => (value === 'ipv4' || value === 'ipv6' ? 'ip' : value === 'unix' ? 'unix' : null);
    case 'image-repository':
      return (value) => (typeof value === 'string' ? imageParts(value).repository : null);
    case 'image-tag':
      return (value) => (typeof value === 'string' ? imageParts(value).tag : null);
    case 'is-negative':
      return (value) => (typeof value === 'number' ? value < 0 : null);
    default:
      return derivation satisfies never;
  }
}

const typeCharacters: Readonly<Record<string, string>> = {
  'file': 'f', 'directory': 'd', 'ipv4': '4', 'ipv6': '6', 'unix': 'u', 'pipe': 'p', 'event': 'e', 'signalfd': 's',
  'eventpoll': 'l', 'inotify': 'i', 'bpf': 'b', 'userfaultfd': 'u', 'io_uring': 'r', 'memfd': 'm', 'pidfd': 'P',
};

function directoryOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash <= 0 ? '/' : path.slice(0, slash);
}

/** `registry:5000/team/app:1.2@sha256:…` → repository without tag and digest, and the tag if there is one. */
export function imageParts(image: string): { readonly repository: string; readonly tag: string | null } {
  const at = image.indexOf('@');
  const named = at < 0 ? image : image.slice(0, at);
  const colon = named.lastIndexOf(':');
  if (colon < 0 || colon < named.lastIndexOf('/')) return { repository: named, tag: null };
  return { repository: named.slice(0, colon), tag: named.slice(colon + 1) };
}

/** Texts count bytes up to the first NUL; lists count elements. */
function lengthOf(value: Value): number | null {
  if (typeof value === 'string') {
    const end = value.indexOf('\0');
    return textBytesOf(end < 0 ? value : value.slice(0, end)).length;
  }
  if (value instanceof Uint8Array) return value.length;
  return Array.isArray(value) ? value.length : null;
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** Padding is optional; a text decodes to a text. */
function decodeBase64(value: Value): Value | null {
  if (typeof value !== 'string' && !(value instanceof Uint8Array)) return null;
  const text = typeof value === 'string' ? value : String.fromCharCode(...value.subarray(0, 65_536));
  const digits = text.replace(/={1,2}$/, '');
  if (digits.length % 4 === 1) return null;
  const bytes: number[] = [];
  let bits = 0;
  let held = 0;
  for (const digit of digits) {
    const six = alphabet.indexOf(digit);
    if (six < 0) return null;
    bits = ((bits << 6) | six) & 0xffffff;
    held += 6;
    if (held >= 8) {
      held -= 8;
      bytes.push((bits >> held) & 0xff);
    }
  }
  return typeof value === 'string' ? utf8Text(bytes) : Uint8Array.from(bytes);
}

/** Bytes → text; what is not UTF-8 becomes U+FFFD, byte by byte. */
export function utf8Text(bytes: ArrayLike<number>): string {
  let text = '';
  let at = 0;
  while (at < bytes.length) {
    const lead = bytes[at] ?? 0;
    const more = lead < 0x80 ? 0 : lead >= 0xc2 && lead < 0xe0 ? 1 : lead >= 0xe0 && lead < 0xf0 ? 2 : lead >= 0xf0 && lead < 0xf5 ? 3 : -1;
    let code = more <= 0 ? lead : lead & (0x3f >> more);
    let valid = more >= 0;
    for (let index = 1; index <= more; index += 1) {
      const next = bytes[at + index] ?? 0;
      valid &&= (next & 0xc0) === 0x80;
      code = (code << 6) | (next & 0x3f);
    }
    valid &&= code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff) && !(more === 2 && code < 0x800) && !(more === 3 && code < 0x10000);
    text += valid ? String.fromCodePoint(code) : '\ufffd';
    at += valid ? more + 1 : 1;
  }
  return text;
}

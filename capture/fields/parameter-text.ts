/**
 * A parameter of an event as text, in two forms: as it is (numbers in the base that the table names) and resolved (a
 * descriptor by its name, an error by its own, flags by theirs, a relative path made absolute). `evt.arg` takes the resolved
 * form where there is one, `evt.args` prints both.
 */
import type { CaptureEvent } from '../events/event.ts';
import type { Parameter } from '../events/layout.ts';
import { syscallNames } from '../events/syscall-names.ts';
import { addressText } from '@vedette/rules/address';
import { endsText, isIp, typeCharacter, type Descriptor } from '../state/descriptor.ts';
import { joinPaths, withSlash } from '../state/paths.ts';
import { addressAndPort, tupleOf, unixText } from '../state/socket-events.ts';
import type { World } from '../state/world.ts';
import { errorName, signalName } from './words.ts';

export interface ParameterText {
  readonly plain: string;
  /** Empty: there is no other form. */
  readonly resolved: string;
}

const missing: ParameterText = { plain: '<NA>', resolved: '' };
const noBuffer: ParameterText = { plain: 'NULL', resolved: '' };
const atCwd = -100;

/** The parameter at this place of the event's layout; null: the event has no such place. */
export function parameterText(event: CaptureEvent, place: number, world: World): ParameterText | null {
  const parameter = event.layout.parameters[place];
  if (parameter === undefined) return null;
  const isThere = event.find(place);
  switch (parameter.type) {
    case 'str':
      return isThere ? { plain: event.text(), resolved: '' } : missing;
    case 'path':
    case 'rel':
      return isThere ? pathText(event, parameter, event.text(), world) : missing;
    case 'buf':
      return isThere && event.length > 0 ? { plain: printable(event.slice()), resolved: '' } : noBuffer;
    case 'tuple':
    case 'fds':
    case 'strs':
    case 'pairs':
    case 'dyn':
      return isThere && event.length > 0 ? manyText(event, parameter, world) : noBuffer;
    default:
      return isThere && event.length > 0 ? (oneText(event, parameter, world) ?? missing) : missing;
  }
}

function pathText(event: CaptureEvent, parameter: Parameter, path: string, world: World): ParameterText {
  const { thread } = event;
  if (thread === null || path === '<NA>' || path === '' || path.startsWith('/')) return { plain: path, resolved: '' };
  const cwd = withSlash(world.main(thread).cwd);
  if (parameter.type !== 'rel' || parameter.directoryAt < 0 || !event.find(parameter.directoryAt)) return { plain: path, resolved: joinPaths(cwd, path) };
  const dirfd = event.i64() ?? atCwd;
  if (dirfd === atCwd) return { plain: path, resolved: joinPaths(cwd, path) };
  const directory = world.descriptor(thread, dirfd);
  return { plain: path, resolved: joinPaths(directory === null ? '<UNKNOWN>' : withSlash(directory.name), path) };
}

function inBase(value: bigint | number, parameter: Parameter, bits: number): string {
  if (parameter.base === 'dec') return String(value);
  const unsigned = BigInt.asUintN(bits, BigInt(value));
  if (parameter.base === 'hex') return unsigned.toString(16).toUpperCase();
  return unsigned === 0n ? '0' : `0${unsigned.toString(8)}`;
}

/** Values of one number. */
function oneText(event: CaptureEvent, parameter: Parameter, world: World): ParameterText | null {
  switch (parameter.type) {
    case 'i8':
    case 'u8':
      return plainOf(event.u8(), parameter, 8);
    case 'i16':
    case 'u16':
      return plainOf(event.u16(), parameter, 16);
    case 'u32':
      return plainOf(event.u32(), parameter, 32);
    case 'i32':
      return plainOf(event.i32(), parameter, 32);
    case 'i64':
    case 'u64':
      return plainOf(event.big(), parameter, 64);
    case 'err':
      return errorText(event.i64());
    case 'fd':
      return descriptorText(event, event.i64(), world);
    case 'pid':
      return processText(event.i64(), world);
    case 'uid':
    case 'gid':
      return personText(event, parameter.type, event.u32(), world);
    case 'f8':
    case 'e8':
      return flagsText(event.u8(), parameter);
    case 'f16':
    case 'e16':
      return flagsText(event.u16(), parameter);
    case 'f32':
    case 'e32':
      return flagsText(event.u32(), parameter);
    case 'mode':
      return modeText(event.u32(), parameter);
    default:
      return specialText(event, parameter);
  }
}

function specialText(event: CaptureEvent, parameter: Parameter): ParameterText | null {
  switch (parameter.type) {
    case 'sc': {
      const code = event.u16() ?? 0;
      return { plain: String(code), resolved: syscallNames[code] ?? '' };
    }
    case 'sig': {
      const signal = event.u8() ?? 0;
      return { plain: String(signal), resolved: signalName(signal) ?? '' };
    }
    case 'sigset':
      return { plain: signalsText(event.u32() ?? 0), resolved: '' };
    case 'rtime': {
      const value = event.big() ?? 0n;
      return value === -1n ? { plain: 'none', resolved: '' } : { plain: String(BigInt.asUintN(64, value)), resolved: `${shortNumber(Number(value) / 1e9)}s` };
    }
    case 'atime':
      return { plain: timeText(BigInt.asUintN(64, event.big() ?? 0n)), resolved: '' };
    case 'addr':
      return { plain: addressParameterText(event.slice()), resolved: '' };
    default:
      return null;
  }
}

function plainOf(value: number | bigint | null, parameter: Parameter, bits: number): ParameterText | null {
  return value === null ? null : { plain: inBase(value, parameter, bits), resolved: '' };
}

function errorText(value: number | null): ParameterText | null {
  return value === null ? null : { plain: String(value), resolved: value < 0 ? (errorName(value) ?? '') : '' };
}

function descriptorText(event: CaptureEvent, fd: number | null, world: World): ParameterText | null {
  if (fd === null) return null;
  const plain = String(fd);
  if (event.thread === null) return { plain, resolved: '' };
  if (fd === atCwd) return { plain, resolved: 'AT_FDCWD' };
  if (fd < 0) return { plain, resolved: errorName(fd) ?? '' };
  const one = world.descriptor(event.thread, fd);
  return { plain, resolved: one === null ? '' : `<${typeText(one)}>${one.name}` };
}

const protocolCharacters = { tcp: 't', udp: 'u', icmp: 'i', raw: 'r', unknown: '' } as const;

function typeText(one: Descriptor): string {
  const protocol = isIp(one) && (one.role !== 'none' || one.protocol === 'raw') ? protocolCharacters[one.protocol] : '';
  return `${typeCharacter(one)}${protocol}`;
}

function processText(id: number | null, world: World): ParameterText | null {
  if (id === null) return null;
  return { plain: String(id), resolved: world.threads.get(id)?.comm ?? '' };
}

function personText(event: CaptureEvent, type: 'uid' | 'gid', id: number | null, world: World): ParameterText | null {
  if (id === null) return null;
  if (id === 0xffffffff) return { plain: '-1', resolved: '<NONE>' };
  const named = type === 'uid' ? world.user(event.thread, id) : world.group(event.thread, id);
  return { plain: String(id), resolved: named?.name ?? (id === 0 ? 'root' : '<NA>') };
}

/** Numbers that are one of a list are all names of that number; bits are taken away as they are named. */
function flagsText(value: number | null, parameter: Parameter): ParameterText | null {
  if (value === null) return null;
  const plain = String(value);
  if (parameter.names === null) return { plain, resolved: '' };
  if (parameter.type.startsWith('e')) return { plain, resolved: parameter.names.filter((one) => one.value === value).map((one) => one.name).join('|') };
  const found: string[] = [];
  let rest = value;
  for (const one of parameter.names) {
    const fits = one.value === 0 ? value === 0 : rest !== 0 && (rest & one.value) >>> 0 === one.value;
    if (!fits) continue;
    found.push(one.name);
    rest = (rest & ~one.value) >>> 0;
    if (one.value === value) break;
  }
  return { plain, resolved: found.join('|') };
}

function modeText(value: number | null, parameter: Parameter): ParameterText | null {
  if (value === null) return null;
  const found: string[] = [];
  let rest = value;
  for (const one of parameter.names ?? []) {
    if (one.value === value) {
      found.push(one.name);
      break;
    }
    if (one.value === 0 || rest === 0 || (rest & one.value) >>> 0 !== one.value) continue;
    found.push(one.name);
    rest = (rest & ~one.value) >>> 0;
  }
  return { plain: inBase(value, parameter, 32), resolved: found.join('|') };
}

function signalsText(bits: number): string {
  return Array.from({ length: 32 }, (_, index) => ((bits >>> index) & 1) === 1 ? signalName(index + 1) : null).filter((one) => one !== null).join(' ');
}

/** As C prints it with %g: six digits that count. */
function shortNumber(value: number): string {
  return String(Number(value.toPrecision(6)));
}

function timeText(ns: bigint): string {
  const date = new Date(Number(ns / 1_000_000n)).toISOString();
  return `${date.slice(0, 10)} ${date.slice(11, 19)}.${String(ns % 1_000_000_000n).padStart(9, '0')} +0000`;
}

function addressParameterText(bytes: Buffer): string {
  if (bytes[0] === 1) return cText(bytes, 1);
  const one = addressAndPort(bytes);
  return one === null ? `family ${bytes[0] ?? 0}` : `${addressText(one.address)}:${one.port}`;
}

function cText(bytes: Buffer, at: number): string {
  const nul = bytes.indexOf(0, at);
  return bytes.toString('utf8', at, nul < 0 ? bytes.length : nul);
}

function manyText(event: CaptureEvent, parameter: Parameter, world: World): ParameterText {
  const bytes = event.slice();
  switch (parameter.type) {
    case 'tuple': {
      const peer = tupleOf(bytes);
      if (peer === null) return { plain: `family ${bytes[0] ?? 0}`, resolved: '' };
      return { plain: peer.kind === 'unix' ? unixText(peer.source, peer.destination, peer.path) : endsText(peer.ends), resolved: '' };
    }
    case 'fds':
      return { plain: listText(event, bytes, world), resolved: '' };
    case 'dyn':
      return dynamicText(event, parameter, bytes, world);
    default:
      return { plain: event.texts().join(parameter.type === 'strs' ? '.' : ','), resolved: '' };
  }
}

function listText(event: CaptureEvent, bytes: Buffer, world: World): string {
  const count = bytes.length >= 2 ? Math.min(bytes.readUInt16LE(0), Math.floor((bytes.length - 2) / 10)) : 0;
  return Array.from({ length: count }, (_, index) => {
    const at = 2 + 10 * index;
    const fd = bytes.readInt32LE(at);
    const one = event.thread === null ? null : world.descriptor(event.thread, fd);
    return `${fd}:${one === null ? '?' : typeCharacter(one)}${bytes.readUInt16LE(at + 8).toString(16)}`;
  }).join(' ');
}

/** A number first, which says what follows. */
function dynamicText(event: CaptureEvent, parameter: Parameter, bytes: Buffer, world: World): ParameterText {
  const kind = bytes[0] ?? 0;
  const value = bytes.length >= 9 ? bytes.readBigInt64LE(1) : null;
  switch (`${parameter.variants}:${kind}`) {
    case 'sockopt:1':
    case 'bpf:1':
      return errorText(value === null ? null : Number(value)) ?? missing;
    case 'bpf:0':
      return descriptorText(event, value === null ? null : Number(value), world) ?? missing;
    case 'sockopt:2':
      return { plain: bytes.length >= 5 ? String(bytes.readUInt32LE(1)) : '<NA>', resolved: '' };
    case 'sockopt:3':
    case 'sockopt:4':
      return { plain: value === null ? '<NA>' : String(value), resolved: '' };
    case 'ptrace:0':
      return { plain: value === null ? '<NA>' : inBase(value, { ...parameter, base: 'hex' }, 64), resolved: '' };
    case 'ptrace:1':
      return { plain: String(bytes[1] ?? 0), resolved: signalName(bytes[1] ?? 0) ?? '' };
    default:
      return { plain: printable(bytes.subarray(1)), resolved: '' };
  }
}

/** What can be printed, and a dot for each byte that cannot. */
export function printable(bytes: Buffer): string {
  const out = Buffer.allocUnsafe(bytes.length);
  for (let index = 0; index < bytes.length; index += 1) {
    const byte = bytes[index] ?? 0;
    out[index] = byte >= 0x20 && byte < 0x7f ? byte : 0x2e;
  }
  return out.toString('latin1');
}

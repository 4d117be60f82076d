/**
 * `fd.*` and `fs.path.*`: the descriptor that the event makes, uses or closes, and the paths that it is about. An open that
 * failed has a name and no descriptor. Ends of a connection have a client and a server only once it is known which is which.
 */
import type { Address } from '@vedette/rules/address';
import { addressText } from '@vedette/rules/address';
import type { CaptureEvent } from '../events/event.ts';
import { isConnection, isFile, isIp, typeCharacter, typeWord, type Descriptor } from '../state/descriptor.ts';
import { askedPath } from '../state/descriptor-events.ts';
import { joinPaths, withSlash } from '../state/paths.ts';
import type { World } from '../state/world.ts';
import type { FieldArgument, FieldGetter, FieldGetters } from './getters.ts';
import { parameterText } from './parameter-text.ts';

const opens: ReadonlySet<string> = new Set(['open', 'openat', 'openat2', 'creat']);

const madeCharacters: Readonly<Record<string, string>> = {
  open: 'f', openat: 'f', openat2: 'f', creat: 'f', socket: '4', accept: '4', accept4: '4', pipe: 'p', pipe2: 'p', eventfd: 'e', eventfd2: 'e', signalfd: 's', signalfd4: 's',
  timerfd_create: 't', inotify_init: 'i', inotify_init1: 'i',
};

function isAbout(event: CaptureEvent): boolean {
  const { layout } = event;
  return event.thread !== null && (layout.createsFd || layout.usesFd || layout.destroysFd);
}

/** What was to be opened, where there is no descriptor. */
function wantedName(event: CaptureEvent, world: World): string | null {
  const { name } = event.layout;
  if (opens.has(name) || name === 'open_by_handle_at') return askedPath(event, world)?.full ?? null;
  if (name === 'accept' || name === 'accept4' || name === 'connect') return parameterText(event, 1, world)?.plain ?? null;
  return event.layout.isExit ? '' : null;
}

function nameOf(event: CaptureEvent, world: World): string | null {
  if (!isAbout(event)) return null;
  const one = event.descriptor;
  if (one === null || (event.layout.name === 'connect' && (event.result() ?? 0) < 0)) return wantedName(event, world);
  return one.name;
}

function directoryOf(event: CaptureEvent, world: World): string | null {
  if (!isAbout(event)) return null;
  const one = event.descriptor;
  if (one !== null && one.kind === 'directory') return one.name;
  if (one !== null && !isFile(one)) return null;
  const name = one === null ? wantedName(event, world) : one.name;
  if (name === null) return null;
  const slash = name.lastIndexOf('/');
  if (slash <= 0) return '/';
  return slash < name.length - 1 ? name.slice(0, slash) : name;
}

function fileName(one: Descriptor): string | null {
  if (!isFile(one)) return null;
  const slash = one.name.lastIndexOf('/');
  if (slash < 0) return '/';
  return slash < one.name.length - 1 ? one.name.slice(slash + 1) : one.name;
}

function rawName(event: CaptureEvent, world: World): string | null {
  if (!isAbout(event)) return null;
  const raw = event.descriptor === null ? (askedPath(event, world)?.raw ?? wantedName(event, world)) : event.descriptor.rawName;
  return raw === null ? null : raw.replace(/\/{2,}/g, '/');
}

function device(one: Descriptor): { readonly major: number; readonly minor: number } {
  return { major: one.device >>> 20, minor: one.device & 0xfffff };
}

/** An end that is not known yet. */
const nowhere: Address = new Uint8Array(16);

export function descriptorFields(world: World): FieldGetters {
  const of = (get: (one: Descriptor, event: CaptureEvent, argument: FieldArgument) => ReturnType<FieldGetter>): FieldGetter => (event, argument) =>
    !isAbout(event) || event.descriptor === null ? null : get(event.descriptor, event, argument);
  return {
    'fd.num': (event) => (isAbout(event) ? event.fd : null),
    'fd.name': (event) => nameOf(event, world),
    'fd.nameraw': (event) => rawName(event, world),
    'fd.containername': (event) => withContainer(event, nameOf(event, world), world),
    'fd.directory': (event) => directoryOf(event, world),
    'fd.containerdirectory': (event) => withContainer(event, directoryOf(event, world), world),
    'fd.filename': of(fileName),
    'fd.type': of(typeWord),
    'fd.typechar': (event) => (!isAbout(event) ? null : event.descriptor === null ? (madeCharacters[event.layout.name] ?? 'o') : typeCharacter(event.descriptor)),
    'fd.types': (event, argument) => {
      if (!isAbout(event) || event.thread === null) return null;
      if (argument !== null) return mapped(world.descriptor(event.thread, Number(argument)), (one) => [typeWord(one)]);
      return [...new Set([...world.main(event.thread).descriptors.values()].map(typeWord))];
    },
    'fd.uid': (event) => (isAbout(event) && event.thread !== null ? `${event.thread.tid}${event.fd}` : null),
    'fd.connected': of((one) => one.connected),
    'fd.name_changed': of((_, event) => event.nameChanged),
    'fd.dev': of((one) => one.device),
    'fd.dev.major': of((one) => device(one).major),
    'fd.dev.minor': of((one) => device(one).minor),
    'fd.ino': of((one) => one.inode),
    'fd.sockfamily': of((one) => (isIp(one) ? 'ip' : one.kind === 'unix' ? 'unix' : null)),
    'fd.l4proto': of((one) => (!isIp(one) || (one.role === 'none' && one.protocol !== 'raw') || one.protocol === 'unknown' ? '<NA>' : one.protocol)),
    'fd.is_upper_layer': of((one) => (one.openFlags & 0x8000) !== 0),
    'fd.is_lower_layer': of((one) => (one.openFlags & 0x10000) !== 0),
    ...endFields(world, of),
    ...pathFields(world),
    ...listFields(world),
  };
}

function mapped<T, R>(one: T | null, get: (one: T) => R): R | null {
  return one === null ? null : get(one);
}

function withContainer(event: CaptureEvent, name: string | null, world: World): string | null {
  return name === null || event.thread === null ? null : `${world.containerOf(event.thread) ?? ''}:${name}`;
}

type Of = (get: (one: Descriptor, event: CaptureEvent) => ReturnType<FieldGetter>) => FieldGetter;

function endFields(world: World, of: Of): FieldGetters {
  const known = (one: Descriptor): boolean => one.role !== 'none';
  const client = (one: Descriptor): Address | null => (isConnection(one) && known(one) ? (one.ends?.source ?? null) : null);
  const server = (one: Descriptor): Address | null => (isIp(one) && known(one) ? (one.ends?.destination ?? null) : null);
  const clientPort = (one: Descriptor): number | null => (isConnection(one) && known(one) ? (one.ends?.sourcePort ?? null) : null);
  const serverPort = (one: Descriptor): number | null => (isIp(one) && (known(one) || !isConnection(one)) ? (one.ends?.destinationPort ?? null) : null);
  const pair = (one: Descriptor, event: CaptureEvent): { readonly isClient: boolean } | null =>
    isConnection(one) && known(one) && one.ends !== null && one.ends.source !== null ? { isClient: world.isLocal(one.ends.source, event.thread) } : null;
  const local = <T>(clientSide: (one: Descriptor) => T | null, serverSide: (one: Descriptor) => T | null) => (one: Descriptor, event: CaptureEvent): T | null =>
    mapped(pair(one, event), ({ isClient }) => (isClient ? clientSide(one) : serverSide(one)));
  const text = (get: (one: Descriptor, event: CaptureEvent) => number | null) => (one: Descriptor, event: CaptureEvent): string | null => mapped(get(one, event), String);
  const fields: FieldGetters = {
    '#source.ip': of((one) => (isConnection(one) ? (one.ends?.source ?? null) : null)),
    '#destination.ip': of((one) => (isIp(one) ? (one.ends?.destination ?? null) : null)),
    '#source.port': of((one) => (isConnection(one) ? (one.ends?.sourcePort ?? null) : null)),
    '#destination.port': of((one) => (isIp(one) ? (one.ends?.destinationPort ?? null) : null)),
    'fd.cip': of(client),
    'fd.cnet': of(client),
    'fd.sip': of(server),
    'fd.snet': of(server),
    'fd.lip': of(local(client, server)),
    'fd.lnet': of(local(client, server)),
    'fd.rip': of(local(server, client)),
    'fd.rnet': of(local(server, client)),
    'fd.cport': of(clientPort),
    'fd.sport': of(serverPort),
    'fd.lport': of(local(clientPort, serverPort)),
    'fd.rport': of(local(serverPort, clientPort)),
    'fd.cproto': of(text(clientPort)),
    'fd.sproto': of(text(serverPort)),
    'fd.lproto': of(text(local(clientPort, serverPort))),
    'fd.rproto': of(text(local(serverPort, clientPort))),
    'fd.is_server': of((one, event) => (one.kind === 'ipv4server' || one.kind === 'ipv6server' ? true : isConnection(one) && (one.ends !== null || one.kind === 'ipv6') && world.isLocal(one.ends?.destination ?? nowhere, event.thread))),
  };
  return fields;
}

/** Which parameter is the path; of two, which is where it was and which where it goes. A link's source is the new name. */
const onePath: Readonly<Record<string, string>> = {
  mkdir: 'path', mkdirat: 'path', rmdir: 'path', unlink: 'path', unlinkat: 'name', open: 'name', openat: 'name', openat2: 'name', fchmodat: 'filename', chmod: 'filename',
  chown: 'path', lchown: 'path', fchownat: 'pathname', quotactl: 'special', umount: 'name', umount2: 'name', mknod: 'path', mknodat: 'path',
};
const twoPaths: Readonly<Record<string, readonly [string, string]>> = {
  rename: ['oldpath', 'newpath'], renameat: ['oldpath', 'newpath'], renameat2: ['oldpath', 'newpath'], link: ['newpath', 'oldpath'], linkat: ['newpath', 'oldpath'],
  symlink: ['linkpath', 'target'], symlinkat: ['linkpath', 'target'], mount: ['dev', 'dir'],
};

/** Only of calls that succeeded. */
function pathParameter(event: CaptureEvent, name: string | undefined): string | null {
  if (name === undefined || !event.layout.isExit) return null;
  const result = event.result();
  const isOpen = event.layout.createsFd;
  if (result === null || (isOpen ? result === -1 : result !== 0)) return null;
  return event.textOf(name);
}

function pathFields(world: World): FieldGetters {
  const absolute = (event: CaptureEvent, path: string | null): string | null =>
    path === null || path.startsWith('/') ? path : event.thread === null ? null : joinPaths(withSlash(world.main(event.thread).cwd), path);
  const one = (event: CaptureEvent): string | null => {
    const { name } = event.layout;
    if (name === 'fchmod' || name === 'fchown') return event.result() === 0 ? (event.descriptor?.name ?? null) : null;
    return pathParameter(event, onePath[name]);
  };
  const two = (event: CaptureEvent, side: 0 | 1): string | null => pathParameter(event, twoPaths[event.layout.name]?.[side]);
  return {
    'fs.path.name': (event) => absolute(event, one(event)),
    'fs.path.nameraw': one,
    'fs.path.source': (event) => absolute(event, two(event, 0)),
    'fs.path.sourceraw': (event) => two(event, 0),
    'fs.path.target': (event) => absolute(event, two(event, 1)),
    'fs.path.targetraw': (event) => two(event, 1),
  };
}

/** What a poll waits for. */
function listFields(world: World): FieldGetters {
  const list = (event: CaptureEvent): readonly (readonly [number, Descriptor | null])[] | null => {
    if (event.thread === null || !event.has('fds')) return null;
    const bytes = event.slice();
    const count = bytes.length >= 2 ? Math.min(bytes.readUInt16LE(0), Math.floor((bytes.length - 2) / 10)) : 0;
    const { thread } = event;
    return Array.from({ length: count }, (_, index) => {
      const fd = bytes.readInt32LE(2 + 10 * index);
      return [fd, world.descriptor(thread, fd)] as const;
    });
  };
  const joined = (get: (one: Descriptor) => string | null): FieldGetter => (event) =>
    mapped(list(event), (all) => all.flatMap(([, one]) => (one === null ? [] : [get(one)])).filter((text) => text !== null).join(','));
  return {
    'fdlist.nums': (event) => mapped(list(event), (all) => all.map(([fd]) => String(fd)).join(',')),
    'fdlist.names': joined((one) => one.name),
    'fdlist.cips': joined((one) => (one.ends === null || one.ends.source === null ? null : addressText(one.ends.source))),
    'fdlist.sips': joined((one) => (one.ends === null ? null : addressText(one.ends.destination))),
    'fdlist.cports': joined((one) => (one.ends === null || one.ends.source === null ? null : String(one.ends.sourcePort))),
    'fdlist.sports': joined((one) => (one.ends === null ? null : String(one.ends.destinationPort))),
  };
}

/** `vedette rules interests`: what these rules make the kernel report, class by class, and which rule keeps a class whole. */
import { addressText, familyOf } from '@vedette/rules/address';
import { eventClasses, labelOf, type EventClass } from '@vedette/rules/events';
import { isWhole, namesPath, type Conjunction, type Interest } from '@vedette/rules/interest';
import type { SocketAtoms } from '@vedette/rules/interest-socket';

export interface InterestLine {
  readonly eventClass: EventClass;
  readonly event: string;
  readonly reports: 'all' | 'first' | 'filtered';
  readonly rules: number;
  /** Rules that want all of it: the kernel can decide nothing of what they ask. */
  readonly wholeFor: readonly string[];
  /** What else of the sensor needs all of it; null: nothing does. */
  readonly other: string | null;
  readonly atoms: readonly string[];
}

/** Reported whatever rules ask, and who lives by them. */
const always: Readonly<Partial<Record<EventClass, string>>> = {
  ...byAll('the table of processes', ['exec', 'fork', 'exit', 'setuid', 'setgid', 'capset', 'setsid', 'setpgid', 'chdir', 'chroot']),
  ...byAll('the map of connections', ['connect', 'accept', 'listen']),
};
/** Reported whole while a rule looks at files. */
const unjudged: Readonly<Partial<Record<EventClass, string>>> = byAll('further names of files', ['mount', 'umount']);
const firsts: readonly EventClass[] = ['open', 'openFailed', 'mapExec'];

export function interestLines(interests: readonly Interest[]): readonly InterestLine[] {
  return eventClasses.flatMap((eventClass): InterestLine[] => {
    const mine = interests.filter((one) => one.eventClass === eventClass);
    const other = always[eventClass] ?? (mine.length === 0 ? undefined : unjudged[eventClass]) ?? null;
    if (mine.length === 0 && other === null) return [];
    const wholeFor = mine.filter((one) => one.any.some(isWhole)).map((one) => one.by);
    const loose = firsts.includes(eventClass) && mine.some((one) => one.any.some((atoms) => !namesPath(atoms)));
    const isFiltered = wholeFor.length === 0 && other === null;
    const atoms = [...new Set(mine.flatMap((one) => one.any.filter((atoms) => !isWhole(atoms)).map(atomsText)))];
    return [{ eventClass, event: labelOf(eventClass), reports: isFiltered ? 'filtered' : loose ? 'first' : 'all', rules: mine.length, wholeFor, other, atoms }];
  });
}

function byAll(who: string, classes: readonly EventClass[]): Partial<Record<EventClass, string>> {
  return Object.fromEntries(classes.map((one) => [one, who]));
}

export function atomsText({ path, first, second, last, inside, holds, components, needs, socket, names }: Conjunction): string {
  const begin = [first, second].flatMap((one) => (one === null ? [] : [`/${one.text}${one.whole ? '' : '…'}`])).join('');
  const words = [
    ...(begin === '' ? [] : [`below ${begin}`]),
    ...(inside === null ? [] : [`through ${inside.whole ? '' : '…'}${inside.text}`]),
    ...(holds === null ? [] : [`holding ${holds}`]),
    ...(last === null ? [] : [`named ${last.whole ? '' : '…'}${last.text}`]),
    ...(components === null ? [] : [`of ${components} ${components === 1 ? 'component' : 'components'}`]),
  ];
  const of = words.length === 0 ? '' : `${path === 1 ? 'second path' : 'path'} ${words.join(', ')}`;
  return [...(of === '' ? [] : [of]), ...(socket === null ? [] : socketWords(socket)), ...needs.map((one) => needWords[one]), ...(names === null ? [] : [`by ${names.length <= 8 ? names.join(' or ') : `one of ${names.length} programs`}`])].join('; ');
}

const familyWords: Readonly<Record<number, string>> = { 1: 'unix', 2: 'ipv4', 10: 'ipv6', 16: 'netlink', 17: 'packet' };

function socketWords({ family, protocol, localPort, remotePort, remote, result }: SocketAtoms): readonly string[] {
  const port = (name: string, one: SocketAtoms['localPort']) => (one === null ? [] : [`${name} ${one.bits === 16 ? one.value : `${one.value}-${one.value + (1 << (16 - one.bits)) - 1}`}`]);
  return [
    ...(family === null ? [] : [`family ${familyWords[family] ?? family}`]), ...(protocol === null ? [] : [`protocol ${protocol}`]),
    ...port('local port', localPort), ...port('remote port', remotePort), ...(remote === null ? [] : [`remote address ${networkText(remote)}`]),
    ...(result === null ? [] : [`result ${result}`]),
  ];
}

function networkText({ value, bits }: NonNullable<SocketAtoms['remote']>): string {
  const bytes = Buffer.from(value, 'hex');
  const [length, all] = familyOf(bytes) === 4 ? [bits - 96, 32] : [bits, 128];
  return length === all ? addressText(bytes) : `${addressText(bytes)}/${length}`;
}

const needWords = {
  'container': 'in a container', 'read': 'opened for reading', 'write': 'opened for writing', 'create': 'with O_CREAT', 'truncate': 'with O_TRUNC', 'no-write': 'for reading alone', 'set-id': 'with a set-id bit', 'failed': 'failed', 'succeeded': 'succeeded',
} as const;

const reportWords: Readonly<Record<InterestLine['reports'], string>> = { 'all': 'all', 'first': 'first of each', 'filtered': 'what is named' };

export function interestsText(lines: readonly InterestLine[], showAtoms: boolean): string {
  const shown = (names: readonly string[]) => (names.length <= 2 ? names.join(', ') : `${names.slice(0, 2).join(', ')} and ${names.length - 2} more`);
  const because = (one: InterestLine) => {
    if (one.other !== null) return `${one.other}; ${one.rules} ${one.rules === 1 ? 'rule' : 'rules'}`;
    if (one.reports === 'filtered') return `${one.rules} ${one.rules === 1 ? 'rule' : 'rules'}, ${one.atoms.length} ${one.atoms.length === 1 ? 'interest' : 'interests'}`;
    return `whole for ${shown(one.wholeFor)}`;
  };
  const rows = lines.map((one) => [one.event, reportWords[one.reports], because(one)] as const);
  const heads = ['EVENT', 'THE KERNEL REPORTS', 'BECAUSE OF'] as const;
  const widths = [0, 1].map((index) => Math.max(heads[index]?.length ?? 0, ...rows.map((row) => row[index]?.length ?? 0)));
  const text = (row: readonly string[]) => `${(row[0] ?? '').padEnd(widths[0] ?? 0)}  ${(row[1] ?? '').padEnd(widths[1] ?? 0)}  ${row[2] ?? ''}`;
  const body = lines.flatMap((one, index) => [text(rows[index] ?? []), ...(showAtoms && one.reports === 'filtered' ? one.atoms.map((atoms) => `  ${atoms}`) : [])]);
  const unseen = eventClasses.filter((one) => !lines.some((line) => line.eventClass === one));
  return [text(heads), ...body, '', `Not reported, since no rule looks at them: ${unseen.length === 0 ? 'none' : unseen.map(labelOf).join(', ')}.`].join('\n');
}

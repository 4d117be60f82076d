/** `vedette rules interests`: what these rules make the kernel report, class by class, and which rule keeps a class whole. */
import { eventClasses, labelOf, type EventClass } from '@vedette/rules/events';
import { isWhole, namesPath, type Conjunction, type Interest } from '@vedette/rules/interest';

export interface InterestLine {
  readonly eventClass: EventClass;
  readonly event: string;
  readonly reports: 'all' | 'first' | 'filtered';
  readonly rules: number;
  /** Rules that want all of it: the kernel can decide nothing of what they ask. */
  readonly wholeFor: readonly string[];
  readonly atoms: readonly string[];
}

/** Without an own condition of a rule these are reported, since the table of processes lives by them. */
const always: readonly EventClass[] = ['exec', 'fork', 'exit'];
const firsts: readonly EventClass[] = ['open', 'openFailed', 'mapExec'];

export function interestLines(interests: readonly Interest[]): readonly InterestLine[] {
  return eventClasses.flatMap((eventClass): InterestLine[] => {
    const mine = interests.filter((one) => one.eventClass === eventClass);
    if (mine.length === 0 && !always.includes(eventClass)) return [];
    const wholeFor = mine.filter((one) => one.any.some(isWhole)).map((one) => one.by);
    const loose = firsts.includes(eventClass) && mine.some((one) => one.any.some((atoms) => !namesPath(atoms)));
    const isFiltered = wholeFor.length === 0 && !always.includes(eventClass);
    const atoms = [...new Set(mine.flatMap((one) => one.any.filter((atoms) => !isWhole(atoms)).map(atomsText)))];
    return [{ eventClass, event: labelOf(eventClass), reports: isFiltered ? 'filtered' : loose ? 'first' : 'all', rules: mine.length, wholeFor, atoms }];
  });
}

export function atomsText({ path, first, second, last, inside, holds, components, needs }: Conjunction): string {
  const begin = [first, second].flatMap((one) => (one === null ? [] : [`/${one.text}${one.whole ? '' : '…'}`])).join('');
  const words = [
    ...(begin === '' ? [] : [`below ${begin}`]),
    ...(inside === null ? [] : [`through ${inside.whole ? '' : '…'}${inside.text}`]),
    ...(holds === null ? [] : [`holding ${holds}`]),
    ...(last === null ? [] : [`named ${last.whole ? '' : '…'}${last.text}`]),
    ...(components === null ? [] : [`of ${components} ${components === 1 ? 'component' : 'components'}`]),
  ];
  const of = words.length === 0 ? '' : `${path === 1 ? 'second path' : 'path'} ${words.join(', ')}`;
  return [...(of === '' ? [] : [of]), ...needs.map((one) => needWords[one])].join('; ');
}

const needWords = {
  'container': 'in a container', 'read': 'opened for reading', 'write': 'opened for writing', 'create': 'with O_CREAT', 'truncate': 'with O_TRUNC', 'no-write': 'for reading alone', 'set-id': 'with a set-id bit',
} as const;

const reportWords: Readonly<Record<InterestLine['reports'], string>> = { 'all': 'all', 'first': 'first of each', 'filtered': 'what is named' };

export function interestsText(lines: readonly InterestLine[], showAtoms: boolean): string {
  const shown = (names: readonly string[]) => (names.length <= 2 ? names.join(', ') : `${names.slice(0, 2).join(', ')} and ${names.length - 2} more`);
  const because = (one: InterestLine) => {
    if (always.includes(one.eventClass)) return `the table of processes; ${one.rules} rules`;
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

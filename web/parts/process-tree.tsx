/**
 * The process tree of an incident: depth downwards, time to the right, one line a process. The line that offended is
 * marked; alike siblings are folded into one with a count; hover shows the whole command, a click opens what is known.
 */
import { useLayoutEffect, useMemo, useRef, useState, type ReactNode, type RefObject } from 'react';
import { localZone, useNow } from '../clock.ts';
import { argumentsLine, baseName } from '../view/cut.ts';
import { treeLines, type Chain, type TreeLine } from '../view/process-tree.ts';
import { clockTime, gapWords } from '../view/time.ts';
import { userWords } from '../view/words.ts';
import { Origin, OutcomeMark } from './marks.tsx';
import { CutMiddle, fullCommand, ProcessFields } from './process.tsx';
import { Tip } from './tip.tsx';
import './process-tree.css';

const linePx = 32;
const laneWidths = { wide: 168, narrow: 96, phone: 60 } as const;
const narrowBelowPx = 760;
const phoneBelowPx = 480;
const stepPx = 14;
/** Two ends of an axis that read the same second say nothing. */
const fineBelowMs = 10_000;

/** Time decides the place; each level stands at least one step right of its parent, so that depth stays readable. */
function lanePlaces(lines: readonly TreeLine[], lanePx: number): readonly number[] {
  const places: number[] = [];
  for (const line of lines) {
    const left = line.parent === null ? 8 : places[line.parent]! + stepPx;
    // On half pixels, so that one-pixel lines stay one pixel wide.
    places.push(Math.floor(Math.max(left, 8 + line.x * (lanePx - 16))) + 0.5);
  }
  return places;
}

export function ProcessTree({ chains, chosen }: { readonly chains: readonly Chain[]; readonly chosen: string | undefined }): ReactNode {
  const [folds, setFolds] = useState<ReadonlySet<string>>(new Set());
  const [open, setOpen] = useState<string | null>(null);
  const lines = useMemo(() => treeLines(chains, folds), [chains, folds]);
  const root = useRef<HTMLDivElement>(null);
  const lanePx = useLaneWidth(root);
  const places = useMemo(() => lanePlaces(lines, lanePx), [lines, lanePx]);
  const lane = Math.max(lanePx, ...places.map((place) => place + 12));
  const toggleFold = (id: string): void => setFolds((old) => (old.has(id) ? new Set([...old].filter((one) => one !== id)) : new Set([...old, id])));
  return (
    <div className="tree" data-testid="process-tree" ref={root}>
      <TreeHead lines={lines} lane={lane} />
      <ol className="tree-lines">
        {lines.map((line, index) => (
          <Line key={line.execution.key} line={line} index={index} places={places} lines={lines} lane={lane} chosen={chosen !== undefined && line.offence?.eventIds.includes(chosen) === true} open={open === line.execution.key} toggle={() => setOpen(open === line.execution.key ? null : line.execution.key)} toggleFold={toggleFold} />
        ))}
      </ol>
    </div>
  );
}

/** The drawing gives way before the names do. */
function useLaneWidth(root: RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState<number>(laneWidths.wide);
  useLayoutEffect(() => {
    const element = root.current;
    if (element === null) return undefined;
    const measure = (): void => setWidth(element.clientWidth < phoneBelowPx ? laneWidths.phone : element.clientWidth < narrowBelowPx ? laneWidths.narrow : laneWidths.wide);
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [root]);
  return width;
}

function TreeHead({ lines, lane }: { readonly lines: readonly TreeLine[]; readonly lane: number }): ReactNode {
  const now = useNow();
  const starts = lines.map((line) => line.execution.startedAt).sort();
  const [first, last] = [starts[0], starts.at(-1)];
  const fine = first !== undefined && Date.parse(last!) - Date.parse(first) < fineBelowMs;
  return (
    <div className="tree-head small quiet" aria-hidden="true">
      <span className="tree-axis" style={{ width: `${lane}px` }}>
        {first === undefined || lane < laneWidths.wide ? null : <span>{clockTime(first, now, localZone, fine)}</span>}
        {last === undefined ? null : <span className="tree-last">{clockTime(last, now, localZone, fine)}</span>}
      </span>
      <span className="tree-head-name">Process</span><span className="tree-gap">after parent</span><span className="tree-user">User</span><span className="tree-origin">File from</span>
    </div>
  );
}

interface LineProps {
  readonly line: TreeLine;
  readonly index: number;
  readonly places: readonly number[];
  readonly lines: readonly TreeLine[];
  readonly lane: number;
  readonly chosen: boolean;
  readonly open: boolean;
  readonly toggle: () => void;
  readonly toggleFold: (id: string) => void;
}

function Line({ line, index, places, lines, lane, chosen, open, toggle, toggleFold }: LineProps): ReactNode {
  const { execution, offence, fold } = line;
  const state = [offence === null ? '' : 'is-offender', chosen ? 'is-chosen' : '', offence === null ? '' : `is-${offence.outcome}`].join(' ');
  return (
    <li className={`tree-item ${state}`} data-testid="tree-line" data-key={execution.key} data-depth={line.depth}>
      <div className="tree-line">
        <Lane index={index} places={places} lines={lines} lane={lane} />
        <button type="button" className="tree-name" aria-expanded={open} onClick={toggle}>
          <Tip content={<code className="mono">{fullCommand(execution)}</code>} className="tree-command">
            <span className="mono process-base">{baseName(execution.path)}</span>
            <CutMiddle text={argumentsLine(execution.arguments, execution.argumentsTruncated)} className="mono tree-arguments" />
          </Tip>
        </button>
        {fold === null ? null : <button type="button" className="fold" aria-expanded={fold.open} title={fold.open ? 'Fold alike siblings' : `Show all ${fold.count}`} onClick={() => toggleFold(fold.id)}>{fold.open ? 'fold' : `× ${fold.count}`}</button>}
        {offence === null ? null : <span className="tree-outcome"><OutcomeMark outcome={offence.outcome} /></span>}
        <span className="tree-gap faint">{line.gapMs === null ? '' : gapWords(line.gapMs)}</span>
        <span className={`tree-user ${execution.uid === 0 ? '' : 'quiet'}`}>{userWords(execution.uid)}</span>
        <span className="tree-origin"><Origin origin={execution.origin} /></span>
      </div>
      {open ? <div className="tree-open"><ProcessFields execution={execution} /></div> : null}
    </li>
  );
}

/** The drawing beside one line: down from each ancestor that goes on, across from the parent, and the start itself. */
function Lane({ index, places, lines, lane }: Pick<LineProps, 'index' | 'places' | 'lines' | 'lane'>): ReactNode {
  const line = lines[index]!;
  const x = places[index]!;
  const middle = linePx / 2 + 0.5;
  const through: number[] = [];
  for (let ancestor = line.parent; ancestor !== null; ancestor = lines[ancestor]!.parent) {
    if (lines.some((other, at) => at > index && other.parent === ancestor)) through.push(places[ancestor]!);
  }
  const parentX = line.parent === null ? null : places[line.parent]!;
  const hasChildren = lines.some((other) => other.parent === index);
  return (
    <svg className="lane" width={lane} height={linePx} viewBox={`0 0 ${lane} ${linePx}`} aria-hidden="true">
      {through.map((place) => <path key={place} d={`M${place} 0V${linePx}`} className="lane-line" />)}
      {parentX === null ? null : <path d={`M${parentX} 0V${middle}H${x}`} className="lane-line" />}
      {hasChildren ? <path d={`M${x} ${middle}V${linePx}`} className="lane-line" /> : null}
      <path d={`M${x} ${middle}H${lane}`} className="lane-life" />
      {line.offence === null ? <circle cx={x} cy={middle} r="3" className="lane-start" /> : <path d={`M${x} ${middle - 5}l5 5-5 5-5-5Z`} className="lane-offence" />}
    </svg>
  );
}

/** The programs behind the hook that every call passes, of one loader: taken out and put back, as if they had never been attached. */
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';

/** Places as sensor/probe/maps.h numbers them. */
const slots = { calls: 0, opens: 1, connects: 2, accepts: 3, receives: 4 } as const;
const programArray = /^map_type:\t3$/m;

export class ExitPrograms {
  readonly #id: string;
  readonly #programs: ReadonlyMap<number, number>;

  constructor(loaderPid: number) {
    const held = readdirSync(`/proc/${loaderPid}/fdinfo`).map((fd) => readFileSync(`/proc/${loaderPid}/fdinfo/${fd}`, 'utf8')).find((text) => programArray.test(text));
    const id = /^map_id:\t(\d+)$/m.exec(held ?? '')?.[1];
    if (id === undefined) throw new Error('the loader holds no table of programs');
    const dumped = JSON.parse(execFileSync('bpftool', ['--json', 'map', 'dump', 'id', id], { encoding: 'utf8' })) as { key: string[]; value: string[] | object }[];
    const word = (bytes: readonly string[]) => bytes.reduce((sum, one, index) => sum + Number(one) * 256 ** index, 0);
    this.#id = id;
    this.#programs = new Map(dumped.flatMap((one) => (Array.isArray(one.value) ? [[word(one.key), word(one.value)] as const] : [])));
  }

  takeOut(which: keyof typeof slots): void {
    this.#map(['delete', 'id', this.#id, 'key', String(slots[which]), '0', '0', '0']);
  }

  putBack(which: keyof typeof slots): void {
    const program = this.#programs.get(slots[which]);
    if (program === undefined) throw new Error(`there was no program for ${which}`);
    this.#map(['update', 'id', this.#id, 'key', String(slots[which]), '0', '0', '0', 'value', 'id', String(program)]);
  }

  #map(args: readonly string[]): void {
    execFileSync('bpftool', ['map', ...args], { stdio: ['ignore', 'ignore', 'ignore'] });
  }
}

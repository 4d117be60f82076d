/**
 * One run of the simulation: a fleet on one seed. For a minute of simulated time gremlins do what the seed's profile
 * allows; then all faults stop, everything drains, and the truth of each machine is compared with what the hub has.
 * Whatever is violated is thrown as an Error that names it; the caller adds the seed.
 */
import { Agenda } from './agenda.ts';
import { noFaults, SimDisk } from './disk.ts';
import { SimHub } from './hub.ts';
import { checkBounds, checkEnd, hasUndecidedRival, isDrained } from './invariants.ts';
import type { Surroundings } from './machine.ts';
import { SimMachine } from './machine.ts';
import type { Mutation } from './mutation.ts';
import { noNetworkFaults, SimNetwork } from './network.ts';
import { Random } from './random.ts';

/** Which faults a seed may show. Copies are not combined with restores and damaged spools: see «not found» in link/README.md. */
export interface Profile {
  readonly network: boolean;
  readonly sensorCrashes: boolean;
  readonly hubCrashes: boolean;
  readonly fullDisk: boolean;
  readonly diskErrors: boolean;
  readonly powerLoss: boolean;
  readonly rot: boolean;
  /** Someone empties the link's directory: a new epoch under the same certificate. */
  readonly wipes: boolean;
  readonly clockJumps: boolean;
  readonly copies: boolean;
  readonly restores: boolean;
}

export interface RunResult {
  readonly steps: number;
  readonly records: number;
  readonly deliveries: number;
  readonly hellos: number;
  readonly dropped: number;
  readonly lost: number;
  readonly conflicts: number;
}

const chaosMs = 40_000;
const drainMsMax = 900_000;
const quietMs = 60_000;

export interface Fleet {
  readonly profile: Profile;
  readonly agenda: Agenda;
  readonly random: Random;
  readonly hub: SimHub;
  readonly network: SimNetwork;
  readonly machines: SimMachine[];
  readonly mutation: Mutation | undefined;
  rots: number;
}

export function profileOf(random: Random): Profile {
  const some = () => random.happens(0.5);
  const copies = random.happens(0.35);
  return {
    network: random.happens(0.8), sensorCrashes: some(), hubCrashes: some(), fullDisk: some(), diskErrors: !copies && some(),
    powerLoss: random.happens(0.25), rot: !copies && random.happens(0.25), wipes: random.happens(0.1), clockJumps: some(), copies, restores: !copies && some(),
  };
}

export function runFleet(seed: number, mutation?: Mutation): RunResult {
  const random = new Random(seed);
  const profile = profileOf(random);
  const agenda = new Agenda();
  const hub = new SimHub(random, mutation);
  const network = new SimNetwork(agenda, random, hub);
  const fleet: Fleet = { profile, agenda, random, hub, network, machines: [], mutation, rots: 0 };
  for (let sensor = 0; sensor < random.between(2, 4); sensor += 1) addMachine(fleet, sensor, new SimDisk(random));
  if (profile.network) {
    network.faults = { loss: random.next() * 0.2, doubling: random.next() * 0.2, late: random.next() * 0.1, hubDies: 0, hubFails: random.next() * 0.1 };
  }
  if (profile.hubCrashes) network.faults.hubDies = random.next() * 0.03;
  agenda.after(random.between(100, 1500), () => gremlin(fleet));
  agenda.after(0, () => tend(fleet));
  agenda.runUntil(chaosMs);
  calm(fleet);
  const { lost, conflicts } = drain(fleet);
  const sum = (count: (machine: SimMachine) => number) => fleet.machines.reduce((total, machine) => total + count(machine), 0);
  return {
    steps: agenda.steps, records: sum(({ made }) => made.detection + made.telemetry), deliveries: network.deliveries, hellos: network.hellos,
    dropped: sum(({ dropped }) => dropped.size), lost, conflicts,
  };
}

function addMachine(fleet: Fleet, sensor: number, disk: SimDisk): SimMachine {
  const { agenda, random, mutation, network } = fleet;
  const world: Surroundings = { agenda, random, mutation, remote: (machine, process, effect) => network.carry(machine, process, effect) };
  const machine = new SimMachine(fleet.machines.length + 1, sensor, disk, world);
  fleet.machines.push(machine);
  const live = () => {
    const chaos = agenda.nowMs < chaosMs;
    if (chaos && random.happens(0.5)) machine.make('telemetry', random.between(1, 4));
    if (chaos && random.happens(0.15)) machine.make('detection', random.between(1, 3));
    machine.work();
    if (random.happens(0.2)) machine.sync();
    agenda.after(random.between(50, 400), live);
  };
  live();
  return machine;
}

/** The supervisor of every machine, and the checks that hold at every step. */
function tend(fleet: Fleet): void {
  for (const machine of fleet.machines) {
    if (machine.process === undefined && fleet.random.happens(0.5)) machine.boot();
    checkBounds(machine);
  }
  fleet.agenda.after(150, () => tend(fleet));
}

function gremlin(fleet: Fleet): void {
  const { agenda, random } = fleet;
  if (agenda.nowMs >= chaosMs) return;
  const pranks = pranksOf(fleet);
  pranks[random.below(pranks.length)]?.(fleet.machines[random.below(fleet.machines.length)]!);
  agenda.after(random.between(100, 2000), () => gremlin(fleet));
}

type Prank = (machine: SimMachine) => void;

function pranksOf(fleet: Fleet): readonly Prank[] {
  const { profile, hub, network, random } = fleet;
  const pranks: Prank[] = [];
  if (profile.network) pranks.push((machine) => network.cutOffUntil.set(machine, fleet.agenda.nowMs + random.between(500, 8000)));
  if (profile.sensorCrashes) {
    pranks.push((machine) => machine.kill(), (machine) => {
      machine.disk.faults.crashAfterCalls = random.between(1, 30);
    });
  }
  if (profile.powerLoss) pranks.push((machine) => machine.losePower());
  if (profile.hubCrashes) pranks.push(() => network.crashHub());
  if (profile.restores) pranks.push(() => hub.takeBackup(), () => hub.restore());
  if (profile.copies && fleet.machines.length < 6) pranks.push((machine) => void addMachine(fleet, machine.sensor, machine.disk.clone(random)));
  if (profile.clockJumps) {
    pranks.push((machine) => {
      machine.clockOffsetMs += random.between(-600_000, 600_000);
    });
  }
  if (profile.fullDisk) pranks.push((machine) => forAWhile(fleet, () => fillDisk(machine, random.below(200)), () => fillDisk(machine, Number.POSITIVE_INFINITY)));
  if (profile.diskErrors) {
    const errors = (machine: SimMachine, chance: number) => () => {
      machine.disk.faults.errors = chance;
    };
    pranks.push((machine) => forAWhile(fleet, errors(machine, 0.1), errors(machine, 0)));
  }
  if (profile.wipes) pranks.push((machine) => machine.wipe());
  if (profile.rot) pranks.push((machine) => rot(fleet, machine));
  return pranks;
}

function forAWhile(fleet: Fleet, begin: () => void, end: () => void): void {
  begin();
  fleet.agenda.after(fleet.random.between(500, 6000), end);
}

function fillDisk(machine: SimMachine, room: number): void {
  machine.disk.faults.bytesMax = machine.disk.used + room;
}

function rot(fleet: Fleet, machine: SimMachine): void {
  if (machine.disk.rot(fleet.random.happens(0.5) ? 'detection-' : 'telemetry-') !== undefined) fleet.rots += 1;
}

function calm(fleet: Fleet): void {
  fleet.network.faults = noNetworkFaults();
  fleet.network.cutOffUntil.clear();
  for (const machine of fleet.machines) machine.disk.faults = noFaults();
}

/** Everything comes to rest, and stays there. */
function drain(fleet: Fleet): { lost: number; conflicts: number } {
  const { agenda, network } = fleet;
  // A last record of each stream shows to a sensor that was idle whether its hub was restored.
  agenda.after(20_000, () => {
    for (const machine of fleet.machines) {
      machine.make('detection', 1);
      machine.make('telemetry', 1);
    }
  });
  const endMs = agenda.nowMs + drainMsMax;
  agenda.runUntil(agenda.nowMs + 60_000);
  while (!fleet.machines.every((machine) => isDrained(machine, fleet))) {
    if (agenda.nowMs > endMs) throw new Error('the fleet does not come to rest');
    // A copy shows itself when it delivers, so each machine goes on making a record from time to time.
    for (const machine of fleet.machines) if (hasUndecidedRival(machine, fleet)) machine.make('detection', 1);
    agenda.runUntil(agenda.nowMs + 10_000);
  }
  const before = network.deliveries;
  agenda.runUntil(agenda.nowMs + quietMs);
  if (network.deliveries !== before) throw new Error('deliveries go on although nothing is left to deliver');
  return checkEnd(fleet);
}

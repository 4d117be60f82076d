/**
 * The network between machines and hub, and what the hub process does with a call: requests and answers may be lost,
 * doubled, late or out of order; the hub may die before its transaction, after it, or before the answer leaves. A
 * connection that was closed does not call back what is already on its way. Only the hub process it was sent to can
 * take a call: as in the world, connections die with the process.
 */
import type { SenderEffect, SenderEvent } from '@vedette/link/protocol/sender-words';
import type { Agenda } from './agenda.ts';
import type { SimHub } from './hub.ts';
import type { SimMachine, SimProcess } from './machine.ts';
import type { Random } from './random.ts';

export interface NetworkFaults {
  loss: number;
  doubling: number;
  /** Chance of a message to take seconds instead of milliseconds: late and out of order. */
  late: number;
  hubDies: number;
  hubFails: number;
}

export function noNetworkFaults(): NetworkFaults {
  return { loss: 0, doubling: 0, late: 0, hubDies: 0, hubFails: 0 };
}

const keepAliveMs = 3000;

export class SimNetwork {
  faults = noNetworkFaults();
  /** Machines that are cut off until then. */
  readonly cutOffUntil = new Map<SimMachine, number>();
  deliveries = 0;
  hellos = 0;
  readonly #agenda: Agenda;
  readonly #random: Random;
  readonly #hub: SimHub;

  constructor(agenda: Agenda, random: Random, hub: SimHub) {
    this.#agenda = agenda;
    this.#random = random;
    this.#hub = hub;
  }

  carry(machine: SimMachine, process: SimProcess, effect: SenderEffect): void {
    switch (effect.kind) {
      case 'hello': {
        this.hellos += 1;
        if (!effect.again || process.nonce === '') process.nonce = this.#random.hex(32);
        const { connection, epoch, session } = effect;
        const call = { sensor: machine.sensor, epoch, session, nonce: process.nonce };
        this.#call(machine, process, connection, () => ({ kind: 'hello-answered', connection, answer: this.#hub.hello(call) }));
        return;
      }
      case 'deliver': {
        this.deliveries += 1;
        const { connection, request, stream, epoch, session, batches } = effect;
        const call = { sensor: machine.sensor, epoch, session, stream, batches };
        this.#call(machine, process, connection, () => {
          if (this.#random.happens(this.faults.hubFails)) return { kind: 'deliver-failed', request, stream, reason: 'The hub is busy.' };
          return { kind: 'deliver-answered', request, stream, answer: this.#hub.deliver(call) };
        });
        return;
      }
      case 'open-commands':
        this.#keepAlive(machine, process, effect.connection, effect.session, this.#hub.incarnation);
        return;
      default:
        return;
    }
  }

  crashHub(): void {
    this.#hub.up = false;
    this.#hub.incarnation += 1;
    this.#agenda.after(this.#random.between(50, 4000), () => this.#hub.restart());
  }

  #call(machine: SimMachine, process: SimProcess, connection: number, work: () => SenderEvent): void {
    const { incarnation } = this.#hub;
    const copies = this.#random.happens(this.faults.doubling) ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      if (this.#loses(machine)) {
        this.#maybeBreak(machine, process, connection);
        continue;
      }
      this.#agenda.after(this.#delayMs(), () => this.#arrive(machine, process, connection, incarnation, work));
    }
  }

  #arrive(machine: SimMachine, process: SimProcess, connection: number, incarnation: number, work: () => SenderEvent): void {
    if (!this.#hub.up || this.#hub.incarnation !== incarnation) return this.#maybeBreak(machine, process, connection);
    this.#agenda.after(this.#delayMs(), () => {
      if (this.#hub.incarnation !== incarnation) return this.#maybeBreak(machine, process, connection);
      if (this.#random.happens(this.faults.hubDies)) return this.crashHub();
      const answer = work();
      if (this.#random.happens(this.faults.hubDies)) return this.crashHub();
      if (this.#loses(machine)) return this.#maybeBreak(machine, process, connection);
      this.#agenda.after(this.#delayMs(), () => machine.tell(process, answer));
    });
  }

  /** A real connection often tells that it broke; sometimes only silence does. */
  #maybeBreak(machine: SimMachine, process: SimProcess, connection: number): void {
    if (this.#random.happens(0.5)) return;
    this.#agenda.after(this.#delayMs(), () => machine.tell(process, { kind: 'connection-lost', connection, reason: 'The connection broke.' }));
  }

  #keepAlive(machine: SimMachine, process: SimProcess, connection: number, session: string, incarnation: number): void {
    const ended = (reason: string, stale: boolean) => machine.tell(process, { kind: 'commands-ended', connection, reason, stale });
    this.#agenda.after(this.#delayMs(), () => {
      if (machine.process !== process || process.sender.connection !== connection) return;
      if (this.#hub.incarnation !== incarnation || !this.#hub.up) {
        if (this.#random.happens(0.7)) ended('The hub went away.', false);
        return;
      }
      if (!this.#hub.listens(machine.sensor, session)) return ended('The session has ended.', true);
      if (!this.#loses(machine)) machine.tell(process, { kind: 'commands-heard', connection });
      this.#agenda.after(keepAliveMs, () => this.#keepAlive(machine, process, connection, session, incarnation));
    });
  }

  #loses(machine: SimMachine): boolean {
    return (this.cutOffUntil.get(machine) ?? 0) > this.#agenda.nowMs || this.#random.happens(this.faults.loss);
  }

  #delayMs(): number {
    return this.#random.happens(this.faults.late) ? this.#random.between(500, 8000) : this.#random.between(1, 40);
  }
}

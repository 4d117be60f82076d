/**
 * The sender's state machine: one event in, effects out. No clock, no chance and no I/O of its own, so that a thousand
 * fleets can be simulated on one seed. Each connection begins with a hello that fixes where both sides go on; any
 * doubt later (a stale session, a watermark that makes no sense, silence) ends the connection and asks again.
 * States and invariants are drawn in link/README.md.
 */
import { backoffMs } from './backoff.ts';
import { agreeLane, failLane, laneAnswered, laneLoaded, laneStored, pumpLane } from './lane.ts';
import type { Lane, Sender, Turn } from './sender-state.ts';
import { lanesOf, nextRequest, recordOf } from './sender-state.ts';
import type { HelloAnswer, Moment, SenderEffect, SenderEvent } from './sender-words.ts';

export { senderView, startSender } from './sender-state.ts';
export type { Sender, SenderStart } from './sender-state.ts';

/** Changes the sender and yields what the caller must do, in this order. */
export function advance(sender: Sender, event: SenderEvent, moment: Moment): readonly SenderEffect[] {
  const turn: Turn = { sender, chance: moment.chance, effects: [] };
  tellTime(sender, moment.nowMs);
  if (event.kind === 'tick') sender.wakeMs = undefined;
  if (sender.phase.kind !== 'stopped') {
    take(turn, event);
    meetDeadlines(turn);
    if (sender.phase.kind === 'ready') for (const lane of lanesOf(sender)) pumpLane(turn, lane);
    askForWake(turn);
  }
  return turn.effects;
}

function tellTime(sender: Sender, nowMs: number): void {
  sender.clockMs += Math.max(0, nowMs - (sender.seenMs ?? nowMs));
  sender.seenMs = nowMs;
}

function take(turn: Turn, event: SenderEvent): void {
  const { sender } = turn;
  switch (event.kind) {
    case 'tick':
      return;
    case 'spooled':
      sender.lanes[event.stream].last = Math.max(sender.lanes[event.stream].last, event.last);
      return;
    case 'hello-answered':
      if (sender.phase.kind === 'greeting' && event.connection === sender.connection) takeHello(turn, event.answer);
      return;
    case 'connection-lost':
      if (event.connection === sender.connection) loseConnection(turn, event.reason);
      return;
    case 'stored':
      return takeStored(turn, event.request);
    case 'store-failed':
      return takeStoreFailed(turn, event.request, event.reason);
    case 'loaded':
      if (isUnderWay(sender.lanes[event.stream], 'loading', event.request)) laneLoaded(turn, sender.lanes[event.stream], event.found, event.batches);
      return;
    case 'load-failed':
      if (isUnderWay(sender.lanes[event.stream], 'loading', event.request)) failLane(turn, sender.lanes[event.stream], event.reason);
      return;
    case 'deliver-answered':
    case 'deliver-failed':
      return takeDeliver(turn, event);
    case 'commands-heard':
    case 'commands-ended':
      return takeCommands(turn, event);
    case 'credentials-renewed':
      if (sender.phase.kind === 'refused' && sender.phase.refusal !== 'not-admitted') return;
      disconnect(turn, 'The certificate was renewed.');
      connect(turn);
      return;
    case 'stopped':
      disconnect(turn, event.reason);
      sender.phase = { kind: 'stopped' };
      sender.sentence = event.reason;
      return;
    default:
      return event satisfies never;
  }
}

function isUnderWay(lane: Lane, kind: 'loading' | 'delivering', request: number): boolean {
  return lane.activity.kind === kind && lane.activity.request === request;
}

function isConnected(sender: Sender): boolean {
  const { kind } = sender.phase;
  return kind === 'greeting' || kind === 'storing' || kind === 'ready';
}

function takeHello(turn: Turn, answer: HelloAnswer): void {
  const { sender } = turn;
  sender.helloUnanswered = false;
  if (answer.kind === 'refused') {
    disconnect(turn, answer.reason);
    // The upper half of the time is jitter, as in every wait here.
    const waitMs = backoffMs(0, { delayMsMin: sender.bounds.refusedRetryMs, delayMsMax: sender.bounds.refusedRetryMs }, turn.chance);
    sender.phase = { kind: 'refused', refusal: answer.refusal, untilMs: sender.clockMs + waitMs };
    sender.sentence = answer.reason;
    return;
  }
  for (const lane of lanesOf(sender)) agreeLane(turn, lane, answer.watermarks[lane.name]);
  storeSession(turn, answer.session);
}

function storeSession(turn: Turn, session: string): void {
  const request = nextRequest(turn.sender);
  turn.sender.phase = { kind: 'storing', session, request, retryMs: undefined };
  turn.effects.push({ kind: 'store', request, record: recordOf(turn.sender, session) });
}

function takeStored(turn: Turn, request: number): void {
  const { sender } = turn;
  if (sender.phase.kind === 'storing' && sender.phase.request === request) {
    sender.session = sender.phase.session;
    sender.phase = { kind: 'ready' };
    for (const lane of lanesOf(sender)) lane.shiftStored = lane.stream.shift;
    openCommands(turn);
    return;
  }
  for (const lane of lanesOf(sender)) {
    if (lane.activity.kind === 'storing' && lane.activity.request === request) laneStored(turn, lane, lane.activity.batches);
  }
}

function takeStoreFailed(turn: Turn, request: number, reason: string): void {
  const { sender } = turn;
  if (sender.phase.kind === 'storing' && sender.phase.request === request) {
    const waitMs = backoffMs(sender.failures, sender.bounds.backoff, turn.chance);
    sender.phase = { ...sender.phase, request: 0, retryMs: sender.clockMs + waitMs };
    sender.failures += 1;
    sender.sentence = reason;
    return;
  }
  for (const lane of lanesOf(sender)) {
    if (lane.activity.kind === 'storing' && lane.activity.request === request) failLane(turn, lane, reason);
  }
}

function takeDeliver(turn: Turn, event: Extract<SenderEvent, { kind: 'deliver-answered' | 'deliver-failed' }>): void {
  const { sender } = turn;
  const lane = sender.lanes[event.stream];
  if (!isUnderWay(lane, 'delivering', event.request)) return;
  if (event.kind === 'deliver-failed') return failLane(turn, lane, event.reason);
  const doubt = laneAnswered(turn, lane, event.answer);
  if (doubt !== undefined) return loseConnection(turn, doubt);
  if (lane.failures === 0) allIsWell(sender);
}

function takeCommands(turn: Turn, event: Extract<SenderEvent, { kind: 'commands-heard' | 'commands-ended' }>): void {
  const { sender } = turn;
  if (sender.phase.kind !== 'ready' || event.connection !== sender.connection || sender.commands.kind !== 'open') return;
  if (event.kind === 'commands-heard') {
    sender.commands = { kind: 'open', silentUntilMs: sender.clockMs + sender.bounds.commandSilenceMsMax };
    sender.commandFailures = 0;
    allIsWell(sender);
    return;
  }
  if (event.stale) return loseConnection(turn, event.reason);
  sender.commands = { kind: 'waiting', untilMs: sender.clockMs + backoffMs(sender.commandFailures, sender.bounds.backoff, turn.chance) };
  sender.commandFailures += 1;
  sender.sentence = event.reason;
}

function allIsWell(sender: Sender): void {
  sender.failures = 0;
  const laneInTrouble = lanesOf(sender).some((lane) => lane.failures > 0);
  if (!laneInTrouble && sender.commandFailures === 0) sender.sentence = undefined;
}

function openCommands(turn: Turn): void {
  const { sender } = turn;
  sender.commands = { kind: 'open', silentUntilMs: sender.clockMs + sender.bounds.commandSilenceMsMax };
  turn.effects.push({ kind: 'open-commands', connection: sender.connection, session: sender.session });
}

function connect(turn: Turn): void {
  const { sender } = turn;
  sender.connection += 1;
  sender.phase = { kind: 'greeting', deadlineMs: sender.clockMs + sender.bounds.helloMsMax };
  turn.effects.push({ kind: 'connect', connection: sender.connection });
  const { connection, epoch, session, helloUnanswered: again } = sender;
  turn.effects.push({ kind: 'hello', connection, epoch, session, again });
  sender.helloUnanswered = true;
}

function disconnect(turn: Turn, reason: string): void {
  const { sender } = turn;
  if (isConnected(sender)) turn.effects.push({ kind: 'disconnect', connection: sender.connection, reason });
  sender.commands = { kind: 'closed' };
  for (const lane of lanesOf(sender)) lane.activity = { kind: 'idle' };
}

function loseConnection(turn: Turn, reason: string): void {
  const { sender } = turn;
  if (!isConnected(sender)) return;
  disconnect(turn, reason);
  sender.phase = { kind: 'waiting', untilMs: sender.clockMs + backoffMs(sender.failures, sender.bounds.backoff, turn.chance) };
  sender.failures += 1;
  sender.sentence = reason;
}

function meetDeadlines(turn: Turn): void {
  const { sender } = turn;
  const now = sender.clockMs;
  const { phase, commands } = sender;
  if ((phase.kind === 'waiting' || phase.kind === 'refused') && phase.untilMs <= now) return connect(turn);
  if (phase.kind === 'greeting' && phase.deadlineMs <= now) return loseConnection(turn, 'The hub did not answer the hello in time.');
  if (phase.kind === 'storing' && phase.retryMs !== undefined && phase.retryMs <= now) return storeSession(turn, phase.session);
  if (phase.kind !== 'ready') return;
  for (const { activity, name } of lanesOf(sender)) {
    if (activity.kind === 'delivering' && activity.deadlineMs <= now) return loseConnection(turn, `The hub did not answer a ${name} delivery in time.`);
  }
  if (commands.kind === 'open' && commands.silentUntilMs <= now) return loseConnection(turn, 'The hub fell silent.');
  if (commands.kind === 'waiting' && commands.untilMs <= now) openCommands(turn);
}

function askForWake(turn: Turn): void {
  const { sender } = turn;
  const wakeMs = earliestDeadline(sender);
  if (wakeMs === undefined || wakeMs === sender.wakeMs) return;
  sender.wakeMs = wakeMs;
  turn.effects.push({ kind: 'wake', afterMs: Math.max(0, wakeMs - sender.clockMs) });
}

function earliestDeadline(sender: Sender): number | undefined {
  const deadlines: number[] = [];
  const { phase, commands } = sender;
  if (phase.kind === 'waiting' || phase.kind === 'refused') deadlines.push(phase.untilMs);
  if (phase.kind === 'greeting') deadlines.push(phase.deadlineMs);
  if (phase.kind === 'storing' && phase.retryMs !== undefined) deadlines.push(phase.retryMs);
  if (phase.kind === 'ready') {
    if (commands.kind === 'open') deadlines.push(commands.silentUntilMs);
    if (commands.kind === 'waiting') deadlines.push(commands.untilMs);
    for (const { activity } of lanesOf(sender)) {
      if (activity.kind === 'delivering') deadlines.push(activity.deadlineMs);
      if (activity.kind === 'waiting') deadlines.push(activity.untilMs);
    }
  }
  return deadlines.length === 0 ? undefined : Math.min(...deadlines);
}

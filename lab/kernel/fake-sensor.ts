/**
 * Stands in for the sensor at the loader's descriptors: takes commands as hex lines on a fifo, writes each reply as a
 * JSON line to a file, counts system calls, connections and the files that were opened (a line with all counts when they have changed), reads the rest
 * away and acknowledges nothing. Only for tests of the loader itself.
 */
import { appendFileSync, createReadStream, read, readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { addressText } from '@vedette/rules/address';
import { EventStream } from '@vedette/sensor/decode/stream';
import { effectMagic } from '@vedette/sensor/enforce/commands';

const [commands, replies] = process.argv.slice(2);
if (commands === undefined || replies === undefined) throw new Error('usage: fake-sensor.ts COMMANDS REPLIES');

const file = replies;
const seen: Record<string, number> = {};
const files: Record<string, number> = {};
const sockets: Record<string, number> = {};
let told = '';
const stream = new EventStream((event) => {
  if (event.kind === 'call') seen[event.call] = (seen[event.call] ?? 0) + 1;
  if (event.kind === 'open-read' || event.kind === 'open-write' || event.kind === 'map-exec') {
    const file = `${event.kind} ${event.path}`;
    files[file] = (files[file] ?? 0) + 1;
  }
  if (event.kind === 'connect' || event.kind === 'accept' || event.kind === 'listen') {
    const socket = `${event.kind} ${addressText(event.kind === 'connect' ? event.remoteAddress : event.localAddress)} ${event.kind === 'connect' ? event.remotePort : event.localPort}`;
    sockets[socket] = (sockets[socket] ?? 0) + 1;
  }
  const line = JSON.stringify({ seen, files, sockets });
  if (event.kind !== 'tick' || line === told) return;
  appendFileSync(file, `${line}\n`);
  told = line;
});

const status = Object.fromEntries(readFileSync('/proc/self/status', 'utf8').split('\n').map((line) => line.split(':\t') as [string, string]));
const buffer = Buffer.alloc(1 << 20);
let hasStarted = false;
function drain(): void {
  read(3, buffer, 0, buffer.length, null, (error, got) => {
    if (error !== null || got === 0) process.exit(0);
    // it speaks when its programs are attached, which can be later than this process is there
    if (!hasStarted) appendFileSync(file, `${JSON.stringify({ started: process.pid, status })}\n`);
    hasStarted = true;
    stream.feed(buffer.subarray(0, got));
    drain();
  });
}
drain();

const socket = new Socket({ fd: 4, readable: true, writable: true });
let rest = Buffer.alloc(0);
socket.on('data', (bytes: Buffer | string) => {
  rest = Buffer.concat([rest, Buffer.from(bytes)]);
  for (; rest.length >= 16; rest = rest.subarray(16)) {
    if (rest.readUInt32LE(0) === effectMagic) {
      const textBytes = rest.readUInt32LE(12);
      if (rest.length < 16 + textBytes) return;
      appendFileSync(replies, `${JSON.stringify({ id: rest.readUInt32LE(4), status: rest.readInt32LE(8), evidence: JSON.parse(rest.toString('utf8', 16, 16 + textBytes)) as unknown })}\n`);
      rest = rest.subarray(textBytes);
      continue;
    }
    appendFileSync(replies, `${JSON.stringify({ id: rest.readUInt32LE(4), status: rest.readInt32LE(8), refused: rest.readUInt32LE(12) })}\n`);
  }
});
createInterface({ input: createReadStream(commands) }).on('line', (line) => socket.write(Buffer.from(line, 'hex')));

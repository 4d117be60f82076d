/** `vedette join`: this host's sensor joins a hub with a one-time token and runs until told to stop. */
import { release } from 'node:os';
import { parseArgs } from 'node:util';
import { parseJoinToken } from '@vedette/link/transport/join-token';
import { hasJoined, keepJoinToken, sensorPart } from '../sensor-part.ts';
import { SensorWords } from '../sensor-words.ts';
import { prepareRoot, stateDirectory } from '../state-directory.ts';
import { complain, say, sayMarked, UsageError, wholeNumber, type CliCommand } from './command.ts';

export const join: CliCommand = {
  name: 'join',
  summary: "Run this host's sensor and join it to a hub",
  usage: 'vedette join TOKEN [--cgroup PATH] [--containerd-socket PATH] [--life-lines NAMES] [--canaries SECONDS]',
  details: `  TOKEN   from the console (Fleet → Add a host) or POST /api/v1/join-tokens; good for one sensor.
          Without a token a sensor that has joined before runs on.
  --canaries SECONDS  from one round of canaries to the next (180)`,
  examples: ['vedette join vdt1.aGVsbG8…', 'vedette join'],
  async run(args) {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { 'cgroup': { type: 'string' }, 'containerd-socket': { type: 'string', multiple: true }, 'life-lines': { type: 'string' }, 'canaries': { type: 'string' } },
      allowPositionals: true,
      strict: true,
    });
    const canarySeconds = wholeNumber(values.canaries, '--canaries', 1, 3600);
    const [token] = positionals;
    const state = stateDirectory();
    if (token === undefined && !hasJoined(state)) throw new UsageError('give the token that the console shows under Fleet → Add a host');
    const parsed = token === undefined ? null : parseJoinToken(token);
    if (parsed?.kind === 'refused') {
      complain(parsed.reason);
      return 2;
    }
    prepareRoot(state);
    const ended = Promise.withResolvers<number>();
    let isStopping = false;
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.once(signal, () => {
        isStopping = true;
        ended.resolve(0);
      });
    }
    const words = new SensorWords({ kernel: release(), logFile: `${state.root}/log/sensor.log`, withInfo: true });
    const part = await sensorPart({
      state,
      ...(token === undefined ? {} : { joinTokenFile: keepJoinToken(state, token) }),
      ...(values.cgroup === undefined ? {} : { cgroup: values.cgroup }),
      ...(values['containerd-socket'] === undefined ? {} : { containerdSockets: values['containerd-socket'] }),
      ...(values['life-lines'] === undefined ? {} : { lifeLines: values['life-lines'] }),
      ...(canarySeconds === undefined ? {} : { canarySeconds }),
      onLine: (line) => {
        const said = words.read(line);
        if (said !== null && !(isStopping && line.level === 'warn')) sayMarked(said.mark, said.text);
      },
      onGivenUp: (reason) => {
        complain(`The sensor does not run: ${reason}.`);
        ended.resolve(2);
      },
    });
    if (!isStopping) part.start();
    const code = await ended.promise;
    if (code === 0) say('\n  stopping');
    await part.stop();
    if (code === 0) say('  stopped');
    return code;
  },
};

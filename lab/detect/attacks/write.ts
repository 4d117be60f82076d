/** How actions are written down: in the container without a shell, in it by a shell, or on the host. */
import type { Action } from '../battery.ts';
import type { ContainerOptions, HostOptions } from '../scene.ts';

export type Expected = Pick<Action, 'own' | 'official' | 'note'>;

/** Done in the container, by one program that runc starts there; what comes before it is done there unseen. */
export function inside(tactic: string, name: string, command: readonly string[], expected: Expected, options: ContainerOptions & { readonly prepare?: string } = {}): Action {
  const { prepare, ...rest } = options;
  return {
    name, tactic, where: 'container', ...expected,
    ...(prepare === undefined ? {} : { prepare: async (scene) => void (await scene.prepareInContainer(prepare)) }),
    play: async (scene) => await scene.inContainer(command, rest),
  };
}

export function onHost(tactic: string, name: string, command: readonly string[], expected: Expected, options: HostOptions = {}): Action {
  return { name, tactic, where: 'host', ...expected, play: async (scene) => await scene.onHost(command.map((one) => (one === 'attack' ? scene.program : one)), options) };
}

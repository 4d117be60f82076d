/** `evt.arg.*` of executions, forks and ends of processes, and the names of users and directories as rules read them. */
import type { ExitEvent, ForkEvent } from '@vedette/model/event';
import type { HostFacts, RuleSubject } from './subject.ts';
import { cloneFlags, signalName } from './call-words.ts';
import { capabilityNames } from './kernel-words.ts';

const noLogin = 0xffffffff;

/** In a container the host's names mean nothing; only 0 is root wherever it is (a container with users of its own has no 0 here). */
export function userNameOf(host: HostFacts, subject: RuleSubject, uid: number): string | null {
  if (subject.container === null) return host.userName(uid);
  return uid === 0 ? 'root' : null;
}

export function directoryText(path: string): string {
  return path === '' || path.endsWith('/') ? path : `${path}/`;
}

export function executionArgument(host: HostFacts, subject: RuleSubject, name: string, raw: boolean): string | null {
  const { execution } = subject;
  switch (name) {
    case 'res':
      return raw ? '0' : 'SUCCESS';
    case 'filename':
      return execution.filename === '' ? execution.path : execution.filename;
    case 'exe':
      return execution.arguments[0] ?? null;
    case 'args':
      return execution.arguments.slice(1).join(' ');
    case 'cwd':
      return directoryText(execution.workingDirectory);
    case 'comm':
      return execution.command;
    case 'uid':
      return (raw ? null : userNameOf(host, subject, execution.uid)) ?? String(execution.uid);
    case 'gid':
      return String(execution.gid);
    case 'tty':
      return String(execution.terminal);
    case 'loginuid':
      return String(execution.loginUid === noLogin ? -1 : execution.loginUid);
    case 'cap_permitted':
      return capabilityNames(execution.capPermittedHigh, execution.capPermittedLow);
    case 'cap_effective':
      return capabilityNames(execution.capEffectiveHigh, execution.capEffectiveLow);
    default:
      return null;
  }
}

export function forkArgument(fork: ForkEvent, name: string, raw: boolean): string | null {
  if (name !== 'flags' || fork.cloneFlags === null) return null;
  return raw ? String(fork.cloneFlags) : cloneFlags(fork.cloneFlags);
}

export function exitArgument(exit: ExitEvent, name: string, raw: boolean): string | null {
  if (name === 'ret') return String(exit.exitCode);
  return name !== 'sig' ? null : raw ? String(exit.signal) : signalName(exit.signal);
}

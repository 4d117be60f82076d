/**
 * What a playbook's condition and messages may speak about: what happened (an incident, a violation, a verdict about where an image came from)
 * and where. A fact of another trigger is no fact here, so a condition that could never hold is refused when it is written.
 */
import { severities } from '@vedette/model/policy';
import type { TriggerKind } from '@vedette/model/playbook';
import { integrityKinds } from '@vedette/model/origin';
import { absent, known, unknown, type Fact, type FactEntry, type FactType, type FactValue, type Vocabulary } from './vocabulary.ts';

/** Text of facts by name; null: there is none; left out: not known. */
export type ResponseFacts = Readonly<Record<string, string | number | readonly string[] | null>>;

interface Described {
  readonly type?: FactType;
  readonly about: string;
  readonly words?: FactEntry<ResponseFacts>['words'];
}
const severity: Described = { about: 'critical, high, medium or low', words: { texts: severities, one: 'a severity', all: 'The severities are' } };

const ofTrigger: Readonly<Record<TriggerKind, Readonly<Record<string, Described>>>> = {
  incident: {
    'incident.id': { about: 'its number' },
    'incident.kind': { about: 'detection (of a rule) or verdict (of a policy)', words: { texts: ['detection', 'verdict'], one: 'a kind of incident', all: 'The kinds are' } },
    'incident.source': { about: 'the rule or policy' },
    'incident.rule': { about: 'the rule of the policy' },
    'incident.severity': severity,
    'incident.outcome': { about: 'what became of it', words: { texts: ['seen', 'killed', 'would-have-killed'], one: 'an outcome', all: 'The outcomes are' } },
    'incident.title': { about: 'one line' },
    'incident.summary': { about: 'what happened' },
    'incident.attack': { type: 'list<string>', about: 'techniques of ATT&CK' },
    'incident.count': { type: 'int', about: 'how often so far' },
  },
  violation: {
    'violation.id': { about: 'its number' },
    'violation.policy': { about: 'the policy' },
    'violation.rule': { about: 'the rule of the policy' },
    'violation.severity': severity,
    'violation.verdict': { about: 'violated, or unknown', words: { texts: ['violated', 'unknown'], one: 'a verdict', all: 'The verdicts are' } },
    'violation.mode': { about: 'shadow or enforce', words: { texts: ['shadow', 'enforce'], one: 'a mode', all: 'The modes are' } },
    'violation.reason': { about: 'what is wrong' },
  },
  integrity: {
    'integrity.kind': { about: 'which verdict', words: { texts: integrityKinds, one: 'a verdict', all: 'The verdicts are' } },
    'integrity.reason': { about: 'what is wrong' },
    'integrity.expected': { about: 'what was known before' },
    'integrity.found': { about: 'what is there now' },
  },
};

const ofPlace: Readonly<Record<string, Described>> = {
  'cluster.name': { about: 'the cluster, or hosts' },
  'node.name': { about: 'the host' },
  'workload.namespace': { about: 'empty outside of Kubernetes' },
  'workload.kind': { about: 'Deployment, StatefulSet …; empty outside of Kubernetes' },
  'workload.name': { about: 'the workload' },
  'pod.name': { about: 'empty outside of Kubernetes, or where it is several' },
  'container.id': { about: 'of the runtime' },
  'container.name': { about: 'the container' },
  'image.reference': { about: 'as it was named, with its tag' },
  'image.digest': { about: 'sha256:… of the platform\'s image' },
};

export const notKnownHere = 'the hub does not know it of this event';

function factOf(facts: ResponseFacts, name: string): Fact<FactValue> {
  const value = facts[name];
  if (value === undefined) return unknown(notKnownHere);
  return value === null ? absent : known(value);
}

export function responseVocabulary(trigger: TriggerKind): Vocabulary<ResponseFacts> {
  const all = { ...ofTrigger[trigger], ...ofPlace };
  return {
    roots: [trigger, 'cluster', 'node', 'workload', 'pod', 'container', 'image'],
    facts: Object.entries(all).map(([name, { type = 'string', about, words }]) => ({ name, type, about, ...(words === undefined ? {} : { words }), read: (facts: ResponseFacts) => factOf(facts, name) })),
    lists: [],
  };
}

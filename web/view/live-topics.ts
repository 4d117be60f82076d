/**
 * The live stream's words to what must be fetched again: which endpoints a topic touches. A message may name its
 * topics as the event's name, as a word or as JSON; anything else is ignored, since the reader fetches the truth anyway.
 */
import type { EndpointName, LiveTopic } from '@vedette/model/api/table';

const touched: Readonly<Record<LiveTopic, readonly EndpointName[]>> = {
  processes: ['listProcesses', 'listExecutions', 'listNodes'],
  containers: ['listContainers', 'getContainer', 'listContainerPackages', 'listNodes', 'risk'],
  incidents: ['listIncidents', 'getIncident', 'risk', 'listPolicies', 'getPolicy', 'listNoise'],
  violations: ['listViolations', 'getViolation', 'risk'],
  vulnerabilities: ['listVulnerabilities', 'getVulnerability', 'listContainerPackages', 'listContainers', 'getContainer', 'risk'],
  policies: ['listPolicies', 'getPolicy', 'explainPolicy'],
  sensors: ['listSensors', 'getSensor', 'listNodes', 'coverage', 'coverageDetail', 'risk', 'listPolicies', 'getPolicy'],
  clusters: ['listClusters', 'getCluster', 'listWorkloads', 'listPods', 'listNodes', 'coverage', 'risk'],
  posture: ['posture', 'listControls', 'getControl', 'listControlResults', 'listPostureChanges'],
  checks: ['listChecks', 'getCheck', 'explainPolicy'],
  exceptions: ['listExceptions', 'explainPolicy'],
  admissions: ['listAdmissions', 'listExecSessions', 'coverage'],
  advisories: ['listFeeds', 'listVulnerabilities', 'getVulnerability', 'risk', 'coverage', 'coverageDetail'],
  images: ['listImages', 'getImage', 'trace', 'listIntegrations', 'risk'],
  baselines: ['getBaseline', 'listBaselines'],
  rules: ['listRuleFiles', 'listNoise', 'noiseBudget', 'proposeExceptions'],
  responses: ['listResponses', 'getResponse', 'listPlaybooks', 'getPlaybook'],
};

export const topicNames = Object.keys(touched) as readonly LiveTopic[];

function isTopic(word: unknown): word is LiveTopic {
  return typeof word === 'string' && Object.hasOwn(touched, word);
}

export function topicsOf(eventName: string, data: string): readonly LiveTopic[] {
  if (isTopic(eventName)) return [eventName];
  if (isTopic(data)) return [data];
  if (data.length > 10_000) return [];
  try {
    const value: unknown = JSON.parse(data);
    if (isTopic(value)) return [value];
    const listed = Array.isArray(value) ? value : typeof value === 'object' && value !== null ? topicsIn(value) : [];
    return listed.filter(isTopic);
  } catch {
    return [];
  }
}

function topicsIn(value: object): readonly unknown[] {
  if ('topics' in value && Array.isArray(value.topics)) return value.topics;
  return 'topic' in value ? [value.topic] : [];
}

export function endpointsTouched(topics: Iterable<LiveTopic>): ReadonlySet<EndpointName> {
  return new Set([...topics].flatMap((topic) => touched[topic]));
}

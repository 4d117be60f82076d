/** The containers of a pod's specification → items with effective settings: what is not set at a container is taken from the pod, and then from the default of Kubernetes. */
import { imageParts } from '@vedette/rules/compile/transforms';
import { known, unknown, type Fact } from '../vocabulary.ts';
import { at, boolAt, listAt, mapAt, numberAt, textAt, textsAt, type Json } from './json.ts';
import type { Item } from './subject.ts';

/** Those that the baseline level lets a container add. */
const baselineCapabilities: ReadonlySet<string> = new Set([
  'AUDIT_WRITE', 'CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'MKNOD', 'NET_BIND_SERVICE', 'SETFCAP', 'SETGID', 'SETPCAP', 'SETUID', 'SYS_CHROOT',
]);
const secretName = /(?:^|_)(?:PASSWORD|PASSWD|SECRET|TOKEN|APIKEY|API_KEY|ACCESS_KEY|PRIVATE_KEY|CREDENTIALS?)(?:_|$)/i;
const secretNotOne = /_(?:FILE|PATH|NAME|URL|ENABLED)$/i;

const roles = [['containers', 'container'], ['initContainers', 'init'], ['ephemeralContainers', 'ephemeral']] as const;

export function containersOf(spec: Json, metadata: Json): Item[] {
  const writable = new Map(listAt(spec, 'volumes').filter((one) => at(one, 'hostPath') !== undefined).map((one) => [textAt(one, 'name'), textAt(one, 'hostPath', 'path')]));
  return roles.flatMap(([list, role]) => listAt(spec, list).map((one) => item(spec, metadata, one, role, writable)));
}

function item(spec: Json, metadata: Json, one: Json, role: string, hostPaths: ReadonlyMap<string, string>): Item {
  const context = at(one, 'securityContext');
  const pod = at(spec, 'securityContext');
  const image = textAt(one, 'image');
  const privileged = boolAt(context, 'privileged') ?? false;
  const added = textsAt(context, 'capabilities', 'add').map(capability);
  const name = textAt(one, 'name');
  return {
    sentence: `${role === 'container' ? 'container' : `${role} container`} ${name}`,
    facts: {
      name: known(name), image: known(image), role: known(role), privileged: known(privileged),
      mayEscalate: known(privileged || added.includes('SYS_ADMIN') || (boolAt(context, 'allowPrivilegeEscalation') ?? true)),
      runsAsRoot: runsAsRoot(context, pod), nonRootRequired: known(boolAt(context, 'runAsNonRoot') ?? boolAt(pod, 'runAsNonRoot') ?? false),
      writableRoot: known(!(boolAt(context, 'readOnlyRootFilesystem') ?? false)),
      capabilitiesAdded: known(added), capabilitiesDropped: known(textsAt(context, 'capabilities', 'drop').map(capability)),
      capabilitiesDangerous: known(added.filter((cap) => !baselineCapabilities.has(cap))),
      seccomp: known(textAt(context, 'seccompProfile', 'type') || textAt(pod, 'seccompProfile', 'type')), appArmor: known(appArmorOf(context, pod, metadata, name)),
      procMount: known(textAt(context, 'procMount')), hostProcess: known(boolAt(context, 'windowsOptions', 'hostProcess') ?? boolAt(pod, 'windowsOptions', 'hostProcess') ?? false),
      hostPorts: known(listAt(one, 'ports').flatMap((port) => hostPort(port))),
      memoryLimit: known(textAt(one, 'resources', 'limits', 'memory')), cpuLimit: known(textAt(one, 'resources', 'limits', 'cpu')), memoryRequest: known(textAt(one, 'resources', 'requests', 'memory')),
      livenessProbe: known(at(one, 'livenessProbe') !== undefined), readinessProbe: known(at(one, 'readinessProbe') !== undefined),
      secretsInEnvironment: known(listAt(one, 'env').some((env) => at(env, 'valueFrom', 'secretKeyRef') !== undefined) || listAt(one, 'envFrom').some((env) => at(env, 'secretRef') !== undefined)),
      secretNames: known(listAt(one, 'env').filter((env) => at(env, 'valueFrom') === undefined).map((env) => textAt(env, 'name')).filter((env) => secretName.test(env) && !secretNotOne.test(env))),
      pinned: known(image.includes('@sha256:')), tag: known(imageParts(image).tag ?? ''),
      mountsWritableHostPaths: known(listAt(one, 'volumeMounts').filter((mount) => boolAt(mount, 'readOnly') !== true).flatMap((mount) => hostPaths.get(textAt(mount, 'name')) ?? [])),
    },
  };
}

function capability(name: string): string {
  return name.toUpperCase().replace(/^CAP_/, '');
}

/** The API server of 1.30 and later writes fields; before, annotations. */
function appArmorOf(context: Json, pod: Json, metadata: Json, name: string): string {
  const field = textAt(context, 'appArmorProfile', 'type') || textAt(pod, 'appArmorProfile', 'type');
  if (field !== '') return field;
  const annotation = mapAt(metadata, 'annotations')[`container.apparmor.security.beta.kubernetes.io/${name}`] ?? '';
  return annotation === 'runtime/default' ? 'RuntimeDefault' : annotation === 'unconfined' ? 'Unconfined' : annotation.startsWith('localhost/') ? 'Localhost' : '';
}

function hostPort(port: Json): readonly string[] {
  const number = numberAt(port, 'hostPort') ?? 0;
  return number === 0 ? [] : [`${number}/${textAt(port, 'protocol') || 'TCP'}`];
}

function runsAsRoot(context: Json, pod: Json): Fact<boolean> {
  const user = numberAt(context, 'runAsUser') ?? numberAt(pod, 'runAsUser');
  if (user !== undefined) return known(user === 0);
  if ((boolAt(context, 'runAsNonRoot') ?? boolAt(pod, 'runAsNonRoot')) === true) return known(false);
  return unknown('no user is set, so the image decides, and what its configuration says is not joined here yet');
}

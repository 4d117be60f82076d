import assert from 'node:assert/strict';
import { test } from 'node:test';
import { containerOfCgroupPath } from './cgroup-name.ts';

const id = '4f1e'.repeat(16);
const other = 'a07b'.repeat(16);

/** path, container id, runtime. '-' is the host, '?' a container whose runtime the path does not say. */
const cases: [path: string, id: string, runtime: string][] = [
  // docker
  [`/docker/${id}`, id, 'docker'],
  [`/system.slice/docker-${id}.scope`, id, 'docker'],
  [`/docker/${id}/init.scope`, id, 'docker'],
  [`/user.slice/user-1000.slice/user@1000.service/user.slice/docker-${id}.scope`, id, 'docker'],
  // Kubernetes, both cgroup drivers, v1 and v2
  [`/kubepods/burstable/pod0e5a2b6e-77a1-4b1f-9f2c-1f0b6a6f6f0f/${id}`, id, '?'],
  [`/kubepods/pod0e5a2b6e-77a1-4b1f-9f2c-1f0b6a6f6f0f/${id}`, id, '?'],
  [`/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod0e5a2b6e.slice/cri-containerd-${id}.scope`, id, 'containerd'],
  [`/kubepods.slice/kubepods-pod0e5a2b6e.slice/crio-${id}.scope`, id, 'crio'],
  [`/system.slice/containerd.service/kubepods-burstable-pod0e5a.slice:cri-containerd:${id}`, id, 'containerd'],
  [`/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod1.slice/cri-containerd-${id}.scope/nested`, id, 'containerd'],
  // podman
  [`/machine.slice/libpod-${id}.scope`, id, 'podman'],
  [`/machine.slice/libpod-${id}.scope/container`, id, 'podman'],
  [`/libpod_parent/libpod-${id}`, id, 'podman'],
  [`/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${id}.scope/container`, id, 'podman'],
  [`/machine.slice/libpod-conmon-${id}.scope`, '-', ''],
  [`/kubepods.slice/crio-conmon-${id}.scope`, '-', ''],
  // a bare runc with systemd
  ['/system.slice/runc-my-container.scope', 'my-container', 'runc'],
  // a container in a container belongs to the outer one
  [`/docker/${id}/docker/${other}`, id, 'docker'],
  // the host
  ['/', '-', ''],
  ['', '-', ''],
  ['/system.slice/ssh.service', '-', ''],
  ['/user.slice/user-0.slice/session-3.scope', '-', ''],
  ['/init.scope', '-', ''],
  ['/kubepods/burstable', '-', ''],
  ['/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod0e5a2b6e_77a1_4b1f_9f2c_1f0b6a6f6f0f.slice', '-', ''],
  // 32 hex digits are no container, nor are 63 or 65
  [`/process/${id.slice(0, 32)}`, '-', ''],
  [`/system.slice/run-${id.slice(0, 32)}.scope`, '-', ''],
  [`/x/${id.slice(0, 63)}`, '-', ''],
  [`/x/${id}0`, '-', ''],
  [`/x/${id.toUpperCase()}`, '-', ''],
  [`/system.slice/docker-${id.slice(0, 32)}.scope`, '-', ''],
  ['/system.slice/docker.service', '-', ''],
  ['/machine.slice/libpod-.scope', '-', ''],
];

for (const [path, expected, runtime] of cases) {
  test(`${path || '(empty)'} is ${expected === '-' ? 'the host' : expected.slice(0, 12)}`, () => {
    const found = containerOfCgroupPath(path);
    assert.equal(found?.id ?? '-', expected);
    if (found !== null) {
      assert.equal(found.runtime ?? '?', runtime);
      assert.ok(path.startsWith(found.ownPath));
      assert.ok(found.ownPath.includes(expected.slice(0, 8)));
    }
  });
}

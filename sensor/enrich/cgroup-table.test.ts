import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CgroupEvent } from '@vedette/model/event';
import { CgroupTable } from './cgroup-table.ts';

const id = 'c0de'.repeat(16);

function create(path: string, cgroup: number, parentCgroup: number, more: Partial<CgroupEvent> = {}): CgroupEvent {
  return {
    kind: 'cgroup-create', timeBootNs: 10, tgid: 1, tid: 1, startBootNs: 1, execId: 1, uid: 0, cgroupV1: 1, cgroupV2: -1,
    cgroup, parentCgroup, path, command: 'systemd', takenForContainer: false, presentAtStart: false, ...more,
  };
}

test('a container is known by either hierarchy from its creation on, and gone with its last cgroup', () => {
  const table = new CgroupTable();
  const made = table.created(create(`/docker/${id}`, 17, 8, { takenForContainer: true, command: 'runc' }));
  assert.equal(made?.id, id);
  assert.equal(made?.createdBootNs, 10);
  assert.equal(table.created(create(`/docker/${id}`, -44, -25, { takenForContainer: true })), null, 'the second hierarchy is the same container');
  assert.equal(table.containerOf(17, -1)?.id, id);
  assert.equal(table.containerOf(1, -44)?.id, id);
  assert.equal(table.containerOf(1, -1), null, 'the roots are the host');
  assert.equal(table.containerOf(99, -99), undefined, 'an unknown key is not the host');
  assert.equal(table.removed(17), null);
  assert.equal(table.removed(-44)?.id, id);
  assert.equal(table.container(id), null);
});

test('a cgroup made inside a container belongs to it', () => {
  const table = new CgroupTable();
  table.created(create(`/docker/${id}`, 17, 8));
  table.created(create(`/docker/${id}/init.scope`, 18, 17));
  table.created(create(`/docker/${id}/${'beef'.repeat(16)}`, 19, 17));
  assert.equal(table.containerOf(18, 0)?.id, id);
  assert.equal(table.containerOf(19, 0)?.id, id, 'a container in a container is part of the outer one');
});

test('directories that a runtime makes on its way are no containers', () => {
  const table = new CgroupTable();
  const byRunc = { takenForContainer: true, command: 'runc' };
  table.created(create('/lab', 8, 1, byRunc));
  const web = table.created(create('/lab/web', 17, 8, byRunc));
  assert.equal(web?.id, 'web');
  assert.deepEqual(table.takeDisclaimed(), [8]);
  assert.equal(table.containerOf(8, 0), null);
  assert.equal(table.containerOf(17, 0)?.id, 'web');
  assert.equal(table.created(create('/lab/second', 20, 8, byRunc))?.id, 'second');
});

test('a name that a person chose is found through the runtime state when it was there before', () => {
  const table = new CgroupTable();
  const before = create('/lab/web', 17, 8, { presentAtStart: true });
  assert.equal(table.created(before, { id: 'web', runtime: 'runc' })?.createdBootNs, null, 'its start was not seen');
  assert.equal(table.containerOf(17, 0)?.runtime, 'runc');
  assert.equal(new CgroupTable().created(before), null, 'without that state the path alone says nothing');
});

/**
 * How long the chain of a running process takes from stored facts: a real hub with PostgreSQL, filled as a fleet of 200 hosts would fill it (40,000 live
 * processes, 4,000 containers of 1,000 images, each with its facts), asked over HTTP for random processes one after another.
 */
import { sampleHub, type SampleHub } from '@vedette/hub/hub-sample';
import { sampleSensor } from '@vedette/hub/sensor-sample';
import { percentile, type LabReport } from '../report.ts';

const hosts = 200;
const asked = 300;

/** The rows that sensors and registries would have left, by what stands in the tables. */
async function fill(hub: SampleHub): Promise<void> {
  await sampleSensor(hub.database, { hostname: 'host-0' });
  const run = async (sql: string): Promise<void> => void (await hub.database.query(sql));
  await run(`insert into node (id, cluster_id, hostname, kernel, architecture, distribution, boot_id, machine_id, joined_at, cgroup_mode)
    select gen_random_uuid(), c.id, 'bench-' || n, '6.18', 'x86_64', 'Debian', gen_random_uuid()::text, 'm', now(), 'v2' from cluster c, generate_series(1, ${hosts}) n`);
  await run("insert into image (digest) select 'sha256:' || lpad(to_hex(i), 64, '0') from generate_series(1, 1000) i on conflict do nothing");
  await run(`insert into workload (cluster_id, node_id, namespace, name) select n.cluster_id, n.id, 'bench', 'w' || k from node n, generate_series(1, 20) k where n.hostname like 'bench-%'`);
  await run(`insert into container (cluster_id, node_id, container_id, workload_id, image_id, boot_id, runtime, identity, name, image_name, platform_digest, labels, mounts, privileged, started_at, seen_from_start)
    select w.cluster_id, w.node_id, lpad(to_hex(w.id), 64, '0'), w.id, i.id, n.boot_id, 'containerd', 'known', w.name, 'r.example/team/app' || i.id || ':1', i.digest, '{}', '[]', false, now(), true
      from workload w join node n on n.id = w.node_id join image i on i.id = 1 + w.id % 1000 where w.namespace = 'bench'`);
  await run(`insert into process_live (cluster_id, node_id, boot_id, tgid, start_ns, exec_id, path, arguments, arguments_truncated, uid, command, container_id, has_terminal, origin, executed_ns, started_at, started_before_sensor)
    select k.cluster_id, k.node_id, k.boot_id, k.id * 10 + p, 1000000000, 1, '/usr/bin/app', '{app}', false, 0, 'app', k.container_id, false, 'image', 1000000000, now(), false from container k, generate_series(0, 9) p where k.image_name like 'r.example/%'`);
  await run(`insert into origin_image (reference, digest, platform, wanted_at, next_at, asked_at, digests)
    select distinct image_name, platform_digest, 'linux/amd64', now(), now() + interval '1 day', now(), array[platform_digest] from container where image_name like 'r.example/%'`);
  await run('insert into origin_name (name, digest, image_id) select reference, digest, id from origin_image');
  await run(`insert into origin_fact (image_id, station, source_kind, source_name, answer, confidence, learned_at)
    select o.id, s.station, s.kind, 'r.example', jsonb_build_object('state', 'known', 'value', jsonb_build_object('text', s.station || ' of ' || o.id, 'names', jsonb_build_object('revision', jsonb_build_array('abcdef1')), 'details', jsonb_build_object('a', 'b'))), 'recorded', now()
      from origin_image o, (values ('layer', 'registry'), ('image', 'registry'), ('registry', 'registry'), ('registry', 'artifactory'), ('build', 'build-info'), ('commit', 'build-info'), ('commit', 'image-config'), ('signer', 'signature')) s(station, kind)`);
  await run(`insert into origin_verdict (image_id, kind, state, sentence, since, checked_at) select o.id, k, 'holds', 'it holds', now(), now() from origin_image o, unnest(array['tag-moved', 'missing-in-registry', 'unknown-digest', 'unsigned', 'signature-failed', 'untrusted-registry']) k`);
  await run('analyze');
}

export async function traceCost(report: LabReport): Promise<void> {
  report.say('Trace of a running process from stored facts');
  const hub = await sampleHub({ origin: { everyMinutes: 10_000 } });
  try {
    await fill(hub);
    const token = await hub.tokenFor('viewer');
    const { rows } = await hub.database.query(`select p.boot_id, p.tgid from process_live p order by random() limit ${asked}`);
    const times: number[] = [];
    for (const { boot_id: boot, tgid } of rows as { boot_id: string; tgid: number }[]) {
      const begun = performance.now();
      const answer = await hub.ask('GET', `/api/v1/trace?boot=${boot}&pid=${tgid}&startTicks=100`, { token });
      times.push(performance.now() - begun);
      if (answer.status !== 200) throw new Error(`the hub answers with ${answer.status}: ${answer.text}`);
    }
    report.figure('processes that were traced, of as many', `${times.length} of ${(await hub.database.query('select 1 from process_live')).rowCount}`);
    report.figure('half of them, 99 of 100, the worst: ms', [0.5, 0.99, 1].map((part) => percentile(times, part).toFixed(1)).join(', '));
    report.aim('ms for the trace of a running process, 99 of 100', 50, Number(percentile(times, 0.99).toFixed(1)));
  } finally {
    await hub.end();
  }
}

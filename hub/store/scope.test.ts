/**
 * Holds the rule of tenancy mechanically: a function that reads placed rows takes a Scope as its second argument and
 * uses it. Placed tables are those whose `create table` has a cluster_id; a read is an exported function whose SQL has
 * `from` or `join` (or `returning`) on one. Where a placed table has a namespace, or names the container or workload that
 * has one, the namespace is compared too. The exceptions are named here with their reason. The test also shows that it
 * would fail. The placing itself is tested as a table: which rows are in which scope.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { everything, nothing, type Scope } from '@vedette/model/access';
import { placesIn } from './scope.ts';

const folder = import.meta.dirname;

/** Exported functions that read placed rows for the hub itself: nothing of it is answered to a person. */
const ofTheHub: Record<string, string> = {
  'access.ts personNamed': 'signs people in; a person is not placed',
  'access.ts sessionBy': 'finds the caller, and so the scope itself',
  'access.ts tokenBy': 'finds the caller, and so the scope itself',
  'access.ts listTokens': 'tokens are not placed; the API refuses it to callers who may not see everything',
  'access.ts revokeToken': 'tokens are not placed; the API refuses it to callers who may not see everything',
  'access.ts setIncident': 'writes a row that lockIncident found in scope, in the same transaction',
  'read-fleet.ts canaryReports': 'for the log and the metrics of the hub',
  'coverage.ts lastCanaries': 'of the sensor that speaks',
  'fleet.ts speakingSensor': 'the sensor that speaks, by its certificate',
  'fleet.ts lockSpeakingSensor': 'the sensor that speaks, by its certificate',
  'fleet.ts usualArchitecture': 'the cluster of the part that asks',
  'fleet.ts useJoinToken': 'whoever joins has only the token',
  'fleet.ts clusterNamed': 'used by join tokens after the scope was asked',
  'clusters.ts lockCluster': 'the cluster of the token that is used',
  'clusters.ts lockClusterOfUid': 'the cluster that is joining, by its own word',
  'clusters.ts hasNodes': 'the cluster of the token that is used',
  'clusters.ts identifyCluster': 'writes, answers nothing',
  'clusters.ts moveJoinToken': 'writes, answers nothing',
  'clusters.ts retireClusterParts': 'in the cluster of the part that joins',
  'clusters.ts nodeOfKubernetes': 'in the cluster of the part that vouches',
  'clusters.ts clusterOfPart': 'the cluster part that speaks, by its certificate',
  'clusters.ts isSensorOf': 'in the cluster of the part that speaks',
  'intake.ts lockWatermark': 'the stream of the sensor that speaks',
  'intake.ts watermarksOf': 'the streams of the sensor that speaks',
  'intake.ts keepRejectedBatch': 'trims its own table',
  'processes.ts endProcesses': 'the node of the sensor that speaks',
  'processes.ts addProcesses': 'the node of the sensor that speaks',
  'processes.ts keepOnlyProcesses': 'the node of the sensor that speaks',
  'processes.ts endProcessesOfOtherBoots': 'the node of the sensor that speaks',
  'processes.ts processesHeld': 'the node of the sensor that speaks',
  'containers.ts workloadOf': 'in the cluster of the sensor that speaks',
  'containers.ts lockContainer': 'on the node of the sensor that speaks',
  'containers.ts lockContainers': 'on the node of the sensor that speaks',
  'containers.ts putContainer': 'on the node of the sensor that speaks',
  'containers.ts containersLiving': 'on the node of the sensor that speaks',
  'containers.ts endContainersOfOtherBoots': 'on the node of the sensor that speaks',
  'containers.ts namespacesOfContainers': 'tells the live stream whom a change concerns',
  'containers.ts retireNode': 'of a sensor that was removed by who may see it',
  'containers.ts closeRunIfEmpty': 'of a container of the sensor that speaks',
  'containers.ts podWithoutOwner': 'of a container of the sensor that speaks',
  'baseline-watches.ts putWatch': 'of a container of the sensor that speaks',
  'baseline-watches.ts watchedOnNode': 'on the node of the sensor that speaks',
  'baselines.ts lockBaseline': 'of a container of the sensor that speaks',
  'baselines.ts uniteBehaviours': 'of a baseline that lockBaseline found for the sensor that speaks',
  'baselines.ts acceptBehaviours': 'of a baseline that lockBaselineById found in scope, in the same transaction',
  'baselines.ts replaceBehaviours': 'of a baseline that lockBaselineById found in scope, in the same transaction',
  'baselines.ts endLearning': 'the rule of the hub; whom a change concerns is told by place',
  'baselines.ts baselinesInForce': 'of the cluster and node of the sensor that listens',
  'inventories.ts setImageInventory': 'compares the cluster of the sensor that speaks',
  'inventories.ts takeImageInventory': 'compares the cluster of the sensor that speaks',
  'inventories.ts inventoryNamed': 'compares the cluster of the sensor that speaks',
  'loading.ts loadIntoRun': 'of a container of the sensor that speaks',
  'loading.ts setRunInventory': 'of a container of the sensor that speaks',
  'findings.ts addFindings': 'on the node of the sensor that speaks',
  'noise.ts countHours': 'writes, answers nothing',
  'noise.ts foldDetections': 'of an incident of the sensor that speaks',
  'cluster-objects.ts currentList': 'the cluster of the part that speaks',
  'cluster-objects.ts putObjects': 'the cluster of the part that speaks',
  'cluster-objects.ts removeObjects': 'the cluster of the part that speaks',
  'cluster-objects.ts endList': 'the cluster of the part that speaks',
  'cluster-objects.ts countObjects': 'the cluster of the part that speaks',
  'pods.ts removePods': 'the cluster of the part that speaks',
  'pods.ts dropPodsWithoutObject': 'the cluster of the part that speaks',
  'coverage.ts putCoverage': 'the sensor that speaks',
  'coverage.ts extendIntervals': 'the sensor that speaks',
  'assessing.ts inventoriesTouched': 'assess works for the whole hub',
  'assessing.ts queueWorkloadsRunning': 'assess works for the whole hub',
  'assessing-runs.ts openRunsOf': 'assess works for the whole hub',
  'assessing-runs.ts placesOf': 'assess works for the whole hub',
  'assessing-runs.ts queuePlaces': 'assess works for the whole hub',
  'assessing-runs.ts queuedPlaces': 'assess works for the whole hub',
  'assessing-runs.ts takePlace': 'assess works for the whole hub',
  'assessing-runs.ts rebuildPlace': 'assess works for the whole hub; writes rows keyed by cluster',
  'assessing-runs.ts putRunJudgements': 'writes, answers nothing',
  'image-knowledge.ts imageByDigest': 'facts of an image for decisions of the hub; names no place',
  'admissions.ts putAdmission': 'writes, answers nothing',
  'admissions.ts putExecSession': 'writes, answers nothing',
  'violations.ts queueImagesOf': 'assess works for the whole hub',
  'violations.ts queueImagesByDigest': 'trace works for the whole hub; writes, answers nothing',
  'violations.ts queueAllImages': 'assess works for the whole hub',
  'violations.ts takeQueuedImages': 'assess works for the whole hub',
  'violations.ts putViolations': 'assess works for the whole hub; writes rows keyed by cluster',
  'violations.ts bannedImages': 'of the cluster of the sensor that listens',
  'origin.ts unnamedImages': 'trace works for the whole hub: images have no place',
  'origin.ts dueImages': 'trace works for the whole hub: images have no place',
  'origin.ts removeUnwantedImages': 'removes, answers nothing but a number',
  'response-events.ts responseEvents': 'respond works for the whole hub: what playbooks answer to',
  'responses.ts addResponseRun': 'writes a run of an event that was found in scope, or by the hub itself',
  'responses.ts countResponseRuns': 'a limit of the hub, answered to nobody',
  'responses.ts openResponseRuns': 'respond works for the whole hub',
  'responses.ts lockResponseRun': 'respond works for the whole hub; people’s changes come after responseById found it in scope',
  'responses.ts effectsAskedOf': 'of the sensor or cluster part that listens',
  'responses.ts reportResponseEffect': 'of the sensor or cluster part that reports',
  'counts.ts addExecutions': 'writes, answers nothing',
  'counts.ts addFlows': 'writes, answers nothing',
  'fleet.ts touchSensors': 'writes, answers nothing',
  'fleet.ts storeNodeFacts': 'writes, answers nothing',
  'posture.ts posturePlaces': 'assess works for the whole hub',
  'posture.ts postureObjects': 'assess works for the whole hub',
  'posture.ts postureHosts': 'assess works for the whole hub',
  'posture.ts putResults': 'assess works for the whole hub; writes rows keyed by cluster',
  'posture.ts putEvaluation': 'writes, answers nothing',
  'posture.ts recountDay': 'assess works for the whole hub; writes rows keyed by cluster',
  'posture.ts removeOldPosture': 'removes, answers nothing',
  'retention.ts removeOutdated': 'removes, answers nothing but a number',
};

/** Columns by table, as the migrations make them. */
function tableColumns(): Map<string, Set<string>> {
  const tables = new Map<string, Set<string>>();
  for (const file of readdirSync(path.join(folder, 'migrations')).sort()) {
    const sql = readFileSync(path.join(folder, 'migrations', file), 'utf8');
    for (const [, name = '', body = ''] of sql.matchAll(/create table (\w+) \(([\s\S]*?)\n\)/g)) tables.set(name, new Set([...body.matchAll(/^\s+(\w+)\s/gm)].map(([, column = '']) => column)));
    for (const [, name = '', column = ''] of sql.matchAll(/alter table (\w+) add column (?:if not exists )?(\w+)/g)) tables.get(name)?.add(column);
  }
  return tables;
}

/** Tables with a cluster, and the cluster's own. */
function placedTables(): Set<string> {
  return new Set(['cluster', ...[...tableColumns()].filter(([, columns]) => columns.has('cluster_id')).map(([name]) => name)]);
}

const namespaceColumns = ['namespace', 'pod_namespace', 'container_id', 'container_pk', 'workload_id', 'run_id', 'incident_id'];

/** Placed tables whose rows have a namespace, or belong to what has one. */
function namespacedTables(): Set<string> {
  return new Set([...tableColumns()].filter(([, columns]) => columns.has('cluster_id') && namespaceColumns.some((column) => columns.has(column))).map(([name]) => name));
}

interface ExportedFunction {
  readonly name: string;
  readonly parameters: string;
  readonly body: string;
}

/** Exported functions of a file; what private functions and constants of the file hold counts for whoever names them. */
function exportedFunctions(source: string): ExportedFunction[] {
  const pieces = new Map<string, string>();
  for (const match of source.matchAll(/^(?:export )?(?:async )?(?:function\*? (\w+)|const (\w+)[^=]*=)[\s\S]*?(?=^(?:export |async |function |const |interface |type |class |\/\*\*)|(?![\s\S]))/gm)) {
    pieces.set(match[1] ?? match[2] ?? '', match[0]);
  }
  const whole = (name: string, seen: Set<string>): string => {
    const piece = pieces.get(name) ?? '';
    seen.add(name);
    let text = piece;
    for (const other of pieces.keys()) {
      if (!seen.has(other) && new RegExp(`\\b${other}\\b`).test(piece)) text += `\n${whole(other, seen)}`;
    }
    return text;
  };
  return [...source.matchAll(/^export (?:async )?function (\w+)(?:<[^(]*>)?\(([\s\S]*?)\)(?:: [^\n]*)? \{$/gm)].map(([, name = '', parameters = '']) => ({ name, parameters, body: whole(name, new Set()) }));
}

function readsPlaced(body: string, placed: ReadonlySet<string>): boolean {
  for (const [, table = ''] of body.matchAll(/\b(?:from|join|using|update|into)\s+(\w+)/g)) {
    if (!placed.has(table)) continue;
    if (/\b(?:from|join|using)\s/.test(body) || /\breturning\b/.test(body)) return true;
  }
  return false;
}

/** Tables with a namespace of which only the cluster is compared. The table of an alias is the one it was last given to before. */
function comparedByClusterOnly(body: string, namespaced: ReadonlySet<string>): string[] {
  const found: string[] = [];
  for (const call of body.matchAll(/inScope\('(?:(\w+)\.)?\w+'\)/g)) {
    const alias = call[1];
    const named = alias === undefined ? /\b(?:from|join|update)\s+(\w+)/g : new RegExp(`\\b(?:from|join|update)\\s+(\\w+)\\s+(?:as\\s+)?${alias}\\b`, 'g');
    const before = [...body.slice(0, call.index).matchAll(named)].at(-1) ?? [...body.matchAll(named)].at(0);
    const table = before?.[1] ?? '?';
    if (namespaced.has(table)) found.push(table);
  }
  return found;
}

/** What is wrong with a file, as sentences. */
function faults(file: string, source: string, placed: ReadonlySet<string>, excepted: Readonly<Record<string, string>>, namespaced: ReadonlySet<string> = new Set()): string[] {
  const found: string[] = [];
  for (const one of exportedFunctions(source)) {
    if (!readsPlaced(one.body, placed) || excepted[`${file} ${one.name}`] !== undefined) continue;
    const second = one.parameters.split(',')[1]?.trim() ?? '';
    if (!second.startsWith('scope: Scope')) found.push(`${file}: ${one.name} reads placed rows without a scope`);
    else if (!one.body.includes('inScope(')) found.push(`${file}: ${one.name} takes a scope and compares nothing with it`);
    else if (!one.body.includes('placesIn(scope)') && !/\(scope, filter\)/.test(one.body)) found.push(`${file}: ${one.name} does not hand its scope to the query`);
    for (const table of comparedByClusterOnly(one.body, namespaced)) found.push(`${file}: ${one.name} compares only the cluster of ${table}, which has a namespace`);
  }
  return found;
}

function storeFiles(): string[] {
  return readdirSync(folder).filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && name !== 'scratch.ts' && name !== 'scope.ts'); // scope.ts gives the comparison and asks nothing
}

test('every read of placed rows takes a scope and uses it', () => {
  const placed = placedTables();
  assert.ok(placed.has('run') && placed.has('event') && placed.has('incident') && !placed.has('package'), [...placed].join(' '));
  const found = storeFiles().flatMap((file) => faults(file, readFileSync(path.join(folder, file), 'utf8'), placed, ofTheHub, namespacedTables()));
  assert.deepEqual(found, []);
});

test('the reads that people use are recognised as reads of placed rows', () => {
  const placed = placedTables();
  const scoped = storeFiles()
    .filter((file) => file.startsWith('read-'))
    .flatMap((file) => exportedFunctions(readFileSync(path.join(folder, file), 'utf8')).map((one) => ({ file, ...one })));
  assert.ok(scoped.length > 30, `${scoped.length} reads`);
  const unrecognised = scoped.filter((one) => !readsPlaced(one.body, placed)).map((one) => one.name);
  assert.deepEqual(unrecognised.sort(), ['executionPolicySet', 'policySet', 'ruleSet']);
});

test('a read without a scope, or with one that it does not use, is found', () => {
  const placed = new Set(['run']);
  const without = "export async function allRuns(db: Db): Promise<Row[]> {\n  return rows(db, Row, 'select * from run');\n}\n";
  const unused = "export async function someRuns(db: Db, scope: Scope): Promise<Row[]> {\n  return rows(db, Row, 'select * from run', [placesIn(scope)]);\n}\n";
  const hidden = "const query = 'select * from run r';\n\nexport async function hidden(db: Db): Promise<Row[]> {\n  return rows(db, Row, query);\n}\n";
  assert.deepEqual(faults('x.ts', without + unused + hidden, placed, {}), [
    'x.ts: allRuns reads placed rows without a scope',
    'x.ts: someRuns takes a scope and compares nothing with it',
    'x.ts: hidden reads placed rows without a scope',
  ]);
});

test('a read that compares only the cluster of what has a namespace is found', () => {
  const some = "export async function someRuns(db: Db, scope: Scope): Promise<Row[]> {\n  return rows(db, Row, `select * from run r join node n on true where ${inScope('r.cluster_id')}`, [placesIn(scope)]);\n}\n";
  const bare = "export async function bareRuns(db: Db, scope: Scope): Promise<Row[]> {\n  return rows(db, Row, `select * from run where ${inScope('cluster_id')}`, [placesIn(scope)]);\n}\n";
  const right = "export async function nodes(db: Db, scope: Scope): Promise<Row[]> {\n  return rows(db, Row, `select * from run r join node n on true where ${inScope('n.cluster_id')} and ${inScope('r.cluster_id', 'w.namespace')}`, [placesIn(scope)]);\n}\n";
  assert.deepEqual(faults('x.ts', some + bare + right, new Set(['run', 'node']), {}, new Set(['run'])), [
    'x.ts: someRuns compares only the cluster of run, which has a namespace',
    'x.ts: bareRuns compares only the cluster of run, which has a namespace',
  ]);
  const namespaced = namespacedTables();
  for (const table of ['container', 'run', 'incident', 'event', 'event_hour', 'process_live', 'execution_hour', 'flow', 'vuln_place', 'workload', 'audit']) assert.ok(namespaced.has(table), table);
  for (const table of ['node', 'sensor', 'coverage_gap', 'package']) assert.ok(!namespaced.has(table), table);
});

test('a scope as the query gets it', () => {
  const cases: [scope: Scope, argument: string | null][] = [
    [everything, null],
    [nothing, '{"whole":[],"part":[],"namespaces":[]}'],
    [{ kind: 'places', places: [{ cluster: 'a', namespaces: 'all' }, { cluster: 'b', namespaces: ['shop', 'pay'] }] }, '{"whole":["a"],"part":["b"],"namespaces":["b/shop","b/pay"]}'],
    // The namespace of what has none is the empty word: nobody is given it.
    [{ kind: 'places', places: [{ cluster: 'b', namespaces: [''] }, { cluster: 'c', namespaces: [] }] }, '{"whole":[],"part":[],"namespaces":[]}'],
  ];
  for (const [scope, argument] of cases) assert.equal(placesIn(scope), argument);
});

test('exceptions that are none any more are named', () => {
  const placed = placedTables();
  for (const key of Object.keys(ofTheHub)) {
    const [file = '', name = ''] = key.split(' ');
    const one = exportedFunctions(readFileSync(path.join(folder, file), 'utf8')).find((found) => found.name === name);
    assert.ok(one !== undefined, `${key} does not exist`);
  }
  assert.ok(placed.size > 15);
});

/** What people read: hosts, containers, processes, executions, vulnerabilities, risk. Every read carries the caller's scope. */
import { Problem } from '@vedette/model/problem';
import { z } from 'zod';
import { countContainerPackages, countContainers, containerById, containerPackages, listContainers, observationOf, type ContainerShape } from '../store/read-containers.ts';
import { countNodes, listNodes } from '../store/read-fleet.ts';
import { countProcesses, listExecutions, listProcesses, sumExecutions } from '../store/read-processes.ts';
import { countVulnerabilities, facetsOfContainerVulnerabilities, facetsOfVulnerabilities, listVulnerabilities, listVulnerabilitiesOfContainer } from '../store/read-vulnerabilities.ts';
import type { Scope } from '@vedette/model/access';
import { cursorInteger, cursorText, cursorTime, cursorUuid, decodeCursor, pageOf } from './cursor.ts';
import type { Doors, Handlers } from './doors.ts';
import { containerView, executionCountView, nodeView, packageView, processView, unloadedOf, vulnerabilityFacetsView, vulnerabilityView } from './views.ts';

type Reading =
  | 'risk' | 'coverage' | 'coverageDetail' | 'listNodes' | 'listContainers' | 'getContainer' | 'listContainerPackages' | 'listProcesses' | 'listExecutions' | 'listVulnerabilities' | 'getVulnerability' | 'listFeeds';

const NodeCursor = z.tuple([cursorText, cursorText]);
const ContainerCursor = z.tuple([cursorTime, cursorInteger]);
const PackageCursor = z.tuple([cursorInteger]);
const ProcessCursor = z.tuple([cursorTime, cursorUuid, cursorInteger, z.string().regex(/^\d{1,19}$/), cursorInteger]);
const ExecutionCursor = z.tuple([cursorTime, cursorUuid, z.string().regex(/^[0-9a-f]{64}$/), z.iso.date()]);
const VulnerabilityCursor = z.tuple([z.number(), cursorInteger]);

export function readingHandlers(doors: Doors): Handlers<Reading> {
  const { database, assess, now } = doors;
  const container = async (scope: Scope, id: string): Promise<ContainerShape> => {
    const found = await containerById(database, scope, id);
    if (found === undefined) throw new Problem('not-found');
    return found;
  };
  return {
    risk: ({ caller }) => assess.riskSummary(caller.scope),
    coverage: ({ caller }) => assess.coverage(caller.scope),
    coverageDetail: ({ caller }) => assess.coverageDetail(caller.scope),
    listFeeds: async () => assess.feeds(),
    async listNodes({ caller, query }) {
      const after = decodeCursor(query.cursor, NodeCursor);
      const page = { after: after && { hostname: after[0], id: after[1] }, limit: query.limit + 1 };
      const [rows, total] = await Promise.all([listNodes(database, caller.scope, query, page, now()), countNodes(database, caller.scope, query)]);
      return pageOf(rows, query.limit, nodeView, (row) => [row.hostname, row.id], total);
    },
    async listContainers({ caller, query }) {
      const after = decodeCursor(query.cursor, ContainerCursor);
      const filter = { node: query.node, image: query.image, search: query.search, ended: query.ended === 'include', sandboxes: query.sandboxes };
      const page = { after: after && { startedAt: after[0], pk: after[1] }, limit: query.limit + 1 };
      const [rows, total] = await Promise.all([listContainers(database, caller.scope, filter, page), countContainers(database, caller.scope, filter)]);
      return pageOf(rows, query.limit, containerView, (row) => [row.started_at.toISOString(), row.pk], total);
    },
    async getContainer({ caller, params }) {
      return containerView(await container(caller.scope, params.id));
    },
    listContainerPackages: async ({ caller, params, query }) => packagesOf(doors, caller.scope, await container(caller.scope, params.id), query),
    async listProcesses({ caller, query }) {
      const after = decodeCursor(query.cursor, ProcessCursor);
      const filter = { node: query.node, container: query.container, search: query.search, key: query.key };
      const page = { after: after && { startedAt: after[0], nodeId: after[1], tgid: after[2], startNs: after[3], execId: after[4] }, limit: query.limit + 1 };
      const [rows, total] = await Promise.all([listProcesses(database, caller.scope, filter, page), countProcesses(database, caller.scope, filter)]);
      return pageOf(rows, query.limit, processView, (row) => [row.started_at.toISOString(), row.node_id, row.tgid, row.start_ns, row.exec_id], total);
    },
    async listExecutions({ caller, query }) {
      const after = decodeCursor(query.cursor, ExecutionCursor);
      const filter = {
        node: query.node, container: query.container, path: query.path, parentPath: query.parentPath,
        from: query.from === undefined ? undefined : new Date(query.from), to: query.to === undefined ? undefined : new Date(query.to),
      };
      const page = { after: after && { lastSeen: after[0], nodeId: after[1], key: after[2], day: after[3] }, limit: query.limit + 1 };
      const [rows, sums] = await Promise.all([listExecutions(database, caller.scope, filter, page), sumExecutions(database, caller.scope, filter)]);
      return { ...pageOf(rows, query.limit, executionCountView, (row) => [row.last_seen.toISOString(), row.node_id, row.key, row.day], sums.rows), sum: sums.executions };
    },
    listVulnerabilities: async ({ caller, query }) => vulnerabilitiesOf(doors, caller.scope, query, query.container === undefined ? undefined : await container(caller.scope, query.container)),
    async getVulnerability({ caller, params }) {
      const found = await assess.vulnerability(caller.scope, params.id);
      if (found === undefined) throw new Problem('not-found', 'Nothing that runs in your scope has it.');
      return found;
    },
  };
}

type VulnerabilityQuery = Parameters<Handlers<'listVulnerabilities'>['listVulnerabilities']>[0]['query'];

async function vulnerabilitiesOf(doors: Doors, scope: Scope, query: VulnerabilityQuery, container: ContainerShape | undefined): ReturnType<Handlers<'listVulnerabilities'>['listVulnerabilities']> {
  const { database, assess } = doors;
  const after = decodeCursor(query.cursor, VulnerabilityCursor);
  const filter = { severity: query.severity, loaded: query.loaded, search: query.search };
  const page = { after: after && { score: after[0], vulnId: after[1] }, limit: query.limit + 1 };
  const listed = container === undefined ? listVulnerabilities(database, scope, filter, page) : listVulnerabilitiesOfContainer(database, scope, container.pk, { ...filter, loadedPoints: assess.loadedPoints }, page);
  const isAsked = query.facets === 'include';
  const counted = container !== undefined
    ? facetsOfContainerVulnerabilities(database, scope, container.pk, filter)
    : isAsked ? facetsOfVulnerabilities(database, scope, filter) : countVulnerabilities(database, scope, filter);
  const [rows, counts] = await Promise.all([listed, counted]);
  const total = typeof counts === 'number' ? counts : counts.total;
  return {
    ...pageOf(rows, query.limit, vulnerabilityView, (row) => [row.score, row.vuln_id], total),
    facets: !isAsked || typeof counts === 'number' ? null : vulnerabilityFacetsView(counts),
  };
}

type PackageQuery = Parameters<Handlers<'listContainerPackages'>['listContainerPackages']>[0]['query'];

async function packagesOf(doors: Doors, scope: Scope, container: ContainerShape, query: PackageQuery): ReturnType<Handlers<'listContainerPackages'>['listContainerPackages']> {
  const { database, assess } = doors;
  const observation = await observationOf(database, scope, container.pk);
  const unloaded = unloadedOf(observation, container.inventory_id !== null);
  if (query.loaded !== undefined && query.loaded !== 'yes' && query.loaded !== unloaded.state) return { items: [], next: null, total: 0 };
  const filter = { loaded: query.loaded === undefined ? undefined : query.loaded === 'yes', search: query.search };
  const after = decodeCursor(query.cursor, PackageCursor)?.[0];
  const [rows, total] = await Promise.all([
    containerPackages(database, scope, container.pk, filter, { after, limit: query.limit + 1 }),
    countContainerPackages(database, scope, container.pk, filter),
  ]);
  const words = { unloaded, observation, evidence: assess.evidence, startedAt: container.started_at };
  return pageOf(rows, query.limit, (row) => packageView(row, words), (row) => [row.position], total);
}

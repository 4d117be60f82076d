/** Incidents: reading, and what people decide about them. */
import { Problem } from '@vedette/model/problem';
import { z } from 'zod';
import { addAudit, lockIncident, setIncident } from '../store/access.ts';
import { containersOfIncident, countIncidents, eventsOfIncident, facetsOfIncidents, historyOf, incidentById, listIncidents } from '../store/read-incidents.ts';
import { cursorInteger, cursorTime, decodeCursor, pageOf } from './cursor.ts';
import type { Doors, Handlers } from './doors.ts';
import { eventView, incidentView } from './views.ts';

const IncidentCursor = z.tuple([cursorInteger, cursorTime, cursorInteger]);
const eventsShown = 50;

function numberOf(id: string): number {
  if (!/^[1-9]\d{0,14}$/.test(id)) throw new Problem('not-found');
  return Number(id);
}

export function incidentHandlers(doors: Doors): Handlers<'listIncidents' | 'getIncident' | 'updateIncident'> {
  const { database, now } = doors;
  return {
    async listIncidents({ caller, query }) {
      const after = decodeCursor(query.cursor, IncidentCursor);
      const filter = { state: query.state, severity: query.severity, kind: query.kind, container: query.container, search: query.search, source: query.source, outcome: query.outcome, verdict: query.verdict };
      const page = { after: after && { rank: after[0], lastSeen: after[1], id: after[2] }, limit: query.limit + 1 };
      const counting = query.facets === 'include' ? facetsOfIncidents(database, caller.scope, filter, now()) : countIncidents(database, caller.scope, filter).then((total) => ({ total, facets: null }));
      const [rows, { total, facets }] = await Promise.all([listIncidents(database, caller.scope, filter, page), counting]);
      return { ...pageOf(rows, query.limit, incidentView, (row) => [row.severity_rank, row.last_seen.toISOString(), row.id], total), facets };
    },
    async getIncident({ caller, params }) {
      const id = numberOf(params.id);
      const row = await incidentById(database, caller.scope, id);
      if (row === undefined) throw new Problem('not-found');
      const [events, containers, history] = await Promise.all([eventsOfIncident(database, caller.scope, id, eventsShown), containersOfIncident(database, caller.scope, id), historyOf(database, caller.scope, `incident:${id}`)]);
      return { ...incidentView(row), events: events.map(eventView), containers, history: history.map((one) => ({ at: one.at.toISOString(), actor: one.actor, change: one.change })) };
    },
    async updateIncident({ caller, params, body }) {
      const id = numberOf(params.id);
      const place = await database.transaction(async (db) => {
        const held = await lockIncident(db, caller.scope, id);
        if (held === undefined) throw new Problem((await incidentById(db, caller.sees, id)) === undefined ? 'not-found' : 'forbidden');
        const next = { state: body.state ?? held.state, assignee: body.assignee === undefined ? held.assignee : (body.assignee?.replaceAll('\0', '') ?? null), verdict: body.verdict === undefined ? held.verdict : body.verdict };
        const changes: string[] = [];
        if (next.state !== held.state) changes.push(`state: ${held.state} → ${next.state}`);
        if (next.assignee !== held.assignee) changes.push(`assigned to ${next.assignee ?? 'nobody'}`);
        if (next.verdict !== held.verdict) changes.push(next.verdict === null ? 'no longer judged' : next.verdict === 'confirmed' ? 'confirmed' : 'judged a false positive');
        if (changes.length === 0) return held;
        await setIncident(db, id, next);
        await addAudit(db, { actor: caller.name, action: 'incident.update', object: `incident:${id}`, change: changes.join('; '), clusterId: held.cluster_id, namespace: held.namespace, detail: body }, now());
        return held;
      });
      doors.changed(['incidents'], place.cluster_id, place.namespace);
      const row = await incidentById(database, caller.scope, id);
      if (row === undefined) throw new Problem('not-found');
      return incidentView(row);
    },
  };
}

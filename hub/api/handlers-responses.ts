/** Playbooks and responses over HTTP. Playbooks concern the hub as a whole; runs are placed. */
import { Problem } from '@vedette/model/problem';
import { z } from 'zod';
import type { Caller } from './caller.ts';
import { cursorInteger, cursorTime, decodeCursor, encodeCursor } from './cursor.ts';
import type { Doors, Handlers, ResponseRefusal } from './doors.ts';

type Response = 'listPlaybooks' | 'getPlaybook' | 'putPlaybook' | 'setPlaybookMode' | 'deletePlaybook' | 'tryPlaybook' | 'listResponses' | 'getResponse' | 'startResponse' | 'decideStep' | 'cancelResponse' | 'undoEffect';

const Cursor = z.tuple([cursorTime, cursorInteger]);

function requireWholeHub(caller: Caller): void {
  if (caller.scope.kind !== 'all') throw new Problem('forbidden', 'This concerns all clusters, and you may see only some.');
}

function numberOf(id: string): number {
  if (!/^[1-9]\d{0,14}$/.test(id)) throw new Problem('not-found');
  return Number(id);
}

function done<T extends object>(answer: T | ResponseRefusal): T {
  if (!isRefusal(answer)) return answer;
  const codes = { 'not-found': 'not-found', conflict: 'conflict', forbidden: 'forbidden', invalid: 'playbook-invalid' } as const;
  throw new Problem(codes[answer.refused], answer.detail, answer.places);
}

function isRefusal(answer: object): answer is ResponseRefusal {
  return 'refused' in answer;
}

function found<T>(value: T | undefined): T {
  if (value === undefined) throw new Problem('not-found');
  return value;
}

export function responseHandlers({ responses }: Doors): Handlers<Response> {
  return {
    listPlaybooks: async () => ({ items: [...(await responses.playbooks())] }),
    getPlaybook: async ({ params }) => found(await responses.playbook(params.name)),
    async putPlaybook({ caller, params, body }) {
      requireWholeHub(caller);
      return done(await responses.putPlaybook(params.name, body.yaml, body.generation, caller.name));
    },
    async setPlaybookMode({ caller, params, body }) {
      requireWholeHub(caller);
      return done(await responses.setMode(params.name, body.mode, caller.name));
    },
    async deletePlaybook({ caller, params }) {
      requireWholeHub(caller);
      const refused = await responses.removePlaybook(params.name, caller.name);
      return refused === null ? null : done<never>(refused);
    },
    tryPlaybook: async ({ caller, body }) => done(await responses.tryPlaybook(caller.scope, body.yaml, body.event)),
    async listResponses({ caller, query }) {
      const after = decodeCursor(query.cursor, Cursor);
      const filter = { state: query.state, playbook: query.playbook, trigger: query.trigger, event: query.event };
      const { items, total, waiting } = await responses.list(caller.scope, caller, filter, { after: after && { createdAt: after[0], id: after[1] }, limit: query.limit + 1 });
      const shown = items.slice(0, query.limit);
      const last = shown.at(-1);
      return { items: shown, next: items.length > query.limit && last !== undefined ? encodeCursor([last.createdAt, Number(last.id)]) : null, total, waiting };
    },
    getResponse: async ({ caller, params }) => found(await responses.run(caller.scope, caller, numberOf(params.id))),
    startResponse: async ({ caller, body }) => done(await responses.start(caller.scope, caller, body.playbook, body.event, body.dryRun)),
    decideStep: async ({ caller, params, body }) => done(await responses.decide(caller.scope, caller, numberOf(params.id), params.number, body.decision)),
    cancelResponse: async ({ caller, params }) => done(await responses.cancel(caller.scope, caller, numberOf(params.id))),
    undoEffect: async ({ caller, params }) => done(await responses.undo(caller.scope, caller, numberOf(params.id), params.effect)),
  };
}

/** Integrations, images and the chain over HTTP. Everything that concerns the hub as a whole takes a caller who may see all of it. */
import { Problem } from '@vedette/model/problem';
import { z } from 'zod';
import type { Caller } from './caller.ts';
import { cursorInteger, cursorText, decodeCursor, encodeCursor } from './cursor.ts';
import type { Doors, Handlers } from './doors.ts';

const ImageCursor = z.tuple([cursorText, cursorInteger]);

type Origin = 'listIntegrations' | 'putIntegration' | 'deleteIntegration' | 'testIntegration' | 'listImages' | 'getImage' | 'askImage' | 'trace';

function requireWholeHub(caller: Caller): void {
  if (caller.scope.kind !== 'all') throw new Problem('forbidden', 'This concerns all clusters, and you may see only some.');
}

function imageIdOf(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new Problem('not-found');
  return Number(text);
}

function found<T>(value: T | undefined): T {
  if (value === undefined) throw new Problem('not-found');
  return value;
}

export function originHandlers({ origin }: Doors): Handlers<Origin> {
  return {
    async listIntegrations({ caller }) {
      requireWholeHub(caller);
      return { items: [...(await origin.integrations())] };
    },
    async putIntegration({ caller, params, body }) {
      requireWholeHub(caller);
      const done = await origin.putIntegration(params.name, body, caller.name);
      if ('problem' in done) throw new Problem('invalid-request', done.problem);
      return done;
    },
    async deleteIntegration({ caller, params }) {
      requireWholeHub(caller);
      const problem = found(await origin.deleteIntegration(params.name, caller.name));
      if (problem !== null) throw new Problem('invalid-request', problem);
      return null;
    },
    async testIntegration({ caller, params }) {
      requireWholeHub(caller);
      return found(await origin.testIntegration(params.name, caller.name));
    },
    async listImages({ caller, query }) {
      const after = decodeCursor(query.cursor, ImageCursor);
      const filter = { search: query.search, verdict: query.verdict, running: query.state === 'running' };
      const { items, total } = await origin.reader.list(caller.scope, filter, { after: after && { reference: after[0], id: after[1] }, limit: query.limit + 1 });
      const shown = items.slice(0, query.limit);
      const last = shown.at(-1);
      return { items: shown.map((one) => one.view), next: items.length > query.limit && last !== undefined ? encodeCursor(last.position) : null, total };
    },
    getImage: async ({ caller, params }) => found(await origin.reader.image(caller.scope, imageIdOf(params.id))),
    async askImage({ caller, params }) {
      const id = imageIdOf(params.id);
      found(await origin.reader.image(caller.scope, id));
      await origin.askNow(id);
      return found(await origin.reader.image(caller.scope, id));
    },
    async trace({ caller, query }) {
      const traced = await origin.reader.trace(caller.scope, query);
      if ('problem' in traced) throw new Problem(traced.isRequest ? 'invalid-request' : 'not-found', traced.problem);
      return traced;
    },
  };
}

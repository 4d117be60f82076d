/** The OpenAPI 3.1 document, made from the table of endpoints: what is not in the table does not exist. */
import { endpoints, liveTopics, type Endpoint } from '@vedette/model/api/table';
import { ProblemDocument } from '@vedette/model/api/views';
import { z } from 'zod';

type Json = Record<string, unknown>;

function schemaOf(type: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _dialect, ...schema } = z.toJSONSchema(type, { io, unrepresentable: 'any' }) as Json;
  return schema;
}

function parameters(place: 'path' | 'query', type: z.ZodObject | undefined): Json[] {
  if (type === undefined) return [];
  const schema = schemaOf(type, 'input') as { properties?: Record<string, Json>; required?: string[] };
  return Object.entries(schema.properties ?? {}).map(([name, one]) => ({ name, in: place, required: place === 'path' || (schema.required ?? []).includes(name), schema: one }));
}

function security(permission: Endpoint['permission']): Json[] {
  return permission === 'public' ? [] : [{ session: [] }, { token: [] }];
}

function operation(name: string, endpoint: Endpoint): Json {
  const status = String(endpoint.status ?? 200);
  const success = status === '204' ? { description: 'Done' } : endpoint.document !== undefined ? { description: 'A file', content: Object.fromEntries(endpoint.document.map((type) => [type, { schema: { type: 'string' } }])) } : { description: 'The answer', content: { [endpoint.type?.split(';', 1)[0] ?? 'application/json']: { schema: schemaOf(endpoint.output, 'output') } } };
  return {
    operationId: name,
    summary: endpoint.summary,
    tags: [endpoint.path.split('/')[3] ?? 'hub'],
    'x-permission': endpoint.permission,
    security: security(endpoint.permission),
    parameters: [...parameters('path', endpoint.params), ...parameters('query', endpoint.query)],
    ...(endpoint.body === undefined ? {} : { requestBody: { required: true, content: { 'application/json': { schema: schemaOf(endpoint.body, 'input') } } } }),
    responses: { [status]: success, default: { description: 'Refused', content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } } },
  };
}

export function openApiDocument(version: string): Json {
  const paths: Record<string, Json> = {};
  for (const [name, endpoint] of Object.entries(endpoints)) {
    const path = (paths[endpoint.path] ??= {});
    path[endpoint.method.toLowerCase()] = operation(name, endpoint);
  }
  paths['/api/v1/events'] = {
    get: {
      operationId: 'events',
      summary: `What has changed, as server-sent events named "changed" with {"topics": [...]}; topics: ${liveTopics.join(', ')}`,
      'x-permission': 'view',
      security: security('view'),
      responses: { 200: { description: 'A stream', content: { 'text/event-stream': { schema: { type: 'string' } } } } },
    },
  };
  return {
    openapi: '3.1.0',
    info: { title: 'Vedette', version, license: { name: 'Apache-2.0' } },
    paths,
    components: {
      schemas: { Problem: schemaOf(ProblemDocument, 'output') },
      securitySchemes: {
        session: { type: 'apiKey', in: 'cookie', name: 'vedette_session', description: 'Writes also carry the header x-vedette-csrf with the token that the session answers.' },
        token: { type: 'http', scheme: 'bearer', bearerFormat: 'vdk_…' },
      },
    },
  };
}

// The OpenAPI 3.1 document, made from the operations and their schemas (OpenAPI 3.1 speaks zod's JSON Schema dialect).
import { z } from 'zod';
import { type ErrorCode, errorCodes } from '../base/error-codes.ts';
import type { Access } from './caller.ts';
import { isChange, type Operation, scopeOf } from './operation.ts';
import {
  ApiToken,
  AuditEntry,
  EventDestination,
  EventKindInfo,
  EventRecord,
  ExportJob,
  ExportResult,
  Flow,
  Graph,
  GraphEdge,
  GraphNode,
  LearnedName,
  NewToken,
  Nic,
  Problem,
  Session,
  Status,
  StreamEvent,
  Threat,
  ThreatGroup,
  ThreatKind,
  WebLogin,
  Workload,
  WorkloadRef,
} from './schema.ts';

export const BASE_PATH = '/api/v1';

const NAMED = {
  ...{ WorkloadRef, Flow, Nic, LearnedName, Workload, GraphNode, GraphEdge, Graph },
  ...{ ApiToken, NewToken, AuditEntry },
  ...{ ExportJob, ExportResult },
  ...{ EventRecord, EventKindInfo, EventDestination },
  ...{ Threat, ThreatGroup, ThreatKind, Status, StreamEvent, Session, WebLogin, Problem },
};
const SCHEMAS = '#/components/schemas/';

type Json = Record<string, unknown>;
type Reference = { $ref: string };

export interface OpenApiDocument {
  openapi: '3.1.0';
  info: { title: string; version: string; description: string };
  servers: { url: string }[];
  paths: Record<string, Record<string, Json>>;
  components: { schemas: Record<string, Json>; securitySchemes: Json };
}

export function openApiDocument(operations: readonly Operation[], version: string): OpenApiDocument {
  const answers = new Map<z.ZodType, string>(Object.entries(NAMED).map(([name, schema]) => [schema, name]));
  const paths: OpenApiDocument['paths'] = {};
  for (const operation of operations) {
    const name = answers.get(operation.answer) ?? `${operationId(operation)}Answer`;
    answers.set(operation.answer, name);
    const path = paths[operation.path] ?? {};
    path[operation.method] = described(operation, { $ref: `${SCHEMAS}${name}` });
    paths[operation.path] = path;
  }
  return {
    openapi: '3.1.0',
    info: { title: 'vmoat', version, description: 'What vmoat sees of the VMs of a KVM host.' },
    servers: [{ url: BASE_PATH }],
    paths,
    components: { schemas: schemasOf(answers), securitySchemes: { session: SESSION, token: TOKEN } },
  };
}

const SESSION = {
  type: 'apiKey',
  in: 'cookie',
  name: '__Host-vmoat',
  description: 'Over HTTPS only; on the Unix sockets the mode of the file decides.',
};

const TOKEN = {
  type: 'http',
  scheme: 'bearer',
  description:
    'Over HTTPS only; made by `vmoat token create`. A token with scopes needs the one that is named.',
};

const NEEDS_ROLE: readonly Access[] = ['viewer', 'operator', 'admin'];
const MAY_REFUSE: readonly Access[] = ['local', ...NEEDS_ROLE];

/** getWorkloadsId for GET /workloads/{id}. */
const operationId = ({ method, path }: Operation): string =>
  method + path.replace(/\W+(\w)/g, (_, letter: string) => letter.toUpperCase()).replace(/\W/g, '');

function schemasOf(named: ReadonlyMap<z.ZodType, string>): Record<string, Json> {
  const registry = z.registry<{ id: string }>();
  for (const [schema, id] of named) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, { uri: (id) => `${SCHEMAS}${id}` });
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, bare(schema)]));
}

/** Without what only a document of its own needs. */
function bare(schema: object): Json {
  const { $schema: _schema, $id: _id, ...rest } = schema as Json;
  return rest;
}

const inputSchema = (schema: z.ZodType): Json => bare(z.toJSONSchema(schema, { io: 'input' }));

function described(operation: Operation, answer: Reference): Json {
  const type = operation.stream ? 'text/event-stream' : 'application/json';
  const body = operation.body && { content: { 'application/json': { schema: inputSchema(operation.body) } } };
  return {
    operationId: operationId(operation),
    summary: operation.summary,
    ...(NEEDS_ROLE.includes(operation.access) && {
      description: `For the role ${operation.access} or more.`,
    }),
    security: NEEDS_ROLE.includes(operation.access) ? [{ session: [] }, { token: [scopeOf(operation)] }] : [],
    parameters: [...parameters(operation.params, 'path'), ...parameters(operation.query, 'query')],
    ...(body && { requestBody: { required: !operation.body?.safeParse(undefined).success, ...body } }),
    responses: {
      200: { description: 'the answer', content: { [type]: { schema: answer } } },
      ...errorResponses(errorsOf(operation)),
    },
  };
}

function parameters(schema: z.ZodType, place: 'path' | 'query'): Json[] {
  const { properties = {}, required = [] } = inputSchema(schema) as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, { description, ...property }]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    ...(description !== undefined && { description }),
    schema: property,
  }));
}

/** What every operation may answer, by who may call it, and what it says of itself. */
const errorsOf = (operation: Operation): ErrorCode[] => [
  'bad_request',
  ...(NEEDS_ROLE.includes(operation.access) ? (['unauthorized'] as const) : []),
  ...(MAY_REFUSE.includes(operation.access) ? (['forbidden'] as const) : []),
  'rate_limited',
  'internal',
  ...(isChange(operation) ? (['audit_failed'] as const) : []),
  ...(operation.errors ?? []),
];

function errorResponses(codes: readonly ErrorCode[]): Json {
  const byStatus = new Map<number, Set<ErrorCode>>();
  for (const code of codes) {
    const { http } = errorCodes[code];
    byStatus.set(http, (byStatus.get(http) ?? new Set()).add(code));
  }
  const content = { 'application/problem+json': { schema: { $ref: `${SCHEMAS}Problem` } } };
  return Object.fromEntries(
    [...byStatus].map(([status, set]) => [status, { description: [...set].join(', '), content }]),
  );
}

// The shapes that the REST API speaks: one zod definition is the runtime check, the static type and the
// OpenAPI document. The web pages import the types and nothing else of hostd.
export * from './schema/access.ts';
export * from './schema/common.ts';
export * from './schema/event.ts';
export * from './schema/export.ts';
export * from './schema/flow.ts';
export * from './schema/graph.ts';
export * from './schema/status.ts';
export * from './schema/stream.ts';
export * from './schema/threat.ts';
export * from './schema/violation.ts';
export * from './schema/workload.ts';

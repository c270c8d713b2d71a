import type { Api } from './api.ts';
import { inVersion, jsonOf } from './json.ts';
import { type Kind, resourceName } from './kinds/kind.ts';
import { shapeOf } from './negotiation.ts';
import type { ApiRequest, ApiResponse } from './request.ts';
import { notFound } from './status.ts';
import { columnDefinitions, includeObjectOf, partial, tableRow } from './table.ts';

/** GET of one object, as an object, a table of one row, or metadata only. */
export function get(
  api: Api,
  request: ApiRequest,
  at: { kind: Kind; version: string; namespace?: string },
  name: string,
): ApiResponse {
  const { kind, version, namespace } = at;
  const shape = shapeOf(request.headers.accept);
  const object = api.store.get(resourceName(kind), namespace, name);
  if (object === undefined) throw notFound(resourceName(kind), name);
  const json = jsonOf(api.store, kind, version, object);
  if (shape === 'object') return { status: 200, pieces: [json, '\n'] };
  const served = inVersion(kind, version, object);
  if (shape === 'partial') return { status: 200, body: partial(served) };
  const meta = JSON.stringify({ resourceVersion: object.metadata.resourceVersion });
  const row = tableRow(kind, served, api.clock.now(), includeObjectOf(request.query), () => json);
  const definitions = JSON.stringify(columnDefinitions(kind));
  const table = `{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":${meta},"columnDefinitions":${definitions},"rows":[${row}]}`;
  return { status: 200, pieces: [table, '\n'] };
}

import type { KubeObject } from '../../model/objects.ts';
import type { Api } from './api.ts';
import { split } from './catalogue.ts';
import type { VirtualResource } from './extension.ts';
import { customAge, type Kind, resourceName } from './kinds/kind.ts';
import { open } from './kinds/schema.ts';
import { shapeOf } from './negotiation.ts';
import type { ApiRequest, ApiResponse, Target } from './request.ts';
import { filterOf } from './selectors.ts';
import { methodNotAllowed, notFound } from './status.ts';
import { columnDefinitions, includeObjectOf, partial, tableRow } from './table.ts';

export function findVirtual(api: Api, { group, version, plural }: Target): VirtualResource | undefined {
  const resource = resourceName({ group, plural });
  return api.virtual.find((each) => each.resource === resource && each.version === version);
}

/** GET of one or all objects of a resource that is not stored. */
export function readVirtual(api: Api, request: ApiRequest, target: Target, virtual: VirtualResource): ApiResponse {
  if (request.method !== 'GET') throw methodNotAllowed();
  const { namespace, name } = target;
  const objects = virtual.list(namespace);
  const apiVersion = `${target.group}/${target.version}`;
  if (name !== undefined) {
    const object = objects.find((each) => each.metadata.name === name);
    if (object === undefined) throw notFound(virtual.resource, name);
    return { status: 200, body: object };
  }
  const kind = kindOf(virtual);
  const filter = filterOf(kind, request.query);
  const items = filter === undefined ? objects : objects.filter(filter);
  const metadata = { resourceVersion: String(api.store.version) };
  const shape = shapeOf(request.headers.accept);
  if (shape === 'table') return { status: 200, pieces: [table(api, request, kind, items)] };
  if (shape === 'partial') {
    return {
      status: 200,
      body: { kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1', metadata, items: items.map(partial) },
    };
  }
  return { status: 200, body: { kind: `${virtual.kind}List`, apiVersion, metadata, items } };
}

function table(api: Api, request: ApiRequest, kind: Kind, items: KubeObject[]): string {
  const include = includeObjectOf(request.query);
  const rows = items.map((item) => tableRow(kind, item, api.clock.now(), include, () => JSON.stringify(item)));
  const definitions = JSON.stringify(columnDefinitions(kind));
  return `{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{},"columnDefinitions":${definitions},"rows":[${rows.join(',')}]}`;
}

/** As much of a Kind as selectors and tables need. */
function kindOf({ resource, version, kind, singular, namespaced }: VirtualResource): Kind {
  const [plural, group] = split(resource);
  return {
    group,
    versions: [version],
    storage: version,
    kind,
    plural,
    singular,
    namespaced,
    custom: true,
    schema: open(''),
    columns: [customAge],
    status: false,
  };
}

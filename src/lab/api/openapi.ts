import { createHash } from 'node:crypto';
import type { Api } from './api.ts';
import { apiVersion, type Kind, schemaOf } from './kinds/kind.ts';
import { openapiV2 } from './openapi-v2.ts';
import type { ApiRequest, ApiResponse } from './request.ts';
import { noSuchPath } from './status.ts';

// OpenAPI v3, as much as kubectl needs: a schema for each kind (explain), and a patch operation that shows the server
// knows fieldValidation (apply, create).

const FIELD_VALIDATION = {
  name: 'fieldValidation',
  in: 'query',
  description: 'How unknown and duplicate fields are treated: Ignore, Warn or Strict.',
  schema: { type: 'string', uniqueItems: true },
};

/** GET /openapi/v3 and the documents it lists. */
export function openapi(api: Api, request: ApiRequest): ApiResponse {
  const [, version, ...rest] = request.segments;
  if (version === 'v2' && rest.length === 0) return openapiV2(api, request);
  if (version !== 'v3') throw noSuchPath();
  const groups = groupsOf(api);
  if (rest.length === 0) {
    const paths = Object.fromEntries(
      [...groups].map(([path, kinds]) => [
        path,
        { serverRelativeURL: `/openapi/v3/${path}?hash=${hashOf(api, path, kinds)}` },
      ]),
    );
    return { status: 200, body: { paths } };
  }
  const kinds = groups.get(rest.join('/'));
  if (kinds === undefined) throw noSuchPath();
  return { status: 200, body: documentOf(api, kinds, rest.at(-1) ?? '') };
}

function groupsOf(api: Api): Map<string, Kind[]> {
  const groups = new Map<string, Kind[]>();
  for (const kind of api.kinds.all) {
    for (const version of kind.versions) {
      const path = kind.group === '' ? `api/${version}` : `apis/${kind.group}/${version}`;
      groups.set(path, [...(groups.get(path) ?? []), kind]);
    }
  }
  return groups;
}

function hashOf(api: Api, path: string, kinds: Kind[]): string {
  const version = path.split('/').at(-1) ?? '';
  return createHash('sha512')
    .update(JSON.stringify(documentOf(api, kinds, version)))
    .digest('hex')
    .toUpperCase();
}

function documentOf({ kubernetes }: Api, kinds: Kind[], version: string): unknown {
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: kubernetes },
    paths: Object.fromEntries(kinds.flatMap((kind) => pathsOf(kind, version))),
    components: {
      schemas: Object.fromEntries(
        kinds.map((kind) => [
          schemaName(kind, version),
          {
            ...schemaOf(kind, version),
            'x-kubernetes-group-version-kind': [{ group: kind.group, version, kind: kind.kind }],
          },
        ]),
      ),
    },
  };
}

function pathsOf(kind: Kind, version: string): [string, unknown][] {
  const base = `${kind.group === '' ? '/api' : '/apis'}/${apiVersion(kind.group, version)}`;
  const at = `${base}/${kind.namespaced ? 'namespaces/{namespace}/' : ''}${kind.plural}`;
  const gvk = { group: kind.group, version, kind: kind.kind };
  const schema = { $ref: `#/components/schemas/${schemaName(kind, version)}` };
  const content = { 'application/json': { schema } };
  const operation = (action: string, more: object = {}): object => ({
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': gvk,
    responses: { '200': { description: 'OK', content } },
    ...more,
  });
  const body = { parameters: [FIELD_VALIDATION], requestBody: { content } };
  return [
    [at, { get: operation('list'), post: operation('post', body) }],
    [
      `${at}/{name}`,
      {
        get: operation('get'),
        put: operation('put', body),
        patch: operation('patch', body),
        delete: operation('delete'),
      },
    ],
  ];
}

/** `io.kubevirt.v1.VirtualMachine`, `io.k8s.api.core.v1.Pod`. */
function schemaName(kind: Kind, version: string): string {
  if (kind.custom) return `${kind.group.split('.').reverse().join('.')}.${version}.${kind.kind}`;
  const group = kind.group === '' ? 'core' : (kind.group.split('.')[0] ?? '');
  return `io.k8s.api.${group}.${version}.${kind.kind}`;
}

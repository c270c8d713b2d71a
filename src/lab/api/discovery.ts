import type { Api } from './api.ts';
import { catalogue, groupVersions, type Listed } from './catalogue.ts';
import { apiVersion } from './kinds/kind.ts';
import { acceptOf } from './negotiation.ts';
import type { ApiRequest, ApiResponse } from './request.ts';
import { noSuchPath, UNAVAILABLE } from './status.ts';

/** /api, /apis and what is below them up to a group version: aggregated if the client asks for it, else the old form. */
export function discovery(api: Api, request: ApiRequest): ApiResponse {
  const [root, first, second, ...rest] = request.segments;
  if (rest.length > 0) throw noSuchPath();
  const groups = catalogue(api);
  if (root === 'api') {
    const core = groups.get('') ?? new Map<string, Listed[]>();
    if (first === undefined)
      return aggregated(api, request, new Map([['', core]])) ?? { status: 200, body: apiVersions(request) };
    const resources = second === undefined ? core.get(first) : undefined;
    if (resources === undefined) throw noSuchPath();
    return { status: 200, body: resourceList('', first, resources) };
  }
  groups.delete('');
  if (first === undefined) {
    const legacy = {
      kind: 'APIGroupList',
      apiVersion: 'v1',
      groups: [...groups].map(([group, versions]) => groupOf(group, versions)),
    };
    return aggregated(api, request, groups) ?? { status: 200, body: legacy };
  }
  const versions = groups.get(first);
  if (versions === undefined) throw noSuchPath();
  if (second === undefined)
    return { status: 200, body: { kind: 'APIGroup', apiVersion: 'v1', ...groupOf(first, versions) } };
  if (api.aggregated.get(first)?.() === false) return UNAVAILABLE;
  const resources = versions.get(second);
  if (resources === undefined) throw noSuchPath();
  return { status: 200, body: resourceList(first, second, resources) };
}

/** APIGroupDiscoveryList in the first version the client accepts; undefined if it accepts none. */
function aggregated(
  api: Api,
  request: ApiRequest,
  groups: Map<string, Map<string, Listed[]>>,
): ApiResponse | undefined {
  for (const { type, params } of acceptOf(request.headers.accept)) {
    if (type !== 'application/json' && type !== '*/*') continue;
    if (params['as'] === undefined) return undefined;
    const version = params['v'];
    if (params['g'] !== 'apidiscovery.k8s.io' || params['as'] !== 'APIGroupDiscoveryList') continue;
    if (version !== 'v2' && version !== 'v2beta1') continue;
    const items = [...groups].map(([group, versions]) => ({
      metadata: group === '' ? {} : { name: group },
      versions: [...versions].map(([name, resources]) => ({
        version: name,
        resources: resources.map(aggregatedResource),
        freshness: api.aggregated.get(group)?.() === false ? 'Stale' : 'Current',
      })),
    }));
    return {
      status: 200,
      headers: {
        'content-type': `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`,
        'cache-control': 'public',
        vary: 'Accept',
      },
      body: { kind: 'APIGroupDiscoveryList', apiVersion: `apidiscovery.k8s.io/${version}`, metadata: {}, items },
    };
  }
  return undefined;
}

function aggregatedResource({
  resource,
  namespaced,
  kind,
  singular,
  verbs,
  shortNames,
  categories,
  subresources,
}: Listed): unknown {
  return {
    resource,
    responseKind: kind,
    scope: namespaced ? 'Namespaced' : 'Cluster',
    singularResource: singular,
    verbs,
    ...(shortNames === undefined ? {} : { shortNames }),
    ...(categories === undefined ? {} : { categories }),
    ...(subresources.length === 0
      ? {}
      : {
          subresources: subresources.map((each) => ({
            subresource: each.name,
            responseKind: each.kind,
            verbs: each.verbs,
          })),
        }),
  };
}

function resourceList(group: string, version: string, resources: Listed[]): unknown {
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: apiVersion(group, version),
    resources: resources.flatMap(
      ({ resource, namespaced, kind, singular, verbs, shortNames, categories, subresources }) => [
        // A resource of which there are only subresources is no entry of its own.
        ...(verbs === null && subresources.length > 0
          ? []
          : [
              {
                name: resource,
                singularName: singular,
                namespaced,
                kind: kind.kind,
                verbs,
                ...(shortNames === undefined ? {} : { shortNames }),
                ...(categories === undefined ? {} : { categories }),
              },
            ]),
        ...subresources.map((each) => ({
          name: `${resource}/${each.name}`,
          singularName: '',
          namespaced,
          ...(each.kind.group === '' || each.kind.group === group
            ? {}
            : { group: each.kind.group, version: each.kind.version }),
          kind: each.kind.kind,
          verbs: each.verbs,
        })),
      ],
    ),
  };
}

function groupOf(group: string, versions: Map<string, unknown>): { name: string } {
  const all = groupVersions(group, versions.keys());
  return { name: group, versions: all, preferredVersion: all[0] } as { name: string };
}

function apiVersions(request: ApiRequest): unknown {
  return {
    kind: 'APIVersions',
    versions: ['v1'],
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: request.headers.host ?? '' }],
  };
}

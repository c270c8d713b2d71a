import type { Api } from './api.ts';
import { apiVersion, resourceName } from './kinds/kind.ts';

/** One resource or subresource as discovery lists it, with what both forms of discovery need. */
export interface Listed {
  resource: string;
  namespaced: boolean;
  kind: { group: string; version: string; kind: string };
  singular: string;
  verbs: string[] | null;
  shortNames?: string[];
  categories?: string[];
  subresources: { name: string; kind: { group: string; version: string; kind: string }; verbs: string[] | null }[];
}

const ALL = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const VERB_OF: Record<string, string> = { GET: 'get', POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' };

/** Reviews are answered but never stored. */
const REVIEWS: [group: string, resource: string, kind: string, namespaced?: boolean][] = [
  ['authentication.k8s.io', 'selfsubjectreviews', 'SelfSubjectReview'],
  ['authentication.k8s.io', 'tokenreviews', 'TokenReview'],
  ['authorization.k8s.io', 'localsubjectaccessreviews', 'LocalSubjectAccessReview', true],
  ['authorization.k8s.io', 'selfsubjectaccessreviews', 'SelfSubjectAccessReview'],
  ['authorization.k8s.io', 'selfsubjectrulesreviews', 'SelfSubjectRulesReview'],
  ['authorization.k8s.io', 'subjectaccessreviews', 'SubjectAccessReview'],
];

/** Everything the server serves, by group and version, in the order of discovery (core first). */
export function catalogue(api: Api): Map<string, Map<string, Listed[]>> {
  const groups = new Map<string, Map<string, Listed[]>>();
  const at = (group: string, version: string): Listed[] => {
    const versions = groups.get(group) ?? new Map<string, Listed[]>();
    groups.set(group, versions);
    const resources = versions.get(version) ?? [];
    versions.set(version, resources);
    return resources;
  };
  for (const kind of api.kinds.all) {
    for (const version of kind.versions) {
      const own = { group: kind.custom ? kind.group : '', version: kind.custom ? version : '', kind: kind.kind };
      const status = kind.status ? [{ name: 'status', kind: own, verbs: ['get', 'patch', 'update'] }] : [];
      at(kind.group, version).push({
        resource: kind.plural,
        namespaced: kind.namespaced,
        kind: own,
        singular: kind.singular,
        verbs: kind.kind === 'Namespace' ? ALL.filter((verb) => verb !== 'deletecollection') : ALL,
        ...(kind.shortNames === undefined ? {} : { shortNames: kind.shortNames }),
        ...(kind.categories === undefined ? {} : { categories: kind.categories }),
        subresources: [...status, ...subresourcesOf(api, resourceName(kind))],
      });
    }
  }
  for (const { resource, version, kind, singular, namespaced } of api.virtual) {
    const [plural, group] = split(resource);
    at(group, version).push({
      resource: plural,
      namespaced,
      kind: { group, version, kind },
      singular,
      verbs: ['get', 'list'],
      subresources: [],
    });
  }
  for (const [group, resource, kind, namespaced = false] of REVIEWS) {
    const own = { group: '', version: '', kind };
    at(group, 'v1').push({
      resource,
      namespaced,
      kind: own,
      singular: kind.toLowerCase(),
      verbs: ['create'],
      subresources: [],
    });
  }
  for (const [resource, namespaced] of unstored(api)) {
    const [plural, group] = split(resource);
    const kind = { group: '', version: '', kind: '' };
    // virt-api tells neither kinds nor verbs (recordings, discovery).
    const subresources = subresourcesOf(api, resource).map(({ name }) => ({ name, kind, verbs: null }));
    at(group, 'v1').push({ resource: plural, namespaced, kind, singular: '', verbs: null, subresources });
  }
  return groups;
}

/** Resources that exist only through their subresources, such as KubeVirt's subresource API. */
function unstored(api: Api): Map<string, boolean> {
  const found = new Map<string, boolean>();
  for (const { resource, namespaced = true } of api.subresources) {
    if (api.kinds.of(resource) === undefined) found.set(resource, namespaced);
  }
  return found;
}

function subresourcesOf(api: Api, resource: string): Listed['subresources'] {
  return api.subresources
    .filter((each) => each.resource === resource && each.subresource !== '' && each.untold !== true)
    .map(({ subresource, kind, methods }) => ({
      name: subresource,
      kind: kind ?? { group: '', version: '', kind: '' },
      verbs: methods.map((method) => VERB_OF[method] ?? method.toLowerCase()),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

export function split(resource: string): [plural: string, group: string] {
  const dot = resource.indexOf('.');
  return dot < 0 ? [resource, ''] : [resource.slice(0, dot), resource.slice(dot + 1)];
}

/** Group versions in the legacy form: `{ groupVersion, version }`. */
export function groupVersions(group: string, versions: Iterable<string>): { groupVersion: string; version: string }[] {
  return [...versions].map((version) => ({ groupVersion: apiVersion(group, version), version }));
}

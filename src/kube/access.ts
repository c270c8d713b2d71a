import type { Access } from './errors.ts';

const verbs: Record<string, string> = { POST: 'create', PUT: 'update', PATCH: 'patch' };

/**
 * What a request needs to be allowed, read from its path as the API server does it
 * (Kubernetes apiserver, endpoints/request/requestinfo.go).
 */
export function accessOf(method: string, path: string, watching = false): Access {
  const parts = (path.split('?')[0] ?? '').split('/').filter((part) => part !== '');
  const core = parts[0] === 'api';
  let rest = parts.slice(core ? 2 : 3).map((part) => decodeURIComponent(part));
  if ((!core && parts[0] !== 'apis') || rest.length === 0) return { verb: method.toLowerCase(), path };
  let namespace: string | undefined;
  // `/namespaces/x` is the Namespace itself; `/namespaces/x/pods` is inside it.
  if (rest[0] === 'namespaces' && rest.length > 2 && !['finalize', 'status'].includes(rest[2] ?? '')) {
    namespace = rest[1];
    rest = rest.slice(2);
  }
  const [plural, name, subresource] = rest;
  let verb = verbs[method];
  if (method === 'DELETE') verb = name === undefined ? 'deletecollection' : 'delete';
  if (verb === undefined && watching) verb = 'watch';
  return {
    verb: verb ?? (name === undefined ? 'list' : 'get'),
    group: core ? '' : (parts[1] ?? ''),
    resource: subresource === undefined ? (plural ?? '') : `${plural}/${subresource}`,
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
  };
}

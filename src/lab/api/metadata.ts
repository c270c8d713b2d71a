import type { KubeObject } from '../../model/objects.ts';
import type { Api } from './api.ts';
import { type Kind, resourceName } from './kinds/kind.ts';
import { badRequest, type Cause, forbidden, invalid, notFound } from './status.ts';

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;
const DNS_LABEL_KINDS = new Set(['Namespace', 'Service']);
const LABEL_VALUE = '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?';
const QUALIFIED = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';

/** Checks that the body is in the namespace and has the name of the URL; fills in what it leaves out. */
export function placed(object: KubeObject, kind: Kind, namespace: string | undefined, name?: string): KubeObject {
  const meta = object.metadata;
  if (kind.namespaced && meta.namespace && meta.namespace !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  if (name !== undefined && meta.name && meta.name !== name) {
    throw badRequest(`the name of the object (${meta.name}) does not match the name on the URL (${name})`);
  }
  const { namespace: _namespace, ...rest } = meta;
  const at = kind.namespaced && namespace !== undefined ? { namespace } : {};
  return { ...object, metadata: { ...rest, ...(name === undefined ? {} : { name }), ...at } };
}

/** Throws 404 if the namespace to create in does not exist, 403 if it is being deleted. */
export function checkNamespace(api: Api, kind: Kind, object: KubeObject): void {
  const { namespace, name } = object.metadata;
  if (!kind.namespaced || namespace === undefined) return;
  const found = api.store.get('namespaces', undefined, namespace);
  if (found === undefined) throw notFound('namespaces', namespace);
  if (found.metadata.deletionTimestamp === undefined) return;
  const message = `unable to create new content in namespace ${namespace} because it is being terminated`;
  const resource = resourceName(kind);
  throw forbidden(`${resource} "${name}" is forbidden: ${message}`, {
    name,
    ...(kind.group === '' ? {} : { group: kind.group }),
    kind: kind.plural,
    causes: [
      {
        reason: 'NamespaceTerminating',
        message: `namespace ${namespace} is being terminated`,
        field: 'metadata.namespace',
      },
    ],
  });
}

/** What is wrong with names and labels, in Kubernetes's words. */
function metadataCauses(kind: Kind, object: KubeObject): Cause[] {
  const { name, generateName, labels } = object.metadata;
  const causes: Cause[] = [];
  if (!name && !generateName) {
    causes.push({
      reason: 'FieldValueRequired',
      message: 'Required value: name or generateName is required',
      field: 'metadata.name',
    });
  } else if (name) {
    const why = nameProblem(kind, name);
    if (why !== undefined)
      causes.push({
        reason: 'FieldValueInvalid',
        message: `Invalid value: ${JSON.stringify(name)}: ${why}`,
        field: 'metadata.name',
      });
  }
  for (const [key, value] of Object.entries(labels ?? {})) {
    const short = key.slice(key.indexOf('/') + 1);
    if (short.length > 63 || !whole(QUALIFIED, short)) {
      causes.push({
        reason: 'FieldValueInvalid',
        message: `Invalid value: ${JSON.stringify(key)}: name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')`,
        field: 'metadata.labels',
      });
    }
    if (typeof value === 'string' && value.length > 63) {
      causes.push({
        reason: 'FieldValueInvalid',
        message: `Invalid value: ${JSON.stringify(value)}: must be no more than 63 bytes`,
        field: 'metadata.labels',
      });
    } else if (typeof value === 'string' && !whole(LABEL_VALUE, value)) {
      causes.push({
        reason: 'FieldValueInvalid',
        message: `Invalid value: ${JSON.stringify(value)}: a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')`,
        field: 'metadata.labels',
      });
    }
  }
  return causes;
}

export function checkMetadata(kind: Kind, object: KubeObject): void {
  const causes = metadataCauses(kind, object);
  if (causes.length > 0) throw invalid(kind, object.metadata.name ?? '', causes);
}

function nameProblem(kind: Kind, name: string): string | undefined {
  if (kind.group === 'rbac.authorization.k8s.io') {
    return name === '.' || name === '..' || /[/%]/.test(name) ? `may not contain '/' or '%'` : undefined;
  }
  if (DNS_LABEL_KINDS.has(kind.kind)) {
    if (name.length > 63) return 'must be no more than 63 bytes';
    if (whole(LABEL, name)) return undefined;
    return `a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '${LABEL}')`;
  }
  if (name.length > 253) return 'must be no more than 253 bytes';
  if (whole(SUBDOMAIN, name)) return undefined;
  return `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '${SUBDOMAIN}')`;
}

function whole(pattern: string, text: string): boolean {
  return new RegExp(`^${pattern}$`).test(text);
}

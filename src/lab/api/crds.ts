import type { KubeObject } from '../../model/objects.ts';
import { type Kind, schemaOf } from './kinds/kind.ts';
import { type ResourceName, seconds } from './store.ts';

export const CRDS: ResourceName = 'customresourcedefinitions.apiextensions.k8s.io';

/**
 * The CustomResourceDefinition of a custom kind, for clients that look features up in its schema. It only describes:
 * changing or deleting it changes nothing that is served.
 */
export function crdOf(kind: Kind, now: number): KubeObject {
  const { group, plural, singular, shortNames, categories, namespaced, versions, storage } = kind;
  const names = {
    kind: kind.kind,
    listKind: `${kind.kind}List`,
    plural,
    singular,
    ...(shortNames === undefined ? {} : { shortNames }),
    ...(categories === undefined ? {} : { categories }),
  };
  const columns = kind.columns
    .filter(({ value }) => typeof value === 'string')
    .map(({ name, type, value, priority, description }) => ({
      name,
      type,
      jsonPath: value,
      ...(priority === undefined ? {} : { priority }),
      ...(description === undefined ? {} : { description }),
    }));
  const condition = { status: 'True', lastTransitionTime: seconds(now) };
  const definition = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      names,
      scope: namespaced ? 'Namespaced' : 'Cluster',
      versions: versions.map((name) => ({
        name,
        served: true,
        storage: name === storage,
        schema: { openAPIV3Schema: schemaOf(kind, name) },
        ...(kind.status ? { subresources: { status: {} } } : {}),
        additionalPrinterColumns: columns,
      })),
      conversion:
        kind.convert === undefined
          ? { strategy: 'None' }
          : { strategy: 'Webhook', webhook: { conversionReviewVersions: ['v1'] } },
    },
    status: {
      acceptedNames: names,
      storedVersions: [storage],
      conditions: [
        { type: 'NamesAccepted', reason: 'NoConflicts', message: 'no conflicts found', ...condition },
        {
          type: 'Established',
          reason: 'InitialNamesAccepted',
          message: 'the initial names have been accepted',
          ...condition,
        },
      ],
    },
  };
  return definition;
}

import type { Cluster, Controller } from '../cluster.ts';
import { resources } from '../resources.ts';

/** Every namespace has a service account `default`, and gets it again when it is deleted (pkg/controller/serviceaccount). */
export function serviceAccounts({ store, random }: Cluster): Controller {
  const draw = random.fork('service-accounts');
  const ensure = (name: string): void => {
    const namespace = store.get(resources.namespaces, undefined, name);
    if (namespace === undefined || namespace.metadata.deletionTimestamp !== undefined) return;
    if (store.get('serviceaccounts', name, 'default') !== undefined) return;
    store.create('serviceaccounts', {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'default', namespace: name, uid: draw.uuid() },
    });
  };
  return {
    start: () => {
      for (const { metadata } of store.list(resources.namespaces)) ensure(metadata.name);
      store.subscribe(({ type, resource, object }) => {
        if (resource === resources.namespaces && type === 'ADDED') ensure(object.metadata.name);
        if (resource === 'serviceaccounts' && type === 'DELETED') ensure(object.metadata.namespace ?? '');
      });
    },
  };
}

import { apiVersionOf, resources } from '../../src/cluster/resources.ts';
import { slim } from '../../src/cluster/slim.ts';
import { sharing } from '../../src/cluster/slim-fields.ts';
import type { Cluster } from '../../src/lab/cluster.ts';
import type { KubeObject } from '../../src/model/objects.ts';
import { API_VERSION, type Snapshot, type SnapshotList } from '../../src/model/snapshot.ts';

/** What Ferry would read of a lab without a server: every list, cut down as the reader does. */
export function labSnapshot({ store, version }: Cluster): Snapshot {
  const share = sharing();
  const lists = Object.fromEntries(
    (Object.keys(resources) as SnapshotList[]).map((name) => {
      const kind = resources[name];
      const plural = kind.group === '' ? kind.plural : `${kind.plural}.${kind.group}`;
      const cut = slim[name] as (object: KubeObject, share: unknown) => object;
      const items = store
        .list<KubeObject>(plural as never)
        .map((object) => ({ apiVersion: apiVersionOf(kind), kind: kind.kind, ...cut(object, share) }));
      return [name, { known: true, items }];
    }),
  );
  return {
    apiVersion: API_VERSION,
    kind: 'Snapshot',
    takenAt: '2026-03-01T08:00:00.000Z',
    namespaces: [],
    versions: {
      kubernetes: version.kubernetes,
      kubevirt: version.kubevirt,
      hyperConverged: version.hyperConverged,
      openshift: true,
    },
    lists: lists as unknown as Snapshot['lists'],
  };
}

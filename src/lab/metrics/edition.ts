import type { Cluster } from '../cluster.ts';
import { clusterDefinitions } from './cluster-definitions.ts';
import type { Edition, Reading } from './exposition.ts';
import { kubevirtDefinitions } from './kubevirt-definitions.ts';

const definitions = { ...kubevirtDefinitions, ...clusterDefinitions };

/** The minor version of the lab's KubeVirt 1.x. */
export function minorOf(cluster: Pick<Cluster, 'version'>): number {
  return Number(cluster.version.name.split('.')[1]);
}

/** All metrics the lab knows, as its KubeVirt version has them. */
export function editionOf(cluster: Pick<Cluster, 'version'>, reading: Reading): Edition {
  return { definitions, minor: minorOf(cluster), reading };
}

import { ApiError } from '../../kube/errors.ts';
import type { ListOptions, StoredObject } from '../../kube/types.ts';
import { FerryError } from '../../model/errors.ts';
import type { ToolContext } from '../tool.ts';

export interface Usage {
  cpu?: string;
  memory?: string;
}

export interface NodeMetrics extends StoredObject {
  usage?: Usage;
}

export interface PodMetrics extends StoredObject {
  containers?: { name: string; usage?: Usage }[];
}

/** What metrics-server measured last. */
export async function metricsOf<T extends StoredObject>(
  { client, signal }: ToolContext,
  plural: 'nodes' | 'pods',
  options: Pick<ListOptions<T, T>, 'namespace' | 'labelSelector'>,
): Promise<T[]> {
  const resource = { group: 'metrics.k8s.io', version: 'v1beta1', plural, namespaced: plural === 'pods' };
  try {
    return (await client.list<T>(resource, { ...options, signal })).items;
  } catch (error) {
    if (!(error instanceof ApiError && (error.status === 404 || error.status === 503))) throw error;
    throw new FerryError(
      'FERRY_E_API',
      'the metrics API is not available',
      'Is metrics-server (or OpenShift monitoring) installed?',
    );
  }
}

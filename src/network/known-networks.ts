import { ApiError } from '../kube/errors.ts';
import type { CallOptions, KubeClient } from '../kube/types.ts';
import type { KnownNetworks } from './request.ts';

interface OpenShiftNetwork {
  status?: { clusterNetwork?: { cidr?: string }[]; serviceNetwork?: string[] };
  spec?: { clusterNetwork?: { cidr?: string }[]; serviceNetwork?: string[] };
}

interface ServiceCidrs {
  items?: { spec?: { cidrs?: string[] } }[];
}

/**
 * The networks that pods and services have: from OpenShift's Network configuration, else, of services, from
 * Kubernetes' ServiceCIDRs (1.33 and later). What can't be read is named. Throws only if the server can't be reached.
 */
export async function readKnownNetworks(client: KubeClient, options: CallOptions = {}): Promise<KnownNetworks> {
  const network = await read<OpenShiftNetwork>(client, '/apis/config.openshift.io/v1/networks/cluster', options);
  const { clusterNetwork = [], serviceNetwork = [] } = network?.status ?? network?.spec ?? {};
  const pods = clusterNetwork.flatMap(({ cidr }) => (cidr === undefined ? [] : [{ what: 'the pod network', cidr }]));
  let services = serviceNetwork;
  if (services.length === 0) {
    const list = await read<ServiceCidrs>(client, '/apis/networking.k8s.io/v1/servicecidrs', options);
    services = (list?.items ?? []).flatMap(({ spec }) => spec?.cidrs ?? []);
  }
  const unknown: string[] = [];
  if (pods.length === 0)
    unknown.push('the pod network could not be read whole; what nodes and pods show of it was looked at');
  if (services.length === 0) unknown.push('the service network could not be read');
  return { networks: [...pods, ...services.map((cidr) => ({ what: 'the service network', cidr }))], unknown };
}

async function read<T>(client: KubeClient, path: string, options: CallOptions): Promise<T | undefined> {
  try {
    return JSON.parse((await client.raw('GET', path, options)).text) as T;
  } catch (error) {
    if (error instanceof ApiError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

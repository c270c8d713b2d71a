import type { KubeObject } from '../../model/objects.ts';

export const NETWORKS = 'k8s.v1.cni.cncf.io/networks';
export const NETWORK_STATUS = 'k8s.v1.cni.cncf.io/network-status';

/** A network a pod asks for. */
export interface Selection {
  namespace: string;
  name: string;
  interface: string;
  mac?: string;
}

/** An entry of the network-status annotation. */
export interface NetworkStatus {
  name: string;
  interface: string;
  ips?: string[];
  mac?: string;
  mtu?: number;
  default?: boolean;
  dns: object;
}

/** The annotation can't be read; in Multus's words. */
export class SelectionError extends Error {}

/** The networks a pod asks for by annotation, as a list of `[namespace/]name[@interface]` or as JSON (multus-cni, parsePodNetworkAnnotation). Throws SelectionError. */
export function selectionsOf(pod: KubeObject): Selection[] {
  const text = pod.metadata.annotations?.[NETWORKS]?.trim() ?? '';
  if (text === '') return [];
  const own = pod.metadata.namespace ?? '';
  const asked = text.startsWith('[') ? fromJson(text) : text.split(',').map((item) => fromText(item.trim()));
  return asked.map((one, index) => ({
    name: one.name,
    namespace: one.namespace || own,
    interface: one.interface || `net${index + 1}`,
    ...(one.mac ? { mac: one.mac } : {}),
  }));
}

interface Asked {
  namespace?: string | undefined;
  name: string;
  interface?: string | undefined;
  mac?: string | undefined;
}

function fromJson(text: string): Asked[] {
  try {
    return (JSON.parse(text) as Record<string, string | undefined>[]).map((one) => ({
      name: one['name'] ?? '',
      namespace: one['namespace'],
      interface: one['interface'],
      mac: one['mac'],
    }));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new SelectionError(
      `parsePodNetworkAnnotation: failed to parse pod Network Attachment Selection Annotation JSON format: ${reason}`,
    );
  }
}

function fromText(text: string): Asked {
  const fail = (why: string): never => {
    throw new SelectionError(`parsePodNetworkAnnotation: parsePodNetworkObjectName: ${why}`);
  };
  const path = text.split('/');
  if (path.length > 2) fail("Invalid network object (failed at '/')");
  const [name = '', iface, ...more] = (path.at(-1) ?? '').split('@');
  if (more.length > 0) fail("Invalid network object (failed at '@')");
  const namespace = path.length === 2 ? path[0]?.trim() : undefined;
  for (const item of [namespace ?? '', name]) {
    if (item !== '' && !/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(item)) {
      fail(
        `Failed to parse: one or more items did not match comma-delimited format (must consist of lower case alphanumeric characters). Must start and end with an alphanumeric character), mismatch @ '${item}'`,
      );
    }
  }
  return { namespace, name, interface: iface?.trim() };
}

/** What a pod was given, by its network-status annotation. */
export function networkStatusOf(pod: KubeObject | undefined): NetworkStatus[] {
  const text = pod?.metadata.annotations?.[NETWORK_STATUS];
  return text === undefined ? [] : (JSON.parse(text) as NetworkStatus[]);
}

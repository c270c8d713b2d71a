import { type CniConfig, readCni } from '../model/cni.ts';
import type { Subject } from '../model/finding.ts';
import { perSnapshot } from '../model/memo.ts';
import type { NetworkAttachmentDefinition, NodeNetworkInterface } from '../model/objects.ts';
import { type Setting, settingsOf } from '../model/settings.ts';
import { itemsOf, type Snapshot } from '../model/snapshot.ts';

/** The dedicated migration network that the settings name. */
export interface MigrationAttachment {
  setting: Setting<string>;
  /** Where virt-handler looks for it. */
  namespace: string;
  name: string;
  /** Undefined where it is not there, or not known. */
  object?: NetworkAttachmentDefinition;
  /** Undefined where it is not JSON, too. */
  config?: CniConfig;
  /** Others of that name, in namespaces where it is of no use. */
  elsewhere: string[];
}

/** The attachment as findings name it. */
export function subjectOfAttachment({ namespace, name }: MigrationAttachment): Subject {
  return { kind: 'NetworkAttachmentDefinition', namespace, name };
}

/** Undefined where migrations use the pod network. A name without a namespace means KubeVirt's own (facts/kubevirt.md D7). */
export const migrationAttachmentOf = perSnapshot((snapshot: Snapshot): MigrationAttachment | undefined => {
  const setting = settingsOf(snapshot).network;
  if (setting.value === undefined) return undefined;
  const [kubeVirt] = itemsOf(snapshot.lists.kubeVirts);
  const [first = '', second] = setting.value.split('/');
  const name = second ?? first;
  const namespace =
    second === undefined ? (kubeVirt?.metadata.namespace ?? setting.object?.namespace ?? 'openshift-cnv') : first;
  const named = itemsOf(snapshot.lists.networkAttachments).filter(({ metadata }) => metadata.name === name);
  const object = named.find(({ metadata }) => metadata.namespace === namespace);
  const config = object === undefined ? undefined : readCni(object);
  return {
    setting,
    namespace,
    name,
    ...(object !== undefined && { object }),
    ...(config !== undefined && config.broken === undefined && { config }),
    elsewhere: named
      .flatMap(({ metadata }) => (metadata.namespace === namespace ? [] : (metadata.namespace ?? [])))
      .sort(),
  };
});

/** NMState's view of the interfaces of each node, by node. */
export const interfacesOf = perSnapshot(
  (snapshot: Snapshot): Map<string, NodeNetworkInterface[]> =>
    new Map(
      itemsOf(snapshot.lists.nodeNetworkStates).map(({ metadata, status }) => [
        metadata.name,
        status?.currentState?.interfaces ?? [],
      ]),
    ),
);

/** The bridge that OVN-Kubernetes puts over a node's default interface. */
const DEFAULT_BRIDGE = 'br-ex';

/**
 * The interface among `name` and what it stands on (VLAN, bond, bridge ports) that OVN-Kubernetes has for itself: br-ex,
 * or the port of it; undefined if it is free.
 */
export function onDefaultBridge(name: string, interfaces: readonly NodeNetworkInterface[]): string | undefined {
  const seen = new Set<string>();
  const look = (each: string): string | undefined => {
    if (each === DEFAULT_BRIDGE) return each;
    if (seen.has(each)) return undefined;
    seen.add(each);
    for (const one of interfaces.filter((candidate) => candidate.name === each)) {
      if (one['controller'] === DEFAULT_BRIDGE) return each;
      for (const below of lowerOf(one)) {
        const found = look(below);
        if (found !== undefined) return found;
      }
    }
    return undefined;
  };
  return look(name);
}

/** What an interface stands on, as NMState writes it. */
function lowerOf(one: NodeNetworkInterface): string[] {
  const vlan = (one['vlan'] as { 'base-iface'?: string } | undefined)?.['base-iface'];
  const bond = (one['link-aggregation'] as { port?: string[] } | undefined)?.port ?? [];
  const bridge = (one['bridge'] as { port?: { name: string }[] } | undefined)?.port ?? [];
  return [...(vlan === undefined ? [] : [vlan]), ...bond, ...bridge.map((port) => port.name)];
}

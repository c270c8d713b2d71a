import { resources } from '../cluster/resources.ts';
import type { Resource, StoredObject } from '../kube/types.ts';
import type { DaemonSet, NetworkAttachmentDefinition, Pod } from '../model/objects.ts';
import { isReadyPod } from '../model/pods.ts';
import { type AddressRange, contains, mayGive, parseAddress } from './addresses.ts';
import { handlersOf, MIGRATION_INTERFACE, migrationInterface, NETWORKS } from './site.ts';
import { type Context, StepFailed, until } from './wait.ts';

/** What virt-handlers are to be on. */
export interface Wanted {
  namespace: string;
  /** The network's name, as the setting has it; undefined: the pod network only. */
  network: string | undefined;
  /** Where their addresses lie; empty: anywhere. */
  ranges: readonly AddressRange[];
}

/** virt-handler on a node, with its address on the network. */
export interface HandlerAddress {
  node: string;
  address: string;
}

const events: Resource = { group: '', version: 'v1', plural: 'events', namespaced: true };

/**
 * How long the roll-out may rest, ms: a virt-handler that waits for its migrations takes up to
 * terminationGracePeriodSeconds (330 s, KubeVirt components/daemonsets.go) to end, and then another starts.
 */
const PER_POD = 10 * 60_000;
/** How long a pod may hang in ContainerCreating before its events are read, ms. */
const HANGING = 60_000;

/** Waits until virt-operator has replaced every virt-handler, and each is on the network (or off it). Throws StepFailed, with the reason, when one can't start. */
export async function waitForHandlers(context: Context, wanted: Wanted): Promise<HandlerAddress[]> {
  const told = new Set<string>();
  const hanging = new Map<string, number>();
  const what = 'the roll-out of virt-handler';
  return await until<HandlerAddress[]>(context, { what, limit: PER_POD }, async () => {
    const { set, pods } = await read(context, wanted.namespace);
    const handlers = handlersOf(pods);
    for (const { node, pod } of handlers) {
      const good = isReadyPod(pod) && isOn(pod, wanted);
      if (!good && isNew(pod, set)) await complain(context, wanted, node, pod, hanging);
      const key = `${node} ${pod.metadata.uid ?? ''}`;
      if (good && !told.has(key)) {
        told.add(key);
        const address = migrationInterface(pod)?.ips?.[0];
        const where =
          wanted.network === undefined ? 'on the pod network' : `${MIGRATION_INTERFACE} has ${address ?? 'an address'}`;
        context.emit({ type: 'progress', message: `virt-handler on ${node}: ${where}` });
      }
    }
    const good = handlers.filter(({ pod }) => isReadyPod(pod) && isOn(pod, wanted));
    const expected = set?.status?.desiredNumberScheduled ?? handlers.length;
    const leaving = pods.some(({ metadata }) => metadata.deletionTimestamp !== undefined);
    if (
      asked(set) === wanted.network &&
      good.length >= expected &&
      good.length === handlers.length &&
      !leaving &&
      rolled(set)
    ) {
      return {
        done: good.map(({ node, pod }) => ({
          node,
          address: migrationInterface(pod)?.ips?.[0] ?? pod.status?.podIP ?? '',
        })),
      };
    }
    return {
      progress: `${good.length} of ${expected} virt-handlers are ${wanted.network === undefined ? 'back' : 'on it'}`,
    };
  });
}

/** Waits until no virt-handler is on a network any more. */
export async function waitUntilOff(
  context: Context,
  namespace: string,
  { metadata }: NetworkAttachmentDefinition,
): Promise<void> {
  const key = `${metadata.namespace ?? ''}/${metadata.name}`;
  await until(context, { what: 'virt-handlers to leave the network', limit: PER_POD }, async () => {
    const { pods } = await read(context, namespace);
    const on = pods.filter((pod) => migrationInterface(pod)?.name === key).length;
    return on === 0 ? { done: undefined } : { progress: `${on} are on it` };
  });
}

async function read(
  { client, signal }: Context,
  namespace: string,
): Promise<{ set: DaemonSet | undefined; pods: Pod[] }> {
  const [sets, pods] = await Promise.all([
    client.list<DaemonSet>(resources.daemonSets, { namespace, fieldSelector: 'metadata.name=virt-handler', signal }),
    client.list<Pod>(resources.pods, { namespace, labelSelector: 'kubevirt.io=virt-handler', signal }),
  ]);
  return { set: sets.items[0], pods: pods.items };
}

/** The network that virt-operator has put into the DaemonSet. */
function asked(set: DaemonSet | undefined): string | undefined {
  const text = set?.spec?.template.metadata?.annotations?.[NETWORKS];
  const entry = text?.split(',').find((one) => one.trim().endsWith(`@${MIGRATION_INTERFACE}`));
  return entry?.trim().slice(0, -MIGRATION_INTERFACE.length - 1);
}

function rolled(set: DaemonSet | undefined): boolean {
  const {
    desiredNumberScheduled: desired = 0,
    updatedNumberScheduled = 0,
    numberReady = 0,
    observedGeneration,
  } = set?.status ?? {};
  const current = observedGeneration === undefined || observedGeneration === set?.metadata.generation;
  return current && updatedNumberScheduled >= desired && numberReady >= desired;
}

function isOn(pod: Pod, { network, ranges }: Wanted): boolean {
  const on = migrationInterface(pod);
  if (network === undefined) return on === undefined;
  if (on === undefined) return false;
  return ranges.length === 0 || (on.ips ?? []).some((ip) => inRanges(ranges, ip));
}

/** Whether an address lies in a network; exclusions are not looked at: an address that is excluded now may have been given out before. */
export function inRanges(ranges: readonly AddressRange[], ip: string): boolean {
  const address = parseAddress(ip);
  return address !== undefined && ranges.some((range) => mayGive(range, address) || contains(range.cidr, address));
}

/** Whether a pod is of the DaemonSet's template as it is now. */
function isNew(pod: Pod, set: DaemonSet | undefined): boolean {
  const now = set?.spec?.template.metadata?.annotations?.[NETWORKS];
  return pod.metadata.annotations?.[NETWORKS] === now;
}

/** Throws StepFailed if a pod does not start, with what the kubelet or Multus says of it. */
async function complain(
  context: Context,
  { namespace, network, ranges }: Wanted,
  node: string,
  pod: Pod,
  hanging: Map<string, number>,
): Promise<void> {
  const on = migrationInterface(pod);
  const waiting = (pod.status?.containerStatuses ?? []).map(({ state }) => state?.waiting?.reason);
  const who = `virt-handler on ${node}`;
  if (waiting.includes('CrashLoopBackOff')) {
    const why = on !== undefined && (on.ips ?? []).length === 0 ? `: ${MIGRATION_INTERFACE} has no address` : '';
    throw new StepFailed(`${who} crashes again and again${why}`);
  }
  if (
    network !== undefined &&
    ranges.length > 0 &&
    on?.ips !== undefined &&
    !on.ips.some((ip) => inRanges(ranges, ip))
  ) {
    throw new StepFailed(`${who} has ${on.ips.join(', ')} on ${MIGRATION_INTERFACE}, which is not in the network`);
  }
  if (pod.status?.phase !== 'Pending') return;
  const key = pod.metadata.uid ?? pod.metadata.name;
  const since = hanging.get(key) ?? context.client.serverNow();
  hanging.set(key, since);
  if (context.client.serverNow() - since < HANGING) return;
  const reason = await sandboxFailure(context, namespace, pod);
  if (reason !== undefined) throw new StepFailed(`${who} does not start: ${reason}`);
}

interface EventObject extends StoredObject {
  reason?: string;
  message?: string;
  involvedObject?: { uid?: string };
}

async function sandboxFailure({ client, signal }: Context, namespace: string, pod: Pod): Promise<string | undefined> {
  const fieldSelector = `involvedObject.name=${pod.metadata.name}`;
  const { items } = await client.list<EventObject>(events, { namespace, fieldSelector, signal });
  const about = items.filter(
    ({ involvedObject }) => involvedObject?.uid === undefined || involvedObject.uid === pod.metadata.uid,
  );
  const failed = about.findLast(({ reason }) => reason === 'FailedCreatePodSandBox' || reason === 'NoNetworkFound');
  if (failed?.message === undefined) return undefined;
  // Multus repeats the pod and its sandbox several times before it comes to the point.
  const point = /(?:error adding container to network "[^"]*": |error in getting k8s network for pod: )(.*?)'?$/s.exec(
    failed.message,
  );
  return (point?.[1] ?? failed.message).replace(/\s+/g, ' ').slice(0, 300);
}

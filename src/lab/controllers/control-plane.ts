import type { KubeObject, Pod } from '../../model/objects.ts';
import { isReadyPod } from '../../model/pods.ts';
import type { Timer } from '../clock.ts';
import { type Cluster, type Controller, modify } from '../cluster.ts';
import { CNV_NAMESPACE, resources } from '../resources.ts';
import { DOWN, isDown } from './kubelet.ts';

/** virt-controller's leader election: its lease, how long that holds, and how often a candidate tries (KubeVirt pkg/virt-controller/leaderelectionconfig), ms. */
const LEASE = 'virt-controller';
const HOLDS = 15_000;
const RETRY = 2000;
/** The real leader renews at each retry; every 10 s is enough for what holds 15 s, and costs a lab at rest less. */
const RENEWAL = 10_000;

interface Lease extends KubeObject {
  spec: {
    holderIdentity: string;
    leaseDurationSeconds: number;
    acquireTime: string;
    renewTime: string;
    leaseTransitions: number;
  };
}

/** Pods of one of KubeVirt's components, by their label kubevirt.io. */
export function componentPods(cluster: Pick<Cluster, 'store'>, component: string): Pod[] {
  return cluster.store
    .list<Pod>(resources.pods, CNV_NAMESPACE)
    .filter((pod) => pod.metadata.labels?.['kubevirt.io'] === component);
}

/** virt-controller's pod that holds the lease, as long as it leads. */
export function leadingController(cluster: Cluster): Pod | undefined {
  if (!cluster.virtController.works()) return undefined;
  const holder = cluster.store.get<Lease>(resources.leases, CNV_NAMESPACE, LEASE)?.spec.holderIdentity;
  return holder === undefined ? undefined : cluster.store.get<Pod>(resources.pods, CNV_NAMESPACE, holder);
}

/** What virt-operator waits for: a ready pod of each (KubeVirt pkg/virt-operator/util, DeploymentIsReady). */
export function componentsReady(cluster: Cluster): boolean {
  return ['virt-api', 'virt-controller'].every((component) => {
    const pods = componentPods(cluster, component);
    return pods.length === 0 || pods.some(isReadyPod);
  });
}

/** Whether an object is a pod of virt-api or virt-controller. */
export function isControlPlane({ metadata }: KubeObject): boolean {
  const component = metadata.labels?.['kubevirt.io'];
  return component === 'virt-api' || component === 'virt-controller';
}

/**
 * Whether virt-api and virt-controller work, by their pods: virt-api while one of it is ready and believed, virt-controller while
 * the one that leads is. A leader that fell silent is succeeded once its lease has run out. A cluster that was never seen
 * to have such pods (an imported one's may not be told) has both.
 */
export function controlPlane(cluster: Cluster): Controller {
  const { clock, store } = cluster;
  const random = cluster.random.fork('control-plane');
  let takeover: Timer | undefined;

  const works = (pod: Pod): boolean => isReadyPod(pod) && !isDown(cluster, pod.spec?.nodeName);
  const time = (): string => new Date(clock.now()).toISOString().replace('Z', '000Z');
  const lease = (): Lease | undefined => store.get<Lease>(resources.leases, CNV_NAMESPACE, LEASE);

  function candidates(): Pod[] {
    return componentPods(cluster, 'virt-controller').filter(works);
  }

  function lead({ metadata: { name } }: Pod): void {
    const before = lease();
    if (before === undefined) {
      store.create<Lease>(resources.leases, {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name: LEASE, namespace: CNV_NAMESPACE, uid: random.uuid() },
        spec: {
          holderIdentity: name,
          leaseDurationSeconds: HOLDS / 1000,
          acquireTime: time(),
          renewTime: time(),
          leaseTransitions: 0,
        },
      });
    } else {
      modify<Lease>(cluster, resources.leases, before, ({ spec }) => {
        if (spec.holderIdentity !== name) spec.leaseTransitions++;
        Object.assign(spec, { holderIdentity: name, acquireTime: time(), renewTime: time() });
      });
    }
    cluster.virtController.set(true);
  }

  function leads(): boolean {
    const holder = lease()?.spec.holderIdentity;
    if (holder === undefined) return componentPods(cluster, LEASE).length === 0;
    return candidates().some(({ metadata }) => metadata.name === holder);
  }

  function look(): void {
    const apis = componentPods(cluster, 'virt-api');
    const believed = apis.filter(({ metadata }) => !cluster.broken.oldCertificates.has(metadata.uid ?? ''));
    if (apis.length > 0) cluster.virtApi.set(believed.some(works));
    const leading = leads();
    if (leading && cluster.virtController.works()) return;
    cluster.virtController.set(false);
    if (takeover !== undefined || candidates().length === 0) return;
    // A leader that is back before another took over just renews its lease.
    const runsOut = leading ? 0 : Date.parse(lease()?.spec.renewTime ?? '') + HOLDS - clock.now();
    takeover = clock.after(Math.max(0, runsOut || 0) + random.between(0, RETRY), () => {
      takeover = undefined;
      const [first] = candidates();
      if (first !== undefined && !(leads() && cluster.virtController.works())) lead(first);
    });
  }

  return {
    start: () => {
      const [first] = candidates();
      if (first !== undefined) lead(first);
      look();
      store.subscribe(({ resource, object, previous }) => {
        if (resource === resources.pods && isControlPlane(object)) look();
        else if (resource === resources.nodes && isSwitched(object, previous)) look();
      });
      clock.every(RENEWAL, () => {
        const held = lease();
        if (held === undefined || !cluster.virtController.works()) return;
        modify<Lease>(cluster, resources.leases, held, ({ spec }) => {
          spec.renewTime = time();
        });
      });
    },
  };
}

function isSwitched(node: KubeObject, previous: KubeObject | undefined): boolean {
  return node.metadata.annotations?.[DOWN] !== previous?.metadata.annotations?.[DOWN];
}

import type { DaemonSet, KubeVirt, Pod } from '../../model/objects.ts';
import { isReadyPod } from '../../model/pods.ts';
import { type Cluster, type Controller, modify, now } from '../cluster.ts';
import { CNV_NAMESPACE, resources } from '../resources.ts';
import { kubeVirtOf } from './config.ts';
import { componentsReady, isControlPlane } from './control-plane.ts';
import { isHandler } from './handler-pods.ts';
import { available, deploying, failedBy, updating } from './virt-operator-conditions.ts';
import { deploymentId, FAST, identifierOf, migrationNetworkOf, ofDeployment, SLOW } from './virt-operator-daemonset.ts';
import { type Requeue, workqueue } from './workqueue.ts';

const SOURCE = { component: 'virt-operator' };
/** A job writes out the manifests of a new deployment first: a pod that starts, runs and ends. An assumption, ms. */
const STRATEGY_JOB: [number, number] = [8000, 15_000];

/**
 * virt-operator, as far as settings make it roll virt-handler out anew: a canary first, then 10 % of the nodes at a
 * time, then maxUnavailable is 1 again (KubeVirt pkg/virt-operator/resource/apply/apps.go, processCanaryUpgrade;
 * facts/kubevirt.md D7).
 */
export function virtOperator(cluster: Cluster): Controller {
  const { clock, store, events } = cluster;
  const random = cluster.random.fork('virt-operator');
  /** Deployments whose manifests are written. */
  const known = new Set<string>();
  const writing = new Set<string>();
  const queue = workqueue(cluster, 'virt-operator', { from: 100, to: 400 }, sync);

  function sync(): Requeue | undefined {
    const kubeVirt = kubeVirtOf(cluster);
    const set = store.get<DaemonSet>(resources.daemonSets, CNV_NAMESPACE, 'virt-handler');
    if (kubeVirt?.status === undefined || set === undefined) return undefined;
    const network = migrationNetworkOf(kubeVirt);
    const target = deploymentId(cluster.version, network);
    const { observedDeploymentID: observed } = kubeVirt.status;
    const settled = observed === target && !isRolling(kubeVirt, set, target) && componentsReady(cluster);
    if (observed === undefined || settled) return undefined;
    setTarget(kubeVirt, target);
    if (!known.has(target) && observed !== target) {
      if (!writing.has(target)) {
        writing.add(target);
        clock.after(random.between(...STRATEGY_JOB), () => {
          known.add(target);
          queue.add('kubevirt');
        });
      }
      return undefined;
    }
    rollOut(kubeVirt, set, network, target);
    return undefined;
  }

  function setTarget(kubeVirt: KubeVirt, target: string): void {
    modify<KubeVirt>(cluster, resources.kubeVirts, kubeVirt, (draft) => {
      const { status = {} } = draft;
      draft.status = {
        ...status,
        targetDeploymentID: target,
        targetKubeVirtRegistry: status.observedKubeVirtRegistry ?? '',
        targetKubeVirtVersion: cluster.version.kubevirt,
      };
      if (status.observedDeploymentID === target) deploying(draft, now(cluster));
      else updating(draft, now(cluster));
    });
  }

  function rollOut(kubeVirt: KubeVirt, set: DaemonSet, network: string | undefined, target: string): void {
    const own = store
      .list<Pod>(resources.pods, CNV_NAMESPACE)
      .filter((pod) => isHandler(pod) && pod.metadata.ownerReferences?.some(({ uid }) => uid === set.metadata.uid));
    const updated = own.filter((pod) => identifierOf(pod) === target);
    const ready = updated.filter(isReadyPod).length;
    const desired = set.status?.desiredNumberScheduled ?? 0;
    if (identifierOf(set) !== target) {
      modify<DaemonSet>(cluster, resources.daemonSets, set, (draft) => {
        Object.assign(draft, ofDeployment(draft, cluster.version, network));
        setMaxUnavailable(draft, SLOW);
      });
    } else if (ready === 0) {
      if (updated.some(hasCrashed)) {
        const error = `daemonSet ${set.metadata.name} rollout failed`;
        events.warning(set, SOURCE, 'FailedUpdate', `daemonSet ${set.metadata.name} rollout failed`);
        modify<KubeVirt>(cluster, resources.kubeVirts, kubeVirt, (draft) => failedBy(draft, error, now(cluster)));
      }
    } else if (ready < desired) {
      if (!isFast(set))
        modify<DaemonSet>(cluster, resources.daemonSets, set, (draft) => setMaxUnavailable(draft, FAST));
    } else {
      modify<DaemonSet>(cluster, resources.daemonSets, set, (draft) => setMaxUnavailable(draft, SLOW));
      if (own.length > desired || set.status?.numberReady !== desired || !componentsReady(cluster)) return;
      modify<KubeVirt>(cluster, resources.kubeVirts, kubeVirt, (draft) => {
        available(draft, now(cluster));
        draft.status = {
          ...draft.status,
          observedDeploymentID: target,
          observedKubeVirtVersion: cluster.version.kubevirt,
          operatorVersion: cluster.version.kubevirt,
          ...(draft.metadata.generation === undefined ? {} : { observedGeneration: draft.metadata.generation }),
        };
      });
    }
  }

  return {
    start: () => {
      store.subscribe(({ resource, object }) => {
        const own = resource === resources.pods && (isHandler(object) || isControlPlane(object));
        if (own || resource === resources.kubeVirts || resource === resources.daemonSets) queue.add('kubevirt');
      });
    },
  };
}

/** Whether there is something to do though the deployment is the one that was completed last. */
function isRolling(kubeVirt: KubeVirt, set: DaemonSet, target: string): boolean {
  const ready = kubeVirt.status?.conditions?.some(
    ({ type, reason }) => type === 'Available' && reason === 'AllComponentsReady',
  );
  return (
    identifierOf(set) !== target || isFast(set) || kubeVirt.status?.targetDeploymentID !== target || ready !== true
  );
}

function isFast(set: DaemonSet): boolean {
  const maxUnavailable: unknown = set.spec?.updateStrategy?.rollingUpdate?.maxUnavailable;
  return maxUnavailable !== undefined && Number(maxUnavailable) !== SLOW;
}

function setMaxUnavailable(set: DaemonSet, maxUnavailable: number | string): void {
  if (set.spec === undefined) return;
  set.spec.updateStrategy = { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: maxUnavailable as never } };
}

/** KubeVirt's PodIsCrashLooping. */
function hasCrashed(pod: Pod): boolean {
  return (pod.status?.containerStatuses ?? []).some(
    ({ state, lastState, restartCount }) =>
      state?.terminated !== undefined || lastState?.terminated !== undefined || restartCount > 0,
  );
}

import type { PersistentVolumeClaim, Pod } from '../../model/objects.ts';
import { type Cluster, modify } from '../cluster.ts';
import { resources } from '../resources.ts';
import { classOf, isBound, SELECTED_NODE, waitsForConsumer } from './pvc-binding.ts';

/** What a pod's claims mean for its placement. */
interface PodClaims {
  /** Why it fits no node, in kube-scheduler's words. */
  problem?: string;
  /** Claims that are bound once a node is chosen. */
  waiting: PersistentVolumeClaim[];
}

/** Names of the claims a pod mounts. */
export function claimsOfPod(pod: Pod): string[] {
  return (pod.spec?.volumes ?? []).flatMap(({ persistentVolumeClaim }) =>
    persistentVolumeClaim === undefined ? [] : [persistentVolumeClaim.claimName],
  );
}

/** What kube-scheduler's VolumeBinding plugin finds before it looks at nodes (Kubernetes 1.33, volume_binding.go PreFilter). */
export function podClaims(cluster: Cluster, pod: Pod): PodClaims {
  const waiting: PersistentVolumeClaim[] = [];
  for (const name of claimsOfPod(pod)) {
    const claim = cluster.store.get<PersistentVolumeClaim>(resources.claims, pod.metadata.namespace, name);
    if (claim === undefined) return { problem: `persistentvolumeclaim "${name}" not found`, waiting };
    if (claim.metadata.deletionTimestamp !== undefined) {
      return { problem: `persistentvolumeclaim "${name}" is being deleted`, waiting };
    }
    if (isBound(claim)) continue;
    if (!waitsForConsumer(classOf(cluster, claim))) {
      return { problem: 'pod has unbound immediate PersistentVolumeClaims', waiting };
    }
    waiting.push(claim);
  }
  return { waiting };
}

/** kube-scheduler's PreBind: tells whoever provisions the claims where their consumer will run. */
export function selectNode(cluster: Cluster, claims: PersistentVolumeClaim[], node: string): void {
  for (const claim of claims) {
    modify<PersistentVolumeClaim>(cluster, resources.claims, claim, (draft) => {
      draft.metadata.annotations = { ...draft.metadata.annotations, [SELECTED_NODE]: node };
    });
  }
}

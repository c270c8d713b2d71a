import type { Node, PersistentVolumeClaim, Pod } from '../../model/objects.ts';
import { isFinishedPod } from '../../model/pods.ts';
import { byKey, type Cluster, type Controller, keyOf, modify, now } from '../cluster.ts';
import { resources } from '../resources.ts';
import { claimOf, type DataVolume, InvalidClaim } from './cdi-claim.ts';
import { conditionsOf, phaseEvent, phaseOf, progressOf, type Transfer } from './cdi-status.ts';
import { planTransfer, sizeOf } from './cdi-transfer.ts';
import { bind, classOf, isBound, SELECTED_NODE, waitsForConsumer } from './pvc-binding.ts';
import { claimsOfPod } from './pvc-scheduling.ts';
import { type Requeue, workqueue } from './workqueue.ts';

const CDI = { component: 'datavolume-import-controller' };
const ADOPTION = 'cdi.kubevirt.io/allowClaimAdoption';
const IMMEDIATE = 'cdi.kubevirt.io/storage.bind.immediate.requested';

/** How often CDI asks how far a transfer is (controller-base.go). */
const POLL = 2000;

/**
 * CDI's DataVolume controllers and populators, as far as their objects show: a claim for each DataVolume, filled from
 * its source once it is known where, then bound. The pods that fill it are not in the lab. All classes count as CSI.
 */
export function cdi(cluster: Cluster): Controller {
  const { store, clock, events } = cluster;
  const random = cluster.random.fork('cdi');
  const queue = workqueue(cluster, 'cdi', { from: 30, to: 120 }, reconcile);
  /** By the DataVolume's UID. */
  const transfers = new Map<string, Transfer>();

  function reconcile(key: string): Requeue | undefined {
    const volume = byKey<DataVolume>(cluster, resources.dataVolumes, key);
    if (volume === undefined || volume.metadata.deletionTimestamp !== undefined) return undefined;
    const had = byKey(cluster, resources.claims, key) !== undefined;
    const claim = claimFor(volume);
    if (claim === 'foreign') return undefined;
    const uid = volume.metadata.uid ?? '';
    if (had && claim !== undefined && !isBound(claim) && !transfers.has(uid) && mayStart(volume, claim))
      begin(volume, claim);
    updateStatus(volume, claim, transfers.get(uid));
    return undefined;
  }

  /** The claim of a DataVolume, made or adopted; `foreign`: it belongs to somebody else. */
  function claimFor(volume: DataVolume): PersistentVolumeClaim | 'foreign' | undefined {
    const claim = byKey<PersistentVolumeClaim>(cluster, resources.claims, keyOf(volume));
    if (claim === undefined) return createClaim(volume);
    const owner = claim.metadata.ownerReferences?.find(({ controller }) => controller === true);
    if (owner?.uid === volume.metadata.uid) return claim;
    const { name, uid = '' } = volume.metadata;
    if (owner === undefined && volume.metadata.annotations?.[ADOPTION] === 'true') {
      return modify<PersistentVolumeClaim>(cluster, resources.claims, claim, (draft) => {
        draft.metadata.ownerReferences = [
          { apiVersion: volume.apiVersion, kind: 'DataVolume', name, uid, controller: true, blockOwnerDeletion: true },
        ];
      });
    }
    events.warning(
      volume,
      CDI,
      'ErrResourceExists',
      `Resource "${name}" already exists and is not managed by DataVolume`,
    );
    return 'foreign';
  }

  function createClaim(volume: DataVolume): PersistentVolumeClaim | undefined {
    try {
      return store.create<PersistentVolumeClaim>(resources.claims, claimOf(cluster, volume));
    } catch (error) {
      if (!(error instanceof InvalidClaim)) throw error;
      if (error.event !== undefined) events.warning(volume, CDI, 'ErrClaimNotValid', error.event);
      return undefined;
    }
  }

  /** Whether it is known where the claim's volume shall be, and the source is there and at rest. */
  function mayStart(volume: DataVolume, claim: PersistentVolumeClaim): boolean {
    const storage = classOf(cluster, claim);
    if (storage === undefined) return false;
    if (waitsForConsumer(storage) && nodeOf(claim) === undefined) return false;
    const source = volume.spec.source?.pvc;
    if (source === undefined) return true;
    const namespace = source.namespace ?? volume.metadata.namespace ?? '';
    const from = store.get<PersistentVolumeClaim>(resources.claims, namespace, source.name);
    if (from === undefined) {
      events.warning(volume, CDI, 'CloneWithoutSource', `The source pvc ${source.name} doesn't exist`);
      return false;
    }
    const user = store
      .list<Pod>(resources.pods, namespace)
      .find((pod) => !isFinishedPod(pod) && claimsOfPod(pod).includes(source.name));
    if (user !== undefined) {
      events.warning(
        volume,
        CDI,
        'CloneSourceInUse',
        `pod ${namespace}/${user.metadata.name} using PersistentVolumeClaim ${source.name}`,
      );
      return false;
    }
    return isBound(from);
  }

  /** Where the consumer of a claim will run: its scheduler has said so, or nobody waits for one. */
  function nodeOf(claim: PersistentVolumeClaim): string | undefined {
    const selected = claim.metadata.annotations?.[SELECTED_NODE];
    if (selected !== undefined || claim.metadata.annotations?.[IMMEDIATE] === undefined) return selected;
    const nodes = store
      .list<Node>(resources.nodes)
      .filter(({ metadata, spec }) => metadata.labels?.['kubevirt.io/schedulable'] === 'true' && !spec?.unschedulable);
    if (nodes.length === 0) return undefined;
    const node = random.pick(nodes).metadata.name;
    modify<PersistentVolumeClaim>(cluster, resources.claims, claim, (draft) => {
      draft.metadata.annotations = { ...draft.metadata.annotations, [SELECTED_NODE]: node };
    });
    return node;
  }

  function begin(volume: DataVolume, claim: PersistentVolumeClaim): void {
    const key = keyOf(volume);
    const uid = volume.metadata.uid ?? '';
    const plan = planTransfer(volume, sizeOf(claim.spec?.resources?.requests?.['storage']), random);
    const transfer: Transfer = { state: 'scheduled', restarts: 0 };
    transfers.set(uid, transfer);
    const alive = (): boolean => transfers.get(uid) === transfer;
    const attempt = (): void => {
      if (!alive()) return;
      transfer.state = 'running';
      if (plan.tells) transfer.progress = 0;
      queue.add(key);
      if (plan.runMs === Infinity) return;
      const started = clock.now();
      const poll = clock.every(POLL, () => {
        if (!alive()) {
          poll.cancel();
          return;
        }
        if (plan.tells) transfer.progress = Math.min(99, ((clock.now() - started) / plan.runMs) * 100);
        queue.add(key);
      });
      clock.after(plan.runMs, () => {
        poll.cancel();
        if (!alive()) return;
        if (plan.failure === undefined) complete(key, transfer);
        else {
          Object.assign(transfer, { state: 'failing', failure: plan.failure, restarts: transfer.restarts + 1 });
          queue.add(key);
          // The kubelet's CrashLoopBackOff: 10 s, doubling, at most 5 min.
          clock.after(Math.min(300_000, 10_000 * 2 ** (transfer.restarts - 1)), attempt, { background: true });
        }
      });
    };
    clock.after(plan.startMs, attempt);
  }

  /** All data is there: the volume that received it is bound to the claim. */
  function complete(key: string, transfer: Transfer): void {
    transfer.state = 'done';
    queue.add(key);
    const claim = byKey<PersistentVolumeClaim>(cluster, resources.claims, key);
    const storage = claim === undefined ? undefined : classOf(cluster, claim);
    if (claim === undefined || claim.metadata.deletionTimestamp !== undefined || storage === undefined) return;
    bind(cluster, claim, storage, `pvc-${random.uuid()}`, claim.metadata.annotations?.[SELECTED_NODE]);
  }

  function updateStatus(
    volume: DataVolume,
    claim: PersistentVolumeClaim | undefined,
    transfer: Transfer | undefined,
  ): void {
    const waits = claim !== undefined && waitsForConsumer(classOf(cluster, claim)) && nodeOf(claim) === undefined;
    const ready = claim !== undefined && isBound(claim) && (transfer === undefined || transfer.state === 'done');
    const phase = phaseOf(volume, claim, { ready, waits }, transfer);
    const conditions = conditionsOf(volume, claim, phase, transfer, now(cluster));
    const boundBefore = volume.status?.conditions?.find(({ type }) => type === 'Bound');
    const runningBefore = volume.status?.conditions?.find(({ type }) => type === 'Running');
    modify<DataVolume>(cluster, resources.dataVolumes, volume, (draft) => {
      draft.status = {
        ...draft.status,
        conditions,
        phase,
        progress: claim === undefined ? (draft.status?.progress ?? 'N/A') : progressOf(phase, transfer),
        restartCount: transfer?.restarts ?? draft.status?.restartCount ?? 0,
        ...(claim === undefined ? {} : { claimName: claim.metadata.name }),
      };
    });
    if (phase !== volume.status?.phase) {
      const event = phaseEvent(volume, phase);
      if (event !== undefined) events[event.type](volume, CDI, event.reason, event.message);
    }
    const [bound, , running] = conditions;
    if (bound !== undefined && (bound.reason !== boundBefore?.reason || bound.message !== boundBefore.message)) {
      events.normal(volume, CDI, bound.reason, bound.message);
    }
    if (transfer?.state === 'failing' && running !== undefined && running.message !== runningBefore?.message) {
      events.warning(volume, CDI, running.reason, running.message);
    }
  }

  function wakeAll(): void {
    for (const volume of store.values<DataVolume>(resources.dataVolumes)) {
      if (volume.status?.phase !== 'Succeeded') queue.add(keyOf(volume));
    }
  }

  return {
    start: () => {
      wakeAll();
      store.subscribe(({ type, resource, object, previous }) => {
        if (resource === resources.dataVolumes) {
          if (type === 'DELETED') transfers.delete(object.metadata.uid ?? '');
          else queue.add(keyOf(object));
        } else if (resource === resources.claims) {
          if (byKey(cluster, resources.dataVolumes, keyOf(object)) !== undefined) queue.add(keyOf(object));
          // A source that is bound now lets its clones begin.
          const before: PersistentVolumeClaim | undefined = previous;
          const nowBound = isBound(object) && (before === undefined || !isBound(before));
          if (nowBound && store.count(resources.dataVolumes) > 0) wakeAll();
        } else if (resource === resources.pods && store.count(resources.dataVolumes) > 0) {
          const ended = type === 'DELETED' || isFinishedPod(object);
          if (ended && claimsOfPod(object).length > 0) wakeAll();
        } else if (resource === resources.storageClasses || resource === resources.storageProfiles) wakeAll();
      });
    },
  };
}

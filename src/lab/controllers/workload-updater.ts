import type { KubeVirt, VirtualMachineInstance, VirtualMachineInstanceMigration } from '../../model/objects.ts';
import { ApiError } from '../api/status.ts';
import type { Timer } from '../clock.ts';
import { type Cluster, type Controller, keyOf, modify, remove } from '../cluster.ts';
import { resources } from '../resources.ts';
import { conditionOf, isTrue } from './conditions.ts';
import { kubeVirtOf, migrationSettings } from './config.ts';
import { launcherImage } from './launcher-pod.ts';
import { validateNewMigration } from './migration-admission.ts';
import { WORKLOAD_UPDATE } from './migration-backoff.ts';
import { freeSlots, isFinalMigration } from './migration-slots.ts';
import { newMigration } from './new-migration.ts';
import { isFinalVmi, isMigrating } from './printable-status.ts';
import { uncovered } from './volume-migration.ts';
import { evictVmi } from './workload-updater-evict.ts';

const UPDATER = { component: 'workload-update-controller' };

/** How often it acts at most (KubeVirt 1.3 to 1.9, defaultThrottleInterval). */
const THROTTLE = 5000;

const BATCH_SIZE = 10;
const BATCH_INTERVAL = '1m0s';

/** Keeps the updater from migrating a VMI, and ends its migrations; a hook of KubeVirt's tests. */
const ABORTION = 'kubevirt.io/testWorkloadUpdateMigrationAbortion';

/** A change of the spec that only a migration brings to the guest. */
function isHotplugging({ status }: VirtualMachineInstance): boolean {
  return (
    conditionOf(status?.conditions, 'HotVCPUChange') !== undefined ||
    isTrue(status?.conditions, 'HotMemoryChange') ||
    isTrue(status?.conditions, 'MigrationRequired')
  );
}

function isChangingVolumes({ status }: VirtualMachineInstance): boolean {
  return isTrue(status?.conditions, 'VolumesChange');
}

/** What is to be done, VMI by VMI. */
interface Work {
  /** All that run in an old virt-launcher, or wait for a change. */
  outdated: VirtualMachineInstance[];
  migrate: VirtualMachineInstance[];
  evict: VirtualMachineInstance[];
  /** Their migrations have lost their reason. */
  abort: VirtualMachineInstance[];
}

/**
 * virt-controller's workload updater (facts/kubevirt.md C3): migrates VMIs that run in an old virt-launcher or wait for
 * CPUs, memory or volumes, as many at a time as may migrate; evicts those that cannot migrate, if it is allowed to.
 */
export function workloadUpdater(cluster: Cluster): Controller {
  const { store, clock, events } = cluster;
  const random = cluster.random.fork('workload-updater');
  let timer: { at: number; background: boolean; timer: Timer } | undefined;
  let lastBatch = Number.NEGATIVE_INFINITY;
  let busy = false;

  function later(background: boolean, delay = THROTTLE): void {
    const at = Math.min(timer?.at ?? Infinity, clock.now() + delay);
    const quiet = background && (timer?.background ?? true);
    if (timer !== undefined && timer.at === at && timer.background === quiet) return;
    timer?.timer.cancel();
    timer = { at, background: quiet, timer: clock.at(at, run, { background: quiet }) };
  }

  function run(): void {
    timer = undefined;
    for (const needed of [cluster.virtController, cluster.virtApi]) {
      if (needed.works()) continue;
      needed.whenWorks(() => later(false));
      return;
    }
    const kubeVirt = kubeVirtOf(cluster);
    if (kubeVirt?.status?.phase !== 'Deployed') return;
    if (kubeVirt.status.observedDeploymentID !== kubeVirt.status.targetDeploymentID) return;
    const work = workFor(kubeVirt);
    const { length } = work.outdated;
    busy = length > 0;
    modify<KubeVirt>(cluster, resources.kubeVirts, kubeVirt, (draft) => {
      draft.status = { ...draft.status, outdatedVirtualMachineInstanceWorkloads: length };
    });
    for (const vmi of work.abort) abort(vmi);
    migrate(work.migrate);
    evict(kubeVirt, work.evict);
    if (work.migrate.length + work.abort.length > 0) later(true);
  }

  function unfinished(vmi: VirtualMachineInstance): VirtualMachineInstanceMigration[] {
    return cluster.migrationsOf.get(keyOf(vmi)).filter((migration) => !isFinalMigration(migration));
  }

  function own(vmi: VirtualMachineInstance): VirtualMachineInstanceMigration[] {
    return unfinished(vmi).filter(({ metadata }) => metadata.annotations?.[WORKLOAD_UPDATE] !== undefined);
  }

  function shouldAbort(vmi: VirtualMachineInstance): boolean {
    if (own(vmi).length === 0) return false;
    if (vmi.metadata.annotations?.[ABORTION] !== undefined) return true;
    if (isHotplugging(vmi) || isChangingVolumes(vmi)) return false;
    return vmi.status?.migrationState?.targetNodeDomainReadyTimestamp === undefined;
  }

  function workFor({ spec }: KubeVirt): Work {
    const work: Work = { outdated: [], migrate: [], evict: [], abort: [] };
    const methods = spec?.workloadUpdateStrategy?.workloadUpdateMethods ?? [];
    const image = launcherImage(cluster);
    for (const vmi of store.values<VirtualMachineInstance>(resources.vmis)) {
      if (vmi.status?.phase !== 'Running' || vmi.metadata.deletionTimestamp !== undefined) continue;
      const runs = vmi.status.launcherContainerImageVersion ?? '';
      const outdated = runs !== '' && runs !== image;
      if (!outdated && shouldAbort(vmi)) {
        work.abort.push(vmi);
        continue;
      }
      const moving = isMigrating(vmi, clock.now());
      const changes =
        !moving && vmi.metadata.annotations?.[ABORTION] === undefined && (isHotplugging(vmi) || isChangingVolumes(vmi));
      if (!outdated && !changes) continue;
      work.outdated.push(vmi);
      if (moving || unfinished(vmi).length > 0) continue;
      const volumes = vmi.status.migratedVolumes ?? [];
      const byVolumes = volumes.length > 0 && uncovered(vmi, volumes) === undefined;
      const migratable = isTrue(vmi.status.conditions, 'LiveMigratable') || byVolumes;
      if (methods.includes('LiveMigrate') && migratable) work.migrate.push(vmi);
      else if (methods.includes('Evict')) work.evict.push(vmi);
    }
    return work;
  }

  function migrate(candidates: VirtualMachineInstance[]): void {
    const shuffled = candidates
      .map((vmi) => ({ vmi, order: random.next() }))
      .sort((a, b) => a.order - b.order)
      .map(({ vmi }) => vmi);
    const free = Math.max(0, freeSlots(cluster, undefined).cluster);
    for (const vmi of shuffled.slice(0, Math.min(free, migrationSettings(cluster).parallelMigrationsPerCluster))) {
      try {
        const asked = { spec: { vmiName: vmi.metadata.name } } as VirtualMachineInstanceMigration;
        validateNewMigration(cluster, asked, vmi.metadata.namespace ?? '');
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        const message = `Error creating a Migration for automated workload update: ${error.message}`;
        events.warning(vmi, UPDATER, 'FailedCreate', message);
        continue;
      }
      const { name, uid = '' } = vmi.metadata;
      const migration = newMigration(cluster, vmi, {
        generateName: 'kubevirt-workload-update-',
        annotations: { [WORKLOAD_UPDATE]: '' },
        // A label's value has at most 63 characters.
        ...(isChangingVolumes(vmi)
          ? { labels: { 'kubevirt.io/volume-update-migration': name.length > 63 ? uid : name } }
          : {}),
        priority: isHotplugging(vmi) || isChangingVolumes(vmi) ? 'user-triggered' : 'system-critical',
      });
      const message = `Created Migration ${migration.metadata.name} for automated workload update`;
      events.normal(vmi, UPDATER, 'SuccessfulCreate', message);
    }
  }

  function evict({ spec }: KubeVirt, candidates: VirtualMachineInstance[]): void {
    if (candidates.length === 0) return;
    const strategy = spec?.workloadUpdateStrategy;
    const interval = milliseconds(strategy?.batchEvictionInterval ?? BATCH_INTERVAL);
    const next = lastBatch + interval;
    if (clock.now() > next) {
      lastBatch = clock.now();
      const batch = candidates.slice(0, strategy?.batchEvictionSize ?? BATCH_SIZE);
      for (const vmi of batch) evictVmi(cluster, vmi, UPDATER);
    }
    // What refused to go is asked again, too, but does not keep a lab awake.
    later(candidates.length <= (strategy?.batchEvictionSize ?? BATCH_SIZE), lastBatch + interval - clock.now() + 1);
  }

  function abort(vmi: VirtualMachineInstance): void {
    for (const migration of own(vmi)) {
      if (migration.metadata.deletionTimestamp !== undefined) continue;
      remove(cluster, resources.migrations, migration);
      events.normal(vmi, UPDATER, 'SuccessfulChangeAbortion', `Aborted change for vmi: ${vmi.metadata.name}`);
    }
  }

  return {
    start: () => {
      later(true);
      store.subscribe((event) => {
        if (event.resource === resources.kubeVirts) later(false);
        else if (event.resource === resources.migrations) {
          const automatic = event.object.metadata.annotations?.[WORKLOAD_UPDATE] !== undefined;
          later(!busy && !automatic);
        } else if (event.resource === resources.vmis && event.type === 'MODIFIED') {
          const vmi = event.object as VirtualMachineInstance;
          if (isFinalVmi(vmi)) return;
          const changes = isHotplugging(vmi) || isChangingVolumes(vmi);
          if (changes ? !isMigrating(vmi, clock.now()) : shouldAbort(vmi)) later(false);
        }
      });
    },
  };
}

/** A Go duration such as `1m0s` in ms. */
function milliseconds(text: string): number {
  const units: Record<string, number> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };
  let total = 0;
  for (const [, amount = '', unit = ''] of text.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g)) {
    total += Number(amount) * (units[unit] ?? 0);
  }
  return total;
}

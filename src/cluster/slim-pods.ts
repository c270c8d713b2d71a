import type { Pod } from '../model/objects.ts';
import { type Fields, pick, present, type Slim, slimMeta } from './slim-fields.ts';

function slimContainers(containers: NonNullable<Pod['spec']>['containers'] | undefined): Fields[] | undefined {
  return containers?.map((container) =>
    present({
      name: container.name,
      restartPolicy: container.restartPolicy,
      resources:
        container.resources?.requests === undefined && container.resources?.limits === undefined
          ? undefined
          : pick(container.resources, 'requests', 'limits'),
    }),
  );
}

function claimsOf(volumes: NonNullable<Pod['spec']>['volumes']): Fields[] | undefined {
  const claims = volumes?.flatMap(({ name, persistentVolumeClaim: claim }) =>
    claim === undefined ? [] : [{ name, persistentVolumeClaim: { claimName: claim.claimName } }],
  );
  return claims === undefined || claims.length === 0 ? undefined : claims;
}

const podConditions = new Set(['Ready', 'PodScheduled', 'DisruptionTarget']);

/** A pod: where it is or may be, what it asks for, and how it is. */
export const slimPod: Slim<Pod> = ({ metadata, spec, status }, share) => ({
  metadata: slimMeta(metadata),
  spec: spec && {
    ...pick(
      spec,
      'nodeName',
      'affinity',
      'overhead',
      'priority',
      'priorityClassName',
      'activeDeadlineSeconds',
      'schedulerName',
      'topologySpreadConstraints',
      'schedulingGates',
    ),
    ...present({
      nodeSelector: share(spec.nodeSelector),
      tolerations: share(spec.tolerations),
      resources: pick(spec.resources, 'requests'),
      initContainers: share(slimContainers(spec.initContainers)),
      // Which claims are attached to its node on its account.
      volumes: claimsOf(spec.volumes),
    }),
    containers: share(slimContainers(spec.containers) ?? []),
  },
  status: status && {
    ...pick(status, 'phase', 'reason', 'podIP', 'hostIP', 'startTime'),
    ...present({
      conditions: status.conditions
        ?.filter((condition) => podConditions.has(condition.type))
        .map((condition) => pick(condition, 'type', 'status', 'reason', 'message')),
      containerStatuses: status.containerStatuses?.map(({ name, ready, restartCount, state }) =>
        present({
          name,
          ready,
          restartCount,
          // Why it does not run; the messages of containers are their own, and may hold anything.
          state: present({
            waiting: pick(state?.waiting, 'reason'),
            terminated: pick(state?.terminated, 'reason', 'exitCode'),
          }),
        }),
      ),
    }),
  },
});

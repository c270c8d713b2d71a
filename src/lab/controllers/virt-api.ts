import type { Subresource, Webhook } from '../api/extension.ts';
import type { Cluster } from '../cluster.ts';
import { resources } from '../resources.ts';
import { evacuateCancel } from './evacuate-cancel.ts';
import { evictionSubresource, evictionWebhook } from './eviction.ts';
import { guestInfoSubresources } from './guest-info.ts';
import { hyperConvergedWebhooks } from './hco-admission.ts';
import { hotplugSubresources } from './hotplug-api.ts';
import { limitRanger } from './limit-range.ts';
import { migrationWebhooks } from './migration-admission.ts';
import { nmstateWebhooks } from './nmstate-webhooks.ts';
import { priorityAdmission } from './priority.ts';
import { quotaAdmission } from './quota.ts';
import { virtApiFailure } from './virt-api-service.ts';
import { vmWebhooks } from './vm-admission.ts';
import { lifecycleSubresources } from './vm-lifecycle.ts';

/** The API group that virt-api serves as an aggregated API. */
export const VIRT_API_GROUP = 'subresources.kubevirt.io';

/** virt-api, and what stands beside it: admission webhooks and the API group subresources.kubevirt.io; and the eviction of pods they guard. */
export function virtApi(cluster: Cluster): { webhooks: Webhook[]; subresources: Subresource[] } {
  return {
    webhooks: [
      ...[...asked(), ...migrationWebhooks(cluster), ...vmWebhooks(cluster), evictionWebhook(cluster)].map((webhook) =>
        servedByVirtApi(cluster, webhook),
      ),
      ...hyperConvergedWebhooks(cluster),
      priorityAdmission(cluster),
      limitRanger(cluster),
      ...quotaAdmission(cluster),
      ...nmstateWebhooks(cluster),
    ],
    subresources: [
      ...lifecycleSubresources(cluster),
      ...hotplugSubresources(cluster),
      ...evacuateCancel(cluster),
      ...guestInfoSubresources(cluster),
      evictionSubresource(cluster),
    ],
  };
}

/** Webhooks that the lab needs for nothing but that they have to be asked. */
function asked(): Webhook[] {
  const status = { name: 'kubevirt-crd-status-validator.kubevirt.io', validate: () => undefined };
  return [
    {
      name: 'virtualmachines-mutator.kubevirt.io',
      resource: resources.vms,
      operations: ['CREATE', 'UPDATE'],
      mutate: ({ object }) => object,
    },
    { ...status, resource: `${resources.vms}/status`, operations: ['CREATE', 'UPDATE'] },
    { ...status, resource: `${resources.migrations}/status`, operations: ['CREATE', 'UPDATE'] },
  ];
}

function servedByVirtApi(cluster: Cluster, webhook: Webhook): Webhook {
  const guardsEvictions = webhook.resource === 'pods/eviction';
  return {
    ...webhook,
    service: {
      failure: () => virtApiFailure(cluster, webhook.name),
      ...(guardsEvictions && !cluster.version.evictionsFailClosed ? { ignored: true } : {}),
    },
  };
}

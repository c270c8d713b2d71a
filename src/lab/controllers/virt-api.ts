import type { Subresource, Webhook } from '../api/extension.ts';
import type { Cluster } from '../cluster.ts';
import { evacuateCancel } from './evacuate-cancel.ts';
import { evictionSubresource, evictionWebhook } from './eviction.ts';
import { guestInfoSubresources } from './guest-info.ts';
import { hyperConvergedWebhooks } from './hco-admission.ts';
import { limitRanger } from './limit-range.ts';
import { migrationWebhooks } from './migration-admission.ts';
import { nmstateWebhooks } from './nmstate-webhooks.ts';
import { quotaAdmission } from './quota.ts';
import { vmWebhooks } from './vm-admission.ts';
import { lifecycleSubresources } from './vm-lifecycle.ts';

/** virt-api, and what stands beside it: admission webhooks and the API group subresources.kubevirt.io; and the eviction of pods they guard. */
export function virtApi(cluster: Cluster): { webhooks: Webhook[]; subresources: Subresource[] } {
  return {
    webhooks: [
      ...migrationWebhooks(cluster),
      ...vmWebhooks(cluster),
      evictionWebhook(cluster),
      ...hyperConvergedWebhooks(cluster),
      limitRanger(cluster),
      ...quotaAdmission(cluster),
      ...nmstateWebhooks(cluster),
    ],
    subresources: [
      ...lifecycleSubresources(cluster),
      ...evacuateCancel(cluster),
      ...guestInfoSubresources(cluster),
      evictionSubresource(cluster),
    ],
  };
}

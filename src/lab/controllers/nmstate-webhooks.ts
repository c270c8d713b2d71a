import type { AdmissionRequest, Webhook } from '../api/extension.ts';
import { ApiError } from '../api/status.ts';
import type { Cluster } from '../cluster.ts';
import { resources } from '../resources.ts';
import type { Policy } from './nmstate-objects.ts';

const LABEL = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;
const QUALIFIED =
  /^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const VALUE_RULE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const KEY_RULE =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

/** nmstate-webhook's checks of policies (kubernetes-nmstate v0.84, pkg/webhook/nodenetworkconfigurationpolicy). */
export function nmstateWebhooks({ clock }: Pick<Cluster, 'clock'>): Webhook[] {
  const resource = resources.nodeNetworkPolicies;
  return [
    {
      name: 'nodenetworkconfigurationpolicies-timestamp-mutate.nmstate.io',
      resource,
      operations: ['CREATE', 'UPDATE'],
      mutate: ({ object }) => ({
        ...object,
        metadata: {
          ...object.metadata,
          annotations: {
            ...object.metadata.annotations,
            'nmstate.io/webhook-mutating-timestamp': `${Math.floor(clock.now())}000000`,
          },
        },
      }),
    },
    {
      name: 'nodenetworkconfigurationpolicies-update-validate.nmstate.io',
      resource,
      operations: ['UPDATE'],
      validate: (request) => {
        const { policy, old } = policiesOf(request);
        if (JSON.stringify(policy.spec) === JSON.stringify(old?.spec)) return;
        const reason = old?.status?.conditions?.find(({ type }) => type === 'Available')?.reason ?? '';
        const causes = selectorCauses(policy);
        if (reason === '' || reason === 'ConfigurationProgressing') {
          causes.unshift(`policy ${policy.metadata.name} is still in progress`);
        }
        if (JSON.stringify(policy.spec?.capture) !== JSON.stringify(old?.spec?.capture)) {
          causes.push('invalid policy operation: capture field cannot be modified');
        }
        deny(policy, causes);
      },
    },
    {
      name: 'nodenetworkconfigurationpolicies-create-validate.nmstate.io',
      resource,
      operations: ['CREATE'],
      validate: (request) => {
        const { policy } = policiesOf(request);
        const { name } = policy.metadata;
        if (LABEL.test(name)) return;
        const rule = name.length > 63 ? 'must be no more than 63 bytes' : VALUE_RULE;
        deny(policy, [`invalid policy name: "${name}": ${rule}`]);
      },
    },
  ];
}

function policiesOf({ object, oldObject }: AdmissionRequest): { policy: Policy; old: Policy | undefined } {
  return { policy: object, old: oldObject };
}

function selectorCauses(policy: Policy): string[] {
  return Object.entries(policy.spec?.nodeSelector ?? {}).flatMap(([key, value]) => [
    ...(QUALIFIED.test(key) ? [] : [`invalid label key: "${key}": ${KEY_RULE}`]),
    ...(LABEL.test(value) ? [] : [`invalid label value: "${value}": at key: "${key}": ${VALUE_RULE}`]),
  ]);
}

function deny(policy: Policy, causes: string[]): void {
  if (causes.length === 0) return;
  const text = causes.map((cause) => `message: ${cause}. `).join('');
  throw new ApiError(403, `failed to admit NodeNetworkConfigurationPolicy ${policy.metadata.name}: ${text}`, {
    reason: 'Forbidden',
  });
}

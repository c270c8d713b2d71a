import type {
  KubeObject,
  MigrationPolicy,
  VirtualMachine,
  VirtualMachineInstance,
  VmiSpec,
} from '../../model/objects.ts';
import { bytesOf } from '../../model/quantity.ts';
import type { AdmissionRequest, User, Webhook } from '../api/extension.ts';
import { type Cause, deniedWithCauses } from '../api/status.ts';
import type { Cluster } from '../cluster.ts';
import { CNV_NAMESPACE, resources } from '../resources.ts';
import { featureGateEnabled } from './config.ts';
import { applyVmiDefaults } from './vmi-defaults.ts';

const EVICTION_STRATEGIES = ['None', 'LiveMigrate', 'LiveMigrateIfPossible', 'External'];
const RESERVED_LABELS = [
  'kubevirt.io/created-by',
  'kubevirt.io/migrationJobUID',
  'kubevirt.io/nodeName',
  'kubevirt.io/migrationTargetNodeName',
  'kubevirt.io/schedulable',
  'kubevirt.io/install-strategy',
];

/** KubeVirt's own components may do what users may not. */
function isKubeVirt({ name }: User): boolean {
  return name.startsWith(`system:serviceaccount:${CNV_NAMESPACE}:kubevirt-`);
}

function specCauses(spec: VmiSpec | undefined, path: string): Cause[] {
  const causes: Cause[] = [];
  const strategy = spec?.evictionStrategy;
  if (strategy !== undefined && !EVICTION_STRATEGIES.includes(strategy)) {
    causes.push({
      reason: 'FieldValueInvalid',
      message: `${path}.evictionStrategy is set with an unrecognized option: ${strategy}`,
      field: `${path}.evictionStrategy`,
    });
  }
  const volumes = new Set((spec?.volumes ?? []).map(({ name }) => name));
  for (const [index, disk] of (spec?.domain?.devices?.disks ?? []).entries()) {
    if (volumes.has(disk.name)) continue;
    const field = `${path}.domain.devices.disks[${index}].Name`;
    causes.push({ reason: 'FieldValueInvalid', message: `${field} '${disk.name}' not found.`, field });
  }
  return [...causes, ...networkCauses(spec, path)];
}

/** Every network has an interface, and every interface a network (KubeVirt pkg/network/admitter/netiface.go, v1.3 to v1.9). */
function networkCauses(spec: VmiSpec | undefined, path: string): Cause[] {
  const networks = spec?.networks ?? [];
  const interfaces = spec?.domain?.devices?.interfaces ?? [];
  const missing = (of: { name: string }[], among: { name: string }[], list: string, reason: string): Cause[] =>
    of.flatMap(({ name }, index) => {
      const field = `${path}.${list}[${index}].name`;
      if (among.some((other) => other.name === name)) return [];
      return { reason, message: `${field} '${name}' not found.`, field };
    });
  return [
    ...missing(networks, interfaces, 'networks', 'FieldValueRequired'),
    ...missing(interfaces, networks, 'domain.devices.interfaces', 'FieldValueInvalid'),
  ];
}

function validateVm(runStrategies: string[], { object }: AdmissionRequest): void {
  const { spec } = object as VirtualMachine;
  const causes = specCauses(spec.template?.spec, 'spec.template.spec');
  if (spec.running !== undefined && spec.running !== null && spec.runStrategy !== undefined) {
    causes.unshift({
      reason: 'FieldValueInvalid',
      message:
        'Running and RunStrategy are mutually exclusive. Note that Running is deprecated, please use RunStrategy instead',
      field: 'spec.running',
    });
  } else if (spec.running === undefined && spec.runStrategy === undefined) {
    causes.unshift({
      reason: 'FieldValueInvalid',
      message: 'One of Running or RunStrategy must be specified',
      field: 'spec.running',
    });
  } else if (spec.runStrategy !== undefined && !runStrategies.includes(spec.runStrategy)) {
    causes.unshift({
      reason: 'FieldValueInvalid',
      message: `Invalid RunStrategy (${spec.runStrategy})`,
      field: 'spec.runStrategy',
    });
  }
  if (causes.length > 0) throw deniedWithCauses(causes);
}

function validateVmiUpdate({ object, oldObject, user }: AdmissionRequest): void {
  const before = oldObject as VirtualMachineInstance | undefined;
  const after = object as VirtualMachineInstance;
  if (before === undefined || isKubeVirt(user)) return;
  const refuse = (message: string): never => {
    throw deniedWithCauses([{ reason: 'FieldValueNotSupported', message }]);
  };
  if (JSON.stringify(before.spec) !== JSON.stringify(after.spec)) refuse('update of VMI object is restricted');
  for (const label of RESERVED_LABELS) {
    if (before.metadata.labels?.[label] !== after.metadata.labels?.[label]) {
      refuse('modification of the following reserved kubevirt.io/ labels on a VMI object is prohibited');
    }
  }
}

function validatePolicy(cluster: Cluster, { object, oldObject }: AdmissionRequest): void {
  const { spec } = object as MigrationPolicy;
  const causes: Cause[] = [];
  const negative = (field: string): void => {
    causes.push({ reason: 'FieldValueInvalid', message: 'must not be negative', field: `spec.${field}` });
  };
  if ((spec?.completionTimeoutPerGiB ?? 0) < 0) negative('completionTimeoutPerGiB');
  if (spec?.bandwidthPerMigration !== undefined && bytesOf(spec.bandwidthPerMigration) < 0) {
    negative('bandwidthPerMigration');
  }
  // v1.9 (facts/kubevirt.md A9); older versions have pruned the field.
  const downtime = (policy: KubeObject | undefined): unknown =>
    (policy as { spec?: { maxDowntimeMs?: number } } | undefined)?.spec?.maxDowntimeMs;
  if (downtime(object) !== undefined && downtime(object) !== downtime(oldObject)) {
    if (!featureGateEnabled(cluster, 'MigrationStallDetection')) {
      causes.push({
        reason: 'FieldValueInvalid',
        message: 'maxDowntimeMs cannot be modified without enabling the MigrationStallDetection feature gate',
        field: 'spec.maxDowntimeMs',
      });
    }
  }
  if (causes.length > 0) throw deniedWithCauses(causes);
}

/** virt-api's webhooks on VMs, VMIs and migration policies (facts/kubevirt.md A9, B3). */
export function vmWebhooks(cluster: Cluster): Webhook[] {
  const random = cluster.random.fork('vmi-mutator');
  return [
    {
      name: 'virtualmachineinstances-mutator.kubevirt.io',
      resource: resources.vmis,
      operations: ['CREATE'],
      mutate: ({ object }) => {
        const vmi = structuredClone(object) as VirtualMachineInstance;
        applyVmiDefaults(cluster, vmi, random);
        return vmi;
      },
    },
    {
      name: 'virtualmachineinstances-create-validator.kubevirt.io',
      resource: resources.vmis,
      operations: ['CREATE'],
      validate: ({ object }) => {
        const causes = specCauses((object as VirtualMachineInstance).spec, 'spec');
        if (causes.length > 0) throw deniedWithCauses(causes);
      },
    },
    {
      name: 'virtualmachineinstances-update-validator.kubevirt.io',
      resource: resources.vmis,
      operations: ['UPDATE'],
      validate: validateVmiUpdate,
    },
    {
      name: 'virtualmachine-validator.kubevirt.io',
      resource: resources.vms,
      operations: ['CREATE', 'UPDATE'],
      validate: (request) => validateVm(cluster.version.runStrategies, request),
    },
    {
      name: 'migration-policy-validator.kubevirt.io',
      resource: resources.migrationPolicies,
      operations: ['CREATE', 'UPDATE'],
      validate: (request) => validatePolicy(cluster, request),
    },
  ];
}

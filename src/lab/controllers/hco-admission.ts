import type {
  HyperConverged,
  KubeObject,
  KubeVirt,
  VirtualMachine,
  VirtualMachineInstance,
} from '../../model/objects.ts';
import type { AdmissionRequest, Webhook } from '../api/extension.ts';
import { isObject } from '../api/schema/structural.ts';
import { ApiError, byWebhook, denied } from '../api/status.ts';
import type { Cluster } from '../cluster.ts';
import { resources } from '../resources.ts';
import { kubeVirtOf } from './config.ts';
import { minutesOf } from './go-duration.ts';
import { asV1beta1, kubeVirtSpecOf } from './hco-kubevirt.ts';

const KUBEVIRT_VALIDATOR = 'kubevirt-validator.kubevirt.io';

/** HCO's webhooks, one pair for each API version it serves, and virt-operator's on deleting the KubeVirt CR. */
export function hyperConvergedWebhooks(cluster: Cluster): Webhook[] {
  const resource = resources.hyperConvergeds;
  const { served } = cluster.version.hyperConvergedApi;
  // The older version's are named apart once there are two.
  const pairs = served.map((version) => ({
    version,
    suffix: version === 'v1beta1' && served.length > 1 ? '-v1beta1' : '',
  }));
  const of = (version: string, { object }: AdmissionRequest): boolean => object.apiVersion.endsWith(`/${version}`);
  return [
    ...pairs.map(
      ({ version, suffix }): Webhook => ({
        name: `mutate-hyperconverged-hco${suffix}.kubevirt.io`,
        resource,
        operations: ['CREATE', 'UPDATE'],
        mutate: (request) => (of(version, request) ? withEvictionStrategy(request.object) : request.object),
      }),
    ),
    ...pairs.map(
      ({ version, suffix }): Webhook => ({
        name: `validate-hco${suffix}.kubevirt.io`,
        resource,
        operations: ['CREATE', 'UPDATE', 'DELETE'],
        validate: (request) => {
          if (of(version, request)) validate(cluster, request);
        },
      }),
    ),
    {
      name: KUBEVIRT_VALIDATOR,
      resource: resources.kubeVirts,
      operations: ['DELETE'],
      validate: ({ object }) => checkWorkloads(cluster, object),
    },
  ];
}

/** evictionStrategy, if it is not set: LiveMigrate where a VM has somewhere to go (facts/kubevirt.md A3). */
function withEvictionStrategy(object: KubeObject): KubeObject {
  const { spec = {}, status } = object as HyperConverged;
  const available = status?.infrastructureHighlyAvailable;
  if (available === undefined) return object;
  const evictionStrategy = available ? 'LiveMigrate' : 'None';
  if (object.apiVersion.endsWith('/v1beta1')) {
    return spec['evictionStrategy'] == null ? withSpec(object, { ...spec, evictionStrategy }) : object;
  }
  const virtualization: Record<string, unknown> = { ...spec.virtualization };
  return virtualization['evictionStrategy'] == null
    ? withSpec(object, { ...spec, virtualization: { ...virtualization, evictionStrategy } })
    : object;
}

function withSpec(object: KubeObject, spec: object): KubeObject {
  return { ...object, spec } as KubeObject;
}

function validate(cluster: Cluster, { operation, object }: AdmissionRequest): void {
  if (operation === 'DELETE') {
    validateDelete(cluster);
    return;
  }
  const { spec } = asV1beta1(cluster.version, object);
  const refusal = certificateProblem(spec?.['certConfig']) ?? kubeVirtProblem(cluster, object);
  if (refusal !== undefined) throw new ApiError(403, refusal, { reason: 'Forbidden' });
}

function kubeVirtProblem(cluster: Cluster, object: KubeObject): string | undefined {
  try {
    kubeVirtSpecOf(cluster.version, object);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The rotation has to make sense (validateCertConfig). */
function certificateProblem(config: unknown): string | undefined {
  const minutes = (part: string, field: string): number | undefined => {
    const inner = isObject(config) ? config[part] : undefined;
    return minutesOf(isObject(inner) ? inner[field] : undefined);
  };
  for (const part of ['ca', 'server']) {
    for (const field of ['duration', 'renewBefore']) {
      if ((minutes(part, field) ?? 0) < 10) return `spec.certConfig.${part}.${field}: value is too small`;
    }
  }
  for (const part of ['ca', 'server']) {
    if ((minutes(part, 'duration') ?? 0) < (minutes(part, 'renewBefore') ?? 0)) {
      return `spec.certConfig.${part}: duration is smaller than renewBefore`;
    }
  }
  return (minutes('ca', 'duration') ?? 0) < (minutes('server', 'duration') ?? 0)
    ? 'spec.certConfig: ca.duration is smaller than server.duration'
    : undefined;
}

/** Tries to delete the KubeVirt CR as a dry run, and says what that says. */
function validateDelete(cluster: Cluster): void {
  const kubeVirt = kubeVirtOf(cluster);
  if (kubeVirt === undefined) return;
  try {
    checkWorkloads(cluster, kubeVirt);
  } catch (error) {
    throw error instanceof ApiError ? byWebhook(KUBEVIRT_VALIDATOR, error) : error;
  }
}

/** virt-operator's kubevirt-validator: KubeVirt stays while there are VMs. */
function checkWorkloads({ store }: Cluster, { spec }: KubeVirt): void {
  if (spec?.uninstallStrategy !== 'BlockUninstallIfWorkloadsExist') return;
  const left =
    store.list<VirtualMachineInstance>(resources.vmis).length > 0
      ? 'Virtual Machine Instances'
      : store.list<VirtualMachine>(resources.vms).length > 0
        ? 'Virtual Machines'
        : undefined;
  if (left === undefined) return;
  throw denied(
    `Rejecting the uninstall request, since there are still ${left} present. Either delete all KubeVirt related workloads or change the uninstall strategy before uninstalling KubeVirt.`,
  );
}

import type {
  IoK8sApiAppsV1DaemonSet,
  IoK8sApiAppsV1Deployment,
  IoK8sApiAppsV1ReplicaSet,
  IoK8sApiCoreV1Node,
  IoK8sApiCoreV1PersistentVolumeClaim,
  IoK8sApiCoreV1Pod,
  IoK8sApiCoreV1ResourceQuota,
  IoK8sApimachineryPkgApisMetaV1ObjectMeta,
  IoK8sApiPolicyV1PodDisruptionBudget,
  IoK8sApiStorageV1StorageClass,
} from '@kubevirt-ui-ext/kubevirt-api/kubernetes';
import type {
  V1alpha1MigrationPolicy,
  V1KubeVirt,
  V1KubeVirtConfiguration,
  V1MigrationConfiguration,
  V1VirtualMachine,
  V1VirtualMachineInstance,
  V1VirtualMachineInstanceMigration,
  V1VirtualMachineInstanceMigrationState,
  V1VirtualMachineInstanceSpec,
} from '@kubevirt-ui-ext/kubevirt-api/kubevirt';
import type { NodeSelectorTerm } from './selectors.ts';

/** Metadata of an object that an API server has stored: it always has a name. */
export type ObjectMeta = IoK8sApimachineryPkgApisMetaV1ObjectMeta & { name: string };

/** Any Kubernetes object, as far as every object is alike. */
export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
}

type Stored<T> = Omit<T, 'apiVersion' | 'kind' | 'metadata'> & KubeObject;

// The types come from the published OpenAPI documents; only what a stored object always has is made required.
export type Node = Stored<IoK8sApiCoreV1Node>;
export type Pod = Stored<IoK8sApiCoreV1Pod>;
export type PersistentVolumeClaim = Stored<IoK8sApiCoreV1PersistentVolumeClaim>;
export type StorageClass = Stored<IoK8sApiStorageV1StorageClass>;
export type DaemonSet = Stored<IoK8sApiAppsV1DaemonSet>;
export type Deployment = Stored<IoK8sApiAppsV1Deployment>;
export type ReplicaSet = Stored<IoK8sApiAppsV1ReplicaSet>;
export type ResourceQuota = Stored<IoK8sApiCoreV1ResourceQuota>;
export type PodDisruptionBudget = Stored<IoK8sApiPolicyV1PodDisruptionBudget>;
export type VirtualMachine = Stored<V1VirtualMachine>;
export type VirtualMachineInstance = Stored<V1VirtualMachineInstance>;
export type VirtualMachineInstanceMigration = Stored<V1VirtualMachineInstanceMigration>;
export type MigrationPolicy = Stored<V1alpha1MigrationPolicy>;
// The published type calls the field `_configuration`, as its generator renames some words.
export type KubeVirt = Stored<Omit<V1KubeVirt, 'spec'>> & {
  spec?: Omit<NonNullable<V1KubeVirt['spec']>, '_configuration'> & { configuration?: V1KubeVirtConfiguration };
};
export type VmiSpec = V1VirtualMachineInstanceSpec;
export type MigrationConfiguration = V1MigrationConfiguration;
export type MigrationState = V1VirtualMachineInstanceMigrationState;

/** A PersistentVolume; what matters of it is which nodes can reach it, and who attaches it. */
export interface PersistentVolume extends KubeObject {
  spec?: {
    nodeAffinity?: { required?: { nodeSelectorTerms: NodeSelectorTerm[] } };
    csi?: { driver: string; volumeHandle?: string };
  };
}

/** One entry of a LimitRange. */
export interface Limits {
  type: string;
  default?: Record<string, string>;
  defaultRequest?: Record<string, string>;
  min?: Record<string, string>;
  max?: Record<string, string>;
  maxLimitRequestRatio?: Record<string, string>;
}

/** What a namespace's containers and pods may ask for. */
export interface LimitRange extends KubeObject {
  spec?: { limits?: Limits[] };
}

/** The CSI drivers of a node, and how many volumes each can attach there. */
export interface CsiNode extends KubeObject {
  spec?: { drivers?: { name: string; allocatable?: { count?: number } }[] };
}

/** A Namespace; what matters of it are its labels. */
export type Namespace = KubeObject;

/** OpenShift's descheduler, as its operator is told to run it (facts/kubevirt.md J). */
export interface KubeDescheduler extends KubeObject {
  spec?: {
    managementState?: string;
    /** `Predictive` only tells what it would do; `Automatic` does it. */
    mode?: string;
    profiles?: string[];
    deschedulingIntervalSeconds?: number;
    evictionLimits?: { total?: number; node?: number };
    profileCustomizations?: Record<string, unknown>;
  };
}

/** The live-migration part of HyperConverged; no published type has it (facts/kubevirt.md A10). */
export interface LiveMigrationConfig {
  parallelMigrationsPerCluster?: number;
  parallelOutboundMigrationsPerNode?: number;
  bandwidthPerMigration?: string;
  completionTimeoutPerGiB?: number;
  progressTimeout?: number;
  network?: string;
  allowAutoConverge?: boolean;
  allowPostCopy?: boolean;
  allowWorkloadDisruption?: boolean;
}

/** HyperConverged in either API version: v1beta1 has `spec.liveMigrationConfig`, v1 has it under `spec.virtualization`. */
export interface HyperConverged extends KubeObject {
  spec?: {
    liveMigrationConfig?: LiveMigrationConfig;
    virtualization?: { liveMigrationConfig?: LiveMigrationConfig };
    [field: string]: unknown;
  };
  status?: {
    versions?: { name?: string; version?: string }[];
    infrastructureHighlyAvailable?: boolean;
    [field: string]: unknown;
  };
}

/** Multus's NetworkAttachmentDefinition: `spec.config` is a CNI configuration as a JSON string. */
export interface NetworkAttachmentDefinition extends KubeObject {
  spec?: { config?: string };
}

export interface NodeNetworkConfigurationPolicy extends KubeObject {
  spec?: { nodeSelector?: Record<string, string>; desiredState?: Record<string, unknown> };
  status?: { conditions?: { type: string; status: string; reason?: string; message?: string }[] };
}

export interface NodeNetworkInterface {
  name: string;
  type?: string;
  state?: string;
  mtu?: number;
  ethernet?: { speed?: number };
  [field: string]: unknown;
}

/** NMState's view of one node; it is named after the node. */
export interface NodeNetworkState extends KubeObject {
  status?: { currentState?: { interfaces?: NodeNetworkInterface[]; [field: string]: unknown } };
}

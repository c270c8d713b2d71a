// What differs between releases of the HyperConverged operator. Source: kubevirt/hyperconverged-cluster-operator,
// branches release-1.13 to release-1.19 (deploy/crds/hco00.crd.yaml, controllers/handlers/kubevirt.go,
// pkg/featuregatedetails); facts/kubevirt.md A10.

export interface HyperConvergedRelease {
  /** Defaults of v1beta1's spec.featureGates. */
  gateDefaults: Record<string, boolean>;
  /** Fields of v1beta1's spec with a default of their own that not every release has. */
  fieldDefaults: Record<string, boolean>;
  /** Fields of v1beta1's spec that came after 1.13. */
  newFields: string[];
  disableSerialConsoleLog: boolean;
  /** Feature gates that KubeVirt always gets. */
  kubevirtGates: string[];
  /** KubeVirt's gates that follow from HyperConverged's: [HyperConverged's, KubeVirt's]. */
  switches: [gate: string, kubevirt: string][];
  /** v1's gates in the order in which they are converted; only these exist in both versions. Beta ones are on unless they are listed. */
  convertedGates: [gate: string, phase: 'alpha' | 'beta'][];
  /** KubeVirt's gates are sorted, and its beta gates that are not on are listed as disabled (1.19). */
  betaGates?: string[];
  /** v1 has fields that v1beta1 keeps in an annotation, and gates that have become fields (1.19). */
  graduatedGates: boolean;
}

const fields115 = {
  deployVmConsoleProxy: false,
  enableApplicationAwareQuota: false,
  enableCommonBootImageImport: true,
};
const new115 = ['CommonInstancetypesDeployment', ...Object.keys(fields115), 'instancetypeConfig'];
const new117 = [...new115, 'liveUpdateConfiguration', 'kubeMacPoolConfiguration'];
const new118 = [...new117, 'changedBlockTrackingLabelSelectors', 'hypervisors', 'roleAggregationStrategy'];

const gates115 = {
  alignCPUs: false,
  deployKubeSecondaryDNS: false,
  disableMDevConfiguration: false,
  downwardMetrics: false,
  persistentReservation: false,
};
const gates116 = {
  ...gates115,
  decentralizedLiveMigration: false,
  declarativeHotplugVolumes: false,
  enableMultiArchBootImageImport: false,
};
const gates117 = { ...gates116, objectGraph: false, videoConfig: true };

const common = ['CPUManager', 'Snapshot', 'ExpandDisks', 'HostDevices', 'VMExport', 'KubevirtSeccompProfile'];
const hostModel = ['WithHostModelCPU', 'HypervStrictCheck'];

const downward: [string, string] = ['downwardMetrics', 'DownwardMetrics'];
const align: [string, string] = ['alignCPUs', 'AlignCPUs'];
const reservation: [string, string] = ['persistentReservation', 'PersistentReservation'];
const switches115: [string, string][] = [
  downward,
  ['disableMDevConfiguration', 'DisableMDEVConfiguration'],
  reservation,
  align,
];
const decentralized: [string, string] = ['decentralizedLiveMigration', 'DecentralizedLiveMigration'];
const multiArch: [string, string] = ['enableMultiArchBootImageImport', 'MultiArchitecture'];
const graph: [string, string] = ['objectGraph', 'ObjectGraph'];
const video: [string, string] = ['videoConfig', 'VideoConfig'];
const backup: [string, string][] = [
  ['incrementalBackup', 'IncrementalBackup'],
  ['incrementalBackup', 'UtilityVolumes'],
];
const paths: [string, string] = ['containerPathVolumes', 'ContainerPathVolumes'];

const v1beta1Only = {
  convertedGates: [],
  graduatedGates: false,
  disableSerialConsoleLog: false,
} satisfies Partial<HyperConvergedRelease>;

/** By KubeVirt's minor version: HyperConverged 1.13 comes with KubeVirt 1.3, and so on. */
const releases: Record<string, HyperConvergedRelease> = {
  '1.3': {
    ...v1beta1Only,
    gateDefaults: {
      ...gates115,
      autoResourceLimits: false,
      deployKubevirtIpamController: false,
      deployTektonTaskResources: false,
      deployVmConsoleProxy: false,
      enableApplicationAwareQuota: false,
      enableCommonBootImageImport: true,
      enableManagedTenantQuota: false,
      nonRoot: true,
      primaryUserDefinedNetworkBinding: false,
      withHostPassthroughCPU: false,
    },
    fieldDefaults: {},
    newFields: [],
    disableSerialConsoleLog: true,
    kubevirtGates: [
      'CPUManager',
      'Snapshot',
      'HotplugVolumes',
      'ExpandDisks',
      'GPU',
      'HostDevices',
      'NUMA',
      'VMExport',
      'DisableCustomSELinuxPolicy',
      'KubevirtSeccompProfile',
      'HotplugNICs',
      'VMPersistentState',
      'NetworkBindingPlugins',
      'CommonInstancetypesDeploymentGate',
      'VMLiveUpdateFeatures',
      ...hostModel,
    ],
    switches: [
      downward,
      ['withHostPassthroughCPU', 'WithHostPassthroughCPU'],
      ['disableMDevConfiguration', 'DisableMDEVConfiguration'],
      reservation,
      ['autoResourceLimits', 'AutoResourceLimitsGate'],
      align,
    ],
  },
  '1.4': {
    ...v1beta1Only,
    gateDefaults: {
      ...gates115,
      autoResourceLimits: false,
      deployVmConsoleProxy: false,
      enableApplicationAwareQuota: false,
      enableCommonBootImageImport: true,
    },
    fieldDefaults: {},
    newFields: ['CommonInstancetypesDeployment'],
    disableSerialConsoleLog: true,
    kubevirtGates: [
      'CPUManager',
      'Snapshot',
      'HotplugVolumes',
      'ExpandDisks',
      'GPU',
      'HostDevices',
      'VMExport',
      'DisableCustomSELinuxPolicy',
      'KubevirtSeccompProfile',
      'VMPersistentState',
      'NetworkBindingPlugins',
      'VMLiveUpdateFeatures',
      'DynamicPodInterfaceNaming',
      'VolumesUpdateStrategy',
      'VolumeMigration',
      ...hostModel,
    ],
    switches: [
      downward,
      ['disableMDevConfiguration', 'DisableMDEVConfiguration'],
      reservation,
      ['autoResourceLimits', 'AutoResourceLimitsGate'],
      align,
    ],
  },
  '1.5': {
    ...v1beta1Only,
    gateDefaults: gates115,
    fieldDefaults: fields115,
    newFields: new115,
    kubevirtGates: [
      'CPUManager',
      'Snapshot',
      'HotplugVolumes',
      'ExpandDisks',
      'HostDevices',
      'VMExport',
      'KubevirtSeccompProfile',
      'VMPersistentState',
      'InstancetypeReferencePolicy',
      ...hostModel,
    ],
    switches: switches115,
  },
  '1.6': {
    ...v1beta1Only,
    gateDefaults: gates116,
    fieldDefaults: fields115,
    newFields: [...new115, 'liveUpdateConfiguration'],
    kubevirtGates: [...common, 'VMPersistentState', 'InstancetypeReferencePolicy', ...hostModel],
    switches: [...switches115, decentralized, multiArch],
  },
  '1.7': {
    ...v1beta1Only,
    gateDefaults: gates117,
    fieldDefaults: fields115,
    newFields: new117,
    kubevirtGates: [...common, ...hostModel],
    switches: [...switches115, video, graph, decentralized, multiArch],
  },
  '1.8': {
    gateDefaults: {
      ...gates117,
      decentralizedLiveMigration: true,
      incrementalBackup: false,
      containerPathVolumes: false,
    },
    fieldDefaults: fields115,
    newFields: new118,
    disableSerialConsoleLog: false,
    kubevirtGates: [...common, 'LiveUpdateNADRef', 'PanicDevices', ...hostModel],
    switches: [downward, reservation, align, video, graph, decentralized, ...backup, paths],
    convertedGates: [
      ['downwardMetrics', 'alpha'],
      ['deployKubeSecondaryDNS', 'alpha'],
      ['disableMDevConfiguration', 'alpha'],
      ['persistentReservation', 'alpha'],
      ['alignCPUs', 'alpha'],
      ['enableMultiArchBootImageImport', 'alpha'],
      ['decentralizedLiveMigration', 'beta'],
      ['declarativeHotplugVolumes', 'alpha'],
      ['videoConfig', 'beta'],
      ['objectGraph', 'alpha'],
      ['incrementalBackup', 'alpha'],
      ['containerPathVolumes', 'alpha'],
    ],
    graduatedGates: false,
  },
  '1.9': {
    gateDefaults: {
      alignCPUs: false,
      containerPathVolumes: false,
      decentralizedLiveMigration: true,
      declarativeHotplugVolumes: true,
      deployKubeSecondaryDNS: false,
      downwardMetrics: false,
      incrementalBackup: false,
      objectGraph: false,
    },
    fieldDefaults: fields115,
    newFields: new118,
    disableSerialConsoleLog: false,
    kubevirtGates: ['CPUManager', 'Snapshot', 'HostDevices', 'KubevirtSeccompProfile', 'HypervStrictCheck'],
    switches: [downward, align, graph, decentralized, ...backup, paths],
    convertedGates: [
      ['decentralizedLiveMigration', 'beta'],
      ['declarativeHotplugVolumes', 'beta'],
      ['alignCPUs', 'alpha'],
      ['containerPathVolumes', 'alpha'],
      ['deployKubeSecondaryDNS', 'alpha'],
      ['downwardMetrics', 'alpha'],
      ['incrementalBackup', 'alpha'],
      ['objectGraph', 'alpha'],
    ],
    betaGates: [
      'DeclarativeHotplugVolumes',
      'ExternalNetResourceInjection',
      'GPUsWithDRA',
      'HostDevicesWithDRA',
      'ImageVolume',
      'KubevirtSeccompProfile',
      'LibvirtHooksServerAndClient',
      'NodeRestriction',
      'OptOutRoleAggregation',
      'PasstBinding',
      'PodSecondaryInterfaceNamingUpgrade',
      'RebootPolicy',
      'Snapshot',
      'Template',
      'VmiMemoryOverheadReport',
      'WorkloadEncryptionSEV',
    ],
    graduatedGates: true,
  },
};

/** The HyperConverged release that belongs to a KubeVirt minor version, e.g. `1.6`. */
export function hyperConvergedRelease(kubevirt: string): HyperConvergedRelease {
  const release = releases[kubevirt];
  if (release === undefined) throw new Error(`no HyperConverged release is known for KubeVirt ${kubevirt}`);
  return release;
}

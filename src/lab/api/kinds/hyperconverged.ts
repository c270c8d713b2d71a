import type { KubeVirtVersion } from '../../../model/versions/index.ts';
import { convertHyperConverged } from './hyperconverged-conversion.ts';
import {
  certConfig,
  cpuAllocationRatio,
  evictionStrategy,
  higherWorkloadDensity,
  liveMigrationConfig,
  machineOptions,
  tuningPolicy,
  uninstallStrategy,
  workloadUpdateStrategy,
} from './hyperconverged-parts.ts';
import { type HyperConvergedRelease, hyperConvergedRelease } from './hyperconverged-releases.ts';
import { age, type Kind } from './kind.ts';
import { atomicConditions, boolean, integer, list, object, open, type Schema, string, whole } from './schema.ts';

// HyperConverged in both of its API versions. Its CRD's defaults are stored with the object (facts/kubevirt.md A10).

/** Fields of v1beta1's spec of which nothing more is described; every release has them. */
const OTHER_V1BETA1 = [
  'applicationAwareConfig',
  'dataImportCronTemplates',
  'filesystemOverhead',
  'infra',
  'ksmConfiguration',
  'logVerbosityConfig',
  'mediatedDevicesConfiguration',
  'networkBinding',
  'obsoleteCPUs',
  'permittedHostDevices',
  'storageImport',
  'tlsSecurityProfile',
  'workloads',
];
const TEXTS_V1BETA1 = [
  'commonBootImageNamespace',
  'commonTemplatesNamespace',
  'defaultCPUModel',
  'defaultRuntimeClass',
  'kubeSecondaryDNSNameServerIP',
  'localStorageClassName',
  'scratchSpaceStorageClass',
  'tektonPipelinesNamespace',
  'tektonTasksNamespace',
  'vddkInitImage',
  'vmStateStorageClass',
];

const anything = (): Schema => ({ 'x-kubernetes-preserve-unknown-fields': true });

const status = open('What is.', {
  conditions: atomicConditions('ReconcileComplete, Available, Progressing, Degraded, Upgradeable.'),
  versions: list('Versions that are installed.', open('A version.')),
  observedGeneration: integer('The newest generation the operator has seen.', 'int64'),
});

function v1beta1Schema(version: KubeVirtVersion, release: HyperConvergedRelease): Schema {
  const { gateDefaults, fieldDefaults, newFields } = release;
  const fields: Record<string, Schema> = Object.fromEntries([
    ...TEXTS_V1BETA1.map((name) => [name, string('')] as const),
    ...[...OTHER_V1BETA1, ...newFields].map((name) => [name, anything()] as const),
    ...Object.entries(fieldDefaults).map(([name, value]) => [name, boolean('', { default: value })] as const),
  ]);
  const gates = Object.entries(gateDefaults).map(([name, value]) => [name, boolean('', { default: value })] as const);
  return whole('The installation of KubeVirt and its companions.', {
    spec: object(
      'What is wanted.',
      {
        ...fields,
        certConfig,
        evictionStrategy,
        featureGates: open('Features that are on.', Object.fromEntries(gates), { default: {} }),
        higherWorkloadDensity,
        liveMigrationConfig: liveMigrationConfig(version),
        resourceRequirements: open(
          'Resources of the launcher pods.',
          { vmiCPUAllocationRatio: cpuAllocationRatio },
          { default: { vmiCPUAllocationRatio: 10 } },
        ),
        tuningPolicy,
        uninstallStrategy,
        virtualMachineOptions: machineOptions(release),
        workloadUpdateStrategy,
      },
      { default: {} },
    ),
    status,
  });
}

function v1Schema(version: KubeVirtVersion, release: HyperConvergedRelease): Schema {
  const injector: Record<string, Schema> = release.graduatedGates
    ? { deployNetworkResourcesInjector: boolean('Whether the injector is deployed.', { default: true }) }
    : {};
  const virtualization = object(
    'How VMs run.',
    {
      ...Object.fromEntries(
        [
          'autoCPULimitNamespaceLabelSelector',
          'changedBlockTrackingLabelSelectors',
          'hypervisors',
          'ksmConfiguration',
          'liveUpdateConfiguration',
          'mediatedDevicesConfiguration',
          'permittedHostDevices',
        ].map((name) => [name, anything()]),
      ),
      evictionStrategy,
      higherWorkloadDensity,
      liveMigrationConfig: liveMigrationConfig(version),
      obsoleteCPUModels: list('CPU models that are not used.', { type: 'string' }),
      roleAggregationStrategy: string('Whether roles are aggregated.', { enum: ['AggregateToDefault', 'Manual'] }),
      tuningPolicy,
      virtualMachineOptions: machineOptions(release, {
        defaultCPUModel: string('The default CPU model.'),
        defaultRuntimeClass: string('The default runtime class.'),
      }),
      vmiCPUAllocationRatio: cpuAllocationRatio,
      workloadUpdateStrategy,
    },
    { default: {} },
  );
  return whole('The installation of KubeVirt and its companions.', {
    spec: object(
      'What is wanted.',
      {
        deployment: object(
          'How the components are deployed.',
          {
            applicationAwareConfig: object(
              'Application-aware quotas.',
              {
                allowApplicationAwareClusterResourceQuota: boolean('', { default: false }),
                enable: boolean('Whether they are on.', { default: false }),
                namespaceSelector: anything(),
                vmiCalcConfigName: string('How a VM counts.', { default: 'DedicatedVirtualResources' }),
              },
              { default: {} },
            ),
            deployVmConsoleProxy: boolean('Whether the console proxy is deployed.', { default: false }),
            ...injector,
            logVerbosityConfig: anything(),
            nodePlacements: anything(),
            uninstallStrategy,
          },
          { default: {} },
        ),
        featureGates: list(
          'Features that are on, or off.',
          object(
            'A feature gate.',
            { name: string('Its name.'), state: string('Default Enabled.', { enum: ['Enabled', 'Disabled'] }) },
            { required: ['name'] },
          ),
        ),
        networking: anything(),
        ...(release.graduatedGates ? { observability: anything() } : {}),
        security: object('Certificates and TLS.', { certConfig, tlsSecurityProfile: anything() }, { default: {} }),
        storage: anything(),
        virtualization,
        workloadSources: open('Where VMs come from.', {
          enableCommonBootImageImport: boolean('Whether boot images are imported.', { default: true }),
        }),
      },
      { default: {} },
    ),
    status,
  });
}

/** HyperConverged as the operator that comes with this KubeVirt version serves it. */
export function hyperConvergedKind(version: KubeVirtVersion): Kind {
  const release = hyperConvergedRelease(version.name);
  const { served, stored } = version.hyperConvergedApi;
  const schemas = { v1beta1: v1beta1Schema(version, release), v1: v1Schema(version, release) };
  return {
    group: 'hco.kubevirt.io',
    versions: served,
    storage: stored,
    kind: 'HyperConverged',
    plural: 'hyperconvergeds',
    singular: 'hyperconverged',
    shortNames: ['hco', 'hcos'],
    categories: ['all'],
    namespaced: true,
    custom: true,
    status: true,
    rules: true,
    schema: schemas[stored],
    schemas,
    columns: [age],
    ...(served.length > 1 ? { convert: (object, wanted) => convertHyperConverged(release, object, wanted) } : {}),
  };
}

import type { KubeObject } from '../../../model/objects.ts';
import { isObject } from '../schema/structural.ts';
import type { HyperConvergedRelease } from './hyperconverged-releases.ts';

// HyperConverged's conversion webhook, as api/v1beta1/conversion.go of HCO 1.18 and 1.19 has it.

type Spec = Record<string, unknown>;

/** Where a field of v1beta1 (left) is in v1 (right). */
const MOVED: [string, string][] = [
  ['infra.nodePlacement', 'deployment.nodePlacements.infra'],
  ['workloads.nodePlacement', 'deployment.nodePlacements.workload'],
  ['liveMigrationConfig', 'virtualization.liveMigrationConfig'],
  ['permittedHostDevices', 'virtualization.permittedHostDevices'],
  ['mediatedDevicesConfiguration', 'virtualization.mediatedDevicesConfiguration'],
  ['workloadUpdateStrategy', 'virtualization.workloadUpdateStrategy'],
  ['obsoleteCPUs.cpuModels', 'virtualization.obsoleteCPUModels'],
  ['evictionStrategy', 'virtualization.evictionStrategy'],
  ['virtualMachineOptions.disableFreePageReporting', 'virtualization.virtualMachineOptions.disableFreePageReporting'],
  ['virtualMachineOptions.disableSerialConsoleLog', 'virtualization.virtualMachineOptions.disableSerialConsoleLog'],
  ['defaultCPUModel', 'virtualization.virtualMachineOptions.defaultCPUModel'],
  ['defaultRuntimeClass', 'virtualization.virtualMachineOptions.defaultRuntimeClass'],
  ['higherWorkloadDensity', 'virtualization.higherWorkloadDensity'],
  ['liveUpdateConfiguration', 'virtualization.liveUpdateConfiguration'],
  ['ksmConfiguration', 'virtualization.ksmConfiguration'],
  ['changedBlockTrackingLabelSelectors', 'virtualization.changedBlockTrackingLabelSelectors'],
  ['hypervisors', 'virtualization.hypervisors'],
  ['roleAggregationStrategy', 'virtualization.roleAggregationStrategy'],
  ['tuningPolicy', 'virtualization.tuningPolicy'],
  ['resourceRequirements.vmiCPUAllocationRatio', 'virtualization.vmiCPUAllocationRatio'],
  ['resourceRequirements.autoCPULimitNamespaceLabelSelector', 'virtualization.autoCPULimitNamespaceLabelSelector'],
  ['resourceRequirements.storageWorkloads', 'storage.workloadResourceRequirements'],
  ['vmStateStorageClass', 'storage.vmStateStorageClass'],
  ['scratchSpaceStorageClass', 'storage.scratchSpaceStorageClass'],
  ['storageImport', 'storage.storageImport'],
  ['filesystemOverhead', 'storage.filesystemOverhead'],
  ['certConfig', 'security.certConfig'],
  ['tlsSecurityProfile', 'security.tlsSecurityProfile'],
  ['networkBinding', 'networking.networkBinding'],
  ['kubeMacPoolConfiguration', 'networking.kubeMacPoolConfiguration'],
  ['kubeSecondaryDNSNameServerIP', 'networking.kubeSecondaryDNSNameServerIP'],
  ['commonTemplatesNamespace', 'workloadSources.commonTemplatesNamespace'],
  ['commonBootImageNamespace', 'workloadSources.commonBootImageNamespace'],
  ['enableCommonBootImageImport', 'workloadSources.enableCommonBootImageImport'],
  ['dataImportCronTemplates', 'workloadSources.dataImportCronTemplates'],
  ['instancetypeConfig', 'workloadSources.instancetypeConfig'],
  ['CommonInstancetypesDeployment', 'workloadSources.commonInstancetypesDeployment'],
  ['uninstallStrategy', 'deployment.uninstallStrategy'],
  ['logVerbosityConfig', 'deployment.logVerbosityConfig'],
  ['deployVmConsoleProxy', 'deployment.deployVmConsoleProxy'],
  ['enableApplicationAwareQuota', 'deployment.applicationAwareConfig.enable'],
  ['applicationAwareConfig.vmiCalcConfigName', 'deployment.applicationAwareConfig.vmiCalcConfigName'],
  ['applicationAwareConfig.namespaceSelector', 'deployment.applicationAwareConfig.namespaceSelector'],
  [
    'applicationAwareConfig.allowApplicationAwareClusterResourceQuota',
    'deployment.applicationAwareConfig.allowApplicationAwareClusterResourceQuota',
  ],
];

/** Gates of v1beta1 that are fields in v1 since 1.19: [gate, path, whether the field means the opposite, name in the annotation]. */
const GRADUATED: [gate: string, path: string, opposite: boolean, kept: string][] = [
  ['disableMDevConfiguration', 'virtualization.mediatedDevicesConfiguration.enabled', true, 'mdevConfigEnable'],
  [
    'persistentReservation',
    'storage.persistentReservationConfiguration.enabled',
    false,
    'persistentReservationEnabled',
  ],
  ['enableMultiArchBootImageImport', 'workloadSources.enableMultiArchBootImageImport', false, 'multiArchEnabled'],
];

/** Structures that Go's types always write, even when they are empty. */
const ALWAYS = { v1beta1: ['infra', 'workloads'], v1: ['deployment', 'security', 'virtualization', 'workloadSources'] };

/** Where v1beta1 keeps what only v1 has (1.19). */
export const V1_ONLY = 'hco.kubevirt.io/v1-only-fields';

interface Gate {
  name: string;
  state?: 'Enabled' | 'Disabled';
}

function read(spec: Spec, path: string): unknown {
  return path.split('.').reduce<unknown>((value, name) => (isObject(value) ? value[name] : undefined), spec);
}

function write(spec: Spec, path: string, value: unknown): void {
  const names = path.split('.');
  const last = names.pop() ?? '';
  let at = spec;
  for (const name of names) {
    const inner = at[name];
    const next = isObject(inner) ? inner : {};
    at[name] = next;
    at = next;
  }
  at[last] = value;
}

function erase(spec: Spec, path: string): void {
  const dot = path.lastIndexOf('.');
  const parent = dot < 0 ? spec : read(spec, path.slice(0, dot));
  if (isObject(parent)) delete parent[path.slice(dot + 1)];
}

/** The HyperConverged in another version. `object` is not changed. */
export function convertHyperConverged(release: HyperConvergedRelease, object: KubeObject, version: string): KubeObject {
  const whole = structuredClone(object) as KubeObject & { spec?: Spec };
  return version === 'v1' ? toV1(release, whole) : toV1beta1(release, whole);
}

function toV1(release: HyperConvergedRelease, object: KubeObject & { spec?: Spec }): KubeObject {
  const from = object.spec ?? {};
  const spec: Spec = {};
  for (const name of ALWAYS.v1) spec[name] = {};
  const kept = release.graduatedGates ? takeV1Only(object) : {};
  const gates: Gate[] = Array.isArray(kept['featureGates']) ? (kept['featureGates'] as Gate[]) : [];
  move(from, spec, ([old, next]) => [old, next]);
  if (kept['deployNetworkResourcesInjector'] !== undefined) {
    write(spec, 'deployment.deployNetworkResourcesInjector', kept['deployNetworkResourcesInjector']);
  }
  if (kept['observability'] !== undefined) spec['observability'] = kept['observability'];
  // v1 has no highBurst: it is how KubeVirt behaves anyway.
  if (from['tuningPolicy'] !== 'annotation') erase(spec, 'virtualization.tuningPolicy');
  const old = isObject(from['featureGates']) ? from['featureGates'] : {};
  for (const [name, phase] of release.convertedGates) gateToV1(gates, name, phase, old[name]);
  if (release.graduatedGates) {
    for (const [gate, path, opposite, name] of GRADUATED) {
      const value = old[gate];
      if (typeof value === 'boolean') {
        write(spec, path, value !== opposite);
        const listed = find(gates, gate);
        if (listed !== undefined) listed.state = value ? 'Enabled' : 'Disabled';
      } else if (kept[name] !== undefined) write(spec, path, kept[name]);
    }
  }
  if (gates.length > 0) spec['featureGates'] = gates;
  return { ...object, spec } as KubeObject;
}

function toV1beta1(release: HyperConvergedRelease, object: KubeObject & { spec?: Spec }): KubeObject {
  const from = object.spec ?? {};
  const spec: Spec = {};
  for (const name of ALWAYS.v1beta1) spec[name] = {};
  move(from, spec, ([old, next]) => [next, old]);
  const listed = Array.isArray(from['featureGates']) ? (from['featureGates'] as Gate[]) : [];
  const gates: Record<string, boolean> = {};
  for (const [name, phase] of release.convertedGates) {
    const gate = find(listed, name);
    gates[name] = gate === undefined ? phase === 'beta' : gate.state !== 'Disabled';
  }
  if (release.graduatedGates) {
    erase(spec, 'mediatedDevicesConfiguration.enabled');
    for (const [gate, path, opposite] of GRADUATED) {
      const value = read(from, path);
      if (typeof value === 'boolean') gates[gate] = value !== opposite;
    }
  }
  spec['featureGates'] = gates;
  const converted = { ...object, spec } as KubeObject;
  return release.graduatedGates ? withV1Only(converted, from) : converted;
}

function move(from: Spec, to: Spec, direction: (pair: [string, string]) => [string, string]): void {
  for (const pair of MOVED) {
    const [source, target] = direction(pair);
    const value = read(from, source);
    // A copy: what follows changes one side and reads the other.
    if (value !== undefined && value !== null) write(to, target, structuredClone(value));
  }
}

function find(gates: Gate[], name: string): Gate | undefined {
  return gates.find((gate) => gate.name.toLowerCase() === name.toLowerCase());
}

function gateToV1(gates: Gate[], name: string, phase: 'alpha' | 'beta', wanted: unknown): void {
  const listed = find(gates, name);
  if (typeof wanted !== 'boolean') {
    if (listed !== undefined) gates.splice(gates.indexOf(listed), 1);
    return;
  }
  const is = listed === undefined ? phase === 'beta' : listed.state !== 'Disabled';
  if (is === wanted) return;
  const state = wanted ? 'Enabled' : 'Disabled';
  if (listed === undefined) gates.push({ name, state });
  else listed.state = state;
}

/** Takes the annotation off the object and returns what it keeps. */
function takeV1Only(object: KubeObject): Spec {
  const { [V1_ONLY]: text, ...annotations } = object.metadata.annotations ?? {};
  if (text === undefined) return {};
  const { annotations: _all, ...metadata } = object.metadata;
  object.metadata = Object.keys(annotations).length === 0 ? metadata : { ...metadata, annotations };
  const kept: unknown = JSON.parse(text);
  return isObject(kept) ? kept : {};
}

function withV1Only(object: KubeObject, from: Spec): KubeObject {
  const gates = from['featureGates'];
  const fields: [string, unknown][] = [
    ['deployNetworkResourcesInjector', read(from, 'deployment.deployNetworkResourcesInjector')],
    ...GRADUATED.map(([, path, , name]): [string, unknown] => [name, read(from, path)]),
    ['featureGates', Array.isArray(gates) && gates.length > 0 ? gates : undefined],
    ['observability', from['observability']],
  ];
  const kept = Object.fromEntries(fields.filter(([, value]) => value !== undefined && value !== null));
  if (Object.keys(kept).length === 0) return object;
  const annotations = { ...object.metadata.annotations, [V1_ONLY]: JSON.stringify(kept) };
  return { ...object, metadata: { ...object.metadata, annotations } };
}

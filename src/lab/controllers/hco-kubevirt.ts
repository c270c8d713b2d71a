import { applyPatch, type Operation as Change } from 'rfc6902';
import type { HyperConverged, KubeObject, KubeVirt, LiveMigrationConfig } from '../../model/objects.ts';
import type { KubeVirtVersion } from '../../model/versions/index.ts';
import { convertHyperConverged, V1_ONLY } from '../api/kinds/hyperconverged-conversion.ts';
import { hyperConvergedRelease } from '../api/kinds/hyperconverged-releases.ts';
import { isObject } from '../api/schema/structural.ts';
import { CNV_NAMESPACE } from '../resources.ts';

/** The annotation that changes the KubeVirt CR past HyperConverged's API (facts/kubevirt.md A10). */
export const JSON_PATCH = 'kubevirt.kubevirt.io/jsonpatch';

type Spec = Record<string, unknown>;

/** HCO copies exactly these into the KubeVirt CR, and resets whatever else is there (facts/kubevirt.md A10). */
const MIGRATION_FIELDS: (keyof LiveMigrationConfig)[] = [
  'bandwidthPerMigration',
  'completionTimeoutPerGiB',
  'parallelOutboundMigrationsPerNode',
  'parallelMigrationsPerCluster',
  'progressTimeout',
  'network',
  'allowAutoConverge',
  'allowPostCopy',
];

/** CPU models that are always obsolete (HCO controllers/handlers/kubevirt.go). */
const OBSOLETE = [
  '486',
  'pentium',
  'pentium2',
  'pentium3',
  'pentiumpro',
  'coreduo',
  'n270',
  'core2duo',
  'Conroe',
  'athlon',
  'phenom',
  'qemu64',
  'qemu32',
  'kvm64',
  'kvm32',
  'Opteron_G1',
  'Opteron_G2',
].flatMap((model) => [model, `${model}-v1`]);

/** The HyperConverged as v1beta1, whichever version it is stored in. */
export function asV1beta1(version: KubeVirtVersion, object: KubeObject): HyperConverged {
  if (object.apiVersion.endsWith('/v1beta1')) return object;
  const converted = convertHyperConverged(hyperConvergedRelease(version.name), object, 'v1beta1');
  return { ...(converted as HyperConverged), apiVersion: 'hco.kubevirt.io/v1beta1' };
}

/** The name and labels of HCO's KubeVirt CR. */
export const KUBEVIRT_NAME = 'kubevirt-kubevirt-hyperconverged';

/**
 * The KubeVirt CR's spec that a HyperConverged asks for: NewKubeVirt of HCO's controllers/handlers/kubevirt.go. Throws
 * Error with HCO's text if it cannot be made.
 */
export function kubeVirtSpecOf(version: KubeVirtVersion, object: KubeObject): NonNullable<KubeVirt['spec']> {
  const hyperConverged = asV1beta1(version, object);
  const spec: Spec = hyperConverged.spec ?? {};
  const placement = (name: string): Spec => {
    const given = at(spec, `${name}.nodePlacement`);
    return given === undefined ? {} : { [name]: { nodePlacement: given } };
  };
  const made: Spec = defined({
    certificateRotateStrategy: { selfSigned: at(spec, 'certConfig') },
    configuration: configurationOf(version, hyperConverged),
    ...placement('infra'),
    ...placement('workloads'),
    productComponent: 'compute',
    productName: 'hyperconverged-cluster',
    productVersion: version.hyperConverged,
    serviceMonitorNamespace: CNV_NAMESPACE,
    uninstallStrategy: at(spec, 'uninstallStrategy'),
    workloadUpdateStrategy: at(spec, 'workloadUpdateStrategy') ?? {},
  });
  return structuredClone(patched(made, hyperConverged.metadata.annotations?.[JSON_PATCH])) as NonNullable<
    KubeVirt['spec']
  >;
}

function configurationOf(version: KubeVirtVersion, hyperConverged: HyperConverged): Spec {
  const spec: Spec = hyperConverged.spec ?? {};
  const options = at(spec, 'virtualMachineOptions');
  const off = (name: string): Spec => (at(spec, `virtualMachineOptions.${name}`) === true ? { [name]: {} } : {});
  const machineOptions = isObject(options)
    ? { ...off('disableFreePageReporting'), ...off('disableSerialConsoleLog') }
    : {};
  const obsolete = at(spec, 'obsoleteCPUs.cpuModels');
  const models = [...OBSOLETE, ...(Array.isArray(obsolete) ? (obsolete as string[]) : [])];
  return defined({
    autoCPULimitNamespaceLabelSelector: at(spec, 'resourceRequirements.autoCPULimitNamespaceLabelSelector'),
    changedBlockTrackingLabelSelectors: at(spec, 'changedBlockTrackingLabelSelectors'),
    commonInstancetypesDeployment: at(spec, 'CommonInstancetypesDeployment'),
    cpuModel: at(spec, 'defaultCPUModel'),
    defaultRuntimeClass: at(spec, 'defaultRuntimeClass'),
    developerConfiguration: developerConfigurationOf(version, hyperConverged),
    evictionStrategy: at(spec, 'evictionStrategy'),
    hypervisors: at(spec, 'hypervisors'),
    instancetype: at(spec, 'instancetypeConfig'),
    ksmConfiguration: at(spec, 'ksmConfiguration'),
    liveUpdateConfiguration: at(spec, 'liveUpdateConfiguration'),
    migrations: migrationsOf(version, at(spec, 'liveMigrationConfig')),
    minCPUModel: at(spec, 'obsoleteCPUs.minCPUModel'),
    network: { binding: bindingsOf(version, at(spec, 'networkBinding')), defaultNetworkInterface: 'masquerade' },
    obsoleteCPUModels: Object.fromEntries(models.map((model) => [model, true])),
    permittedHostDevices: permittedDevicesOf(at(spec, 'permittedHostDevices')),
    roleAggregationStrategy: at(spec, 'roleAggregationStrategy'),
    seccompConfiguration: {
      virtualMachineInstanceProfile: { customProfile: { localhostProfile: 'kubevirt/kubevirt.json' } },
    },
    virtualMachineOptions: Object.keys(machineOptions).length === 0 ? undefined : machineOptions,
    vmRolloutStrategy: 'LiveUpdate',
    vmStateStorageClass: at(spec, 'vmStateStorageClass'),
  });
}

/** Without those that are there only to say that HCO's own are not wanted. */
function permittedDevicesOf(given: unknown): Spec | undefined {
  if (!isObject(given)) return undefined;
  const kept = Object.entries(given).map(([kind, devices]) => [
    kind,
    (devices as Spec[]).flatMap(({ disabled, ...device }) => (disabled === true ? [] : [device])),
  ]);
  return Object.fromEntries(kept) as Spec;
}

function migrationsOf(version: KubeVirtVersion, config: unknown): Spec {
  const wanted = isObject(config) ? config : {};
  const fields =
    'allowWorkloadDisruption' in version.hyperConvergedDefaults
      ? [...MIGRATION_FIELDS, 'allowWorkloadDisruption']
      : MIGRATION_FIELDS;
  return defined(Object.fromEntries(fields.map((field) => [field, wanted[field] ?? undefined])));
}

/** The bindings of primary user-defined networks: OVN-Kubernetes's l2bridge, which migrates (since 1.14). */
function bindingsOf(version: KubeVirtVersion, given: unknown): Spec {
  const bindings = isObject(given) ? given : {};
  if (version.minor < 4) return bindings;
  return { ...bindings, l2bridge: { domainAttachmentType: 'managedTap', migration: {} } };
}

function developerConfigurationOf(version: KubeVirtVersion, { spec, metadata }: HyperConverged): Spec {
  const release = hyperConvergedRelease(version.name);
  const gates = at(spec ?? {}, 'featureGates');
  const on = (name: string): boolean => {
    const value = isObject(gates) ? gates[name] : undefined;
    return typeof value === 'boolean' ? value : (release.gateDefaults[name] ?? false);
  };
  const switched = release.switches.filter(([gate]) => on(gate)).map(([, gate]) => gate);
  // From 1.16 on one of the two kinds of hotplug; before, HotplugVolumes is among those that are always on.
  const hotplug = on('declarativeHotplugVolumes') ? 'DeclarativeHotplugVolumes' : 'HotplugVolumes';
  const always = release.kubevirtGates.includes(hotplug) ? [] : [hotplug];
  const featureGates = [...release.kubevirtGates, ...switched, ...always];
  if (Array.isArray(at(spec ?? {}, 'hypervisors'))) featureGates.push('ConfigurableHypervisor');
  if (at(spec ?? {}, 'roleAggregationStrategy') !== undefined) featureGates.push('OptOutRoleAggregation');
  const { betaGates } = release;
  if (betaGates !== undefined && !isTemplateOff(metadata.annotations?.[V1_ONLY])) featureGates.push('Template');
  const enabled = betaGates === undefined ? featureGates : featureGates.sort();
  return defined({
    cpuAllocationRatio: at(spec ?? {}, 'resourceRequirements.vmiCPUAllocationRatio'),
    disabledFeatureGates: betaGates?.filter((gate) => !enabled.includes(gate)),
    diskVerification: { memoryLimit: '2G' },
    featureGates: enabled,
    logVerbosity: at(spec ?? {}, 'logVerbosityConfig.kubevirt'),
    memoryOvercommit: at(spec ?? {}, 'higherWorkloadDensity.memoryOvercommitPercentage'),
  });
}

/** Of the gate `template`, which only v1 has and v1beta1 keeps in its annotation: on unless it is listed as off. */
function isTemplateOff(kept: string | undefined): boolean {
  const fields: unknown = kept === undefined ? undefined : JSON.parse(kept);
  const gates = isObject(fields) && Array.isArray(fields['featureGates']) ? (fields['featureGates'] as unknown[]) : [];
  return gates.some((gate) => isObject(gate) && gate['name'] === 'template' && gate['state'] === 'Disabled');
}

function patched(spec: Spec, annotation: string | undefined): Spec {
  if (annotation === undefined) return spec;
  const refuse = (why: string): Error => new Error(`invalid jsonPatch in the ${JSON_PATCH} annotation: ${why}`);
  let changes: unknown;
  try {
    changes = JSON.parse(annotation);
  } catch (error) {
    throw refuse(error instanceof Error ? error.message : String(error));
  }
  if (!Array.isArray(changes)) throw refuse('json: cannot unmarshal object into Go value of type jsonpatch.Patch');
  for (const change of changes as Change[]) {
    if (!change.path.startsWith('/spec/')) throw refuse('can only modify spec fields');
  }
  const document = { spec: structuredClone(spec) };
  const failed = applyPatch(document, changes as Change[]).findIndex((error) => error !== null);
  const change = (changes as Change[])[failed];
  if (change !== undefined) throw refuse(whyNot(change));
  return document.spec;
}

/** What Go's json-patch says of an operation that does not apply. */
function whyNot({ op, path }: Change): string {
  if (op === 'test') return `testing value ${path} failed: test failed`;
  const missing = op === 'add' ? `doc is missing path: "${path}"` : `doc is missing key: ${path}`;
  return `${op} operation does not apply: ${missing}: missing value`;
}

function at(spec: Spec, path: string): unknown {
  const found = path.split('.').reduce<unknown>((value, name) => (isObject(value) ? value[name] : undefined), spec);
  return found ?? undefined;
}

function defined(fields: Spec): Spec {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

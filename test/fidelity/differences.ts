import type { Step, Story } from './steps.ts';

/** Where the lab of KubeVirt 1.9 may differ from the recording of it on Kubernetes 1.36; and why. */
export interface Difference {
  reason: string;
  /** Fields of objects, by path. */
  field?: RegExp;
  /** Only with such a value. */
  value?: RegExp;
  /** Of objects whose title matches; default all. */
  of?: RegExp;
  /** Whole events. */
  event?: RegExp;
  /** A part of an event's line. */
  part?: RegExp;
}

export const differences: readonly Difference[] = [
  {
    reason: 'another image of another version, built by somebody else',
    field: /launcherContainerImageVersion$|\.image(ID)?$/,
  },
  { reason: 'other hardware and another machine type', field: /cpu-model-migration\.node|machine-type\.node/ },
  {
    reason:
      'what a launcher pod mounts, runs and may do says nothing about migrations; it is left out so that a lab of 10 000 VMs stays small',
    of: /^pod/,
    field:
      /\.command\[|\.env\[|olumeMounts\[|\.spec\.volumes\[|ecurityContext|terminationMessage|dnsPolicy|preemptionPolicy|\.serviceAccount$|\.spec\.priority$/,
  },
  {
    reason: 'annotations for backup and mesh software, which the lab has not',
    of: /^pod/,
    field: /velero\.io|istio\.io/,
  },
  {
    reason:
      'the container that logs the serial console: OpenShift Virtualization turns it off (HyperConverged disableSerialConsoleLog), and the lab’s launchers never have it',
    of: /^pod/,
    field: /nitContainer/,
  },
  {
    reason: 'the recording’s kubelet is a stand-in: it knows no readiness gates, container IDs or deletions in steps',
    of: /^pod/,
    field: /conditions\[Ready\]|containerStatuses|\.containerID$/,
  },
  { reason: 'the recording’s kubelet is a stand-in that writes no events', event: /source component=kubelet/ },
  {
    reason: 'the recording’s virt-handler is a stand-in that does not say as who it reports',
    part: /(?<=source component=virt-handler.*)reportingComponent=\S* \| reportingInstance=(<.*?>|) /,
  },
  {
    reason: 'whether a pod is seen before it is bound is a matter of milliseconds',
    field: /\.activePods\.<\w+ pod uid>$/,
    value: /^$/,
  },
  { reason: 'it counts the writes to a VMI, of which some are the stand-in’s', of: /^vmi\//, field: /\.generation$/ },
  {
    reason:
      'how a kubelet ends a pod in steps, until its deletion, is its stand-in’s way; the lab’s pods are gone at once',
    of: /^pod\/<target pod>/,
    field: /conditions\[ContainersReady\]|\.deletionTimestamp$|\.deletionGracePeriodSeconds$/,
  },
  {
    reason:
      'how a kubelet ends a pod in steps, until its deletion, is its stand-in’s way; the lab’s pods are gone at once',
    of: /^pod\/<target pod>/,
    field: /\.status\.phase$/,
    value: /^Succeeded$/,
  },
  {
    reason: 'a pod that is deleted unscheduled is marked and gone in one step here',
    of: /^pod\/<target pod>/,
    field: /\.generation$/,
    value: /^2$/,
  },
  {
    reason: 'the recording’s users changed the template of some VMs under way, to steer the stand-in',
    of: /^vmi\//,
    field: /kubevirt\.io\/vm-generation$/,
  },
  { reason: 'annotations that steer the recording’s stand-in', field: /fake\/migration-/ },
  {
    reason: 'the recording’s nodes have other names, and its time-out was another',
    field: /UnschedulablePodTimeoutSeconds|hostname$/,
  },
];

/** A story without what may differ by these differences. */
export function comparable(story: Story, allowed: readonly Difference[]): Story {
  const result: Story = {};
  for (const [title, entries] of Object.entries(story)) {
    const kept = entries.flatMap((entry): (Step | string)[] =>
      typeof entry === 'string' ? eventOf(entry, allowed) : stepOf(title, entry, allowed),
    );
    if (kept.length > 0) result[title] = kept;
  }
  return result;
}

function eventOf(line: string, allowed: readonly Difference[]): string[] {
  let text = line;
  for (const { event, part } of allowed) {
    if (event?.test(text) === true) return [];
    if (part !== undefined) text = text.replace(part, '');
  }
  return [text];
}

function stepOf(title: string, { type, set, unset }: Step, allowed: readonly Difference[]): Step[] {
  const differs = (path: string, value: unknown): boolean =>
    allowed.some(
      ({ field, value: only, of }) =>
        field?.test(path) === true &&
        (of === undefined || of.test(title)) &&
        (only === undefined || only.test(String(value))),
    );
  const step: Step = {
    type,
    set: Object.fromEntries(Object.entries(set).filter(([path, value]) => !differs(path, value))),
    unset: unset.filter((path) => !differs(path, '')),
  };
  const empty = Object.keys(step.set).length + step.unset.length === 0;
  return empty && type === 'MODIFIED' ? [] : [step];
}

/** Kinds of events that only the recording or only the lab has; and why. */
export const missingEvents: readonly { reason: string; event: RegExp }[] = [
  {
    reason: 'a VM without an architecture was created while the recording’s webhook did not know its own',
    event: /unsupported architecture/,
  },
  { reason: 'the recording’s kubelet is a stand-in that writes no events', event: /\| Pod \| kubelet \|/ },
];

/** Where an answer of the lab's API server may differ from the recorded one; and why. */
export interface WireDifference {
  reason: string;
  /** Names of recordings. */
  recording: RegExp;
  /** Fields of the answer, by path. */
  field: RegExp;
}

export const wireDifferences: readonly WireDifference[] = [
  {
    reason: 'the lab claims to be no particular build of Kubernetes',
    recording: /^version$/,
    field: /^\.body\.(buildDate|compiler|git(Commit|TreeState)|goVersion|(emulation|minCompatibility)(Major|Minor))$/,
  },
  {
    reason: 'the recording had not HyperConverged’s conversion webhook; the lab converts',
    recording: /^hco-get-v1$/,
    field: /^\.body\.spec\.\w+$/,
  },
];

/** Resources and subresources that only the recorded server or only the lab serves; and why. By `group/version/name`. */
export const notServed: readonly { reason: string; served: RegExp }[] = [
  {
    reason: 'parts of Kubernetes that have nothing to do with VMs that move',
    served:
      /^(apiregistration|events|certificates|networking|admissionregistration|node|discovery|resource|flowcontrol\.apiserver)\.k8s\.io\/|^(autoscaling|batch)\/|^storage\.k8s\.io\/v1\/(csi(drivers|storage)|volumeattributes)|^apps\/v1\/\w+\/scale$|^\/v1\/(bindings|componentstatuses|endpoints|podtemplates|replicationcontrollers|services\/proxy|namespaces\/finalize|pods\/(binding|ephemeralcontainers|resize))/,
  },
  {
    reason:
      'parts of KubeVirt that are not modelled: trackers of backups, clones, exports, instance types, pools, snapshots',
    served:
      /^backup\.kubevirt\.io\/\w+\/virtualmachinebackuptrackers|^(clone|export|instancetype|plugin|pool|snapshot)\.kubevirt\.io\/|^kubevirt\.io\/\w+\/virtualmachineinstance(presets|replicasets)/,
  },
  { reason: 'the lab has no operator of NMState to configure', served: /^nmstate\.io\/\w+\/nmstates/ },
  {
    reason: 'the old version of the subresource API, which no client asks for',
    served: /^subresources\.kubevirt\.io\/v1alpha3\//,
  },
  {
    reason: 'what people do inside a guest, and changes of its devices',
    served:
      /^subresources\.kubevirt\.io\/v1\/(expand-vm-spec$|virtualmachineinstances\/(vnc|console|portforward|backup|redefine-checkpoint|(un)?freeze|reset|softreboot|objectgraph|sev\/)|virtualmachines\/(expand-spec|objectgraph))/,
  },
  {
    reason: 'what the recorded control plane had not: CDI, the descheduler’s operator, whereabouts, a metrics server',
    served: /^(cdi\.kubevirt\.io|operator\.openshift\.io|whereabouts\.cni\.cncf\.io|metrics\.k8s\.io)\//,
  },
  {
    reason: 'virt-api serves these without telling discovery',
    served: /^subresources\.kubevirt\.io\/v1\/(version|virtualmachineinstances\/interfacelist)$/,
  },
];

/** Resources that are served with fewer verbs. */
export const fewerVerbs: readonly { reason: string; resource: RegExp }[] = [
  { reason: 'the lab’s proxies only read', resource: /^\/v1\/(nodes|pods)\/proxy$/ },
];

import type { Step, Story } from './steps.ts';

/** Where the lab, which behaves as KubeVirt 1.6 on Kubernetes 1.33, may differ from a recording of 1.9 on 1.36; and why. */
interface Difference {
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
    reason: 'KubeVirt 1.9 has settings that 1.6 has not (facts/kubevirt.md A8)',
    field: /migrationConfiguration\.(maxDowntimeMs|utilityVolumesTimeout)$/,
  },
  { reason: 'targetMemoryOverhead is there since 1.8 (facts/kubevirt.md A5)', field: /\.targetMemoryOverhead$/ },
  {
    reason: 'the annotation about memory overhead is there since 1.8 (facts/kubevirt.md A5)',
    field: /memory-overhead-bytes$/,
  },
  { reason: 'priorities are there since 1.7 (facts/kubevirt.md A6)', field: /^\.spec\.priority$/, of: /^vmim/ },
  { reason: 'EvictionRequested is there since 1.7 (facts/kubevirt.md A3)', field: /conditions\[EvictionRequested\]/ },
  { reason: 'the label vmi.kubevirt.io/id is there since 1.7 (facts/kubevirt.md A7)', field: /vmi\.kubevirt\.io\/id$/ },
  { reason: 'the texts of aborts changed with 1.9 (facts/kubevirt.md D2)', field: /\.failureReason$/, value: /abort/ },
  {
    reason: 'the texts of aborts changed with 1.9 (facts/kubevirt.md D2)',
    part: /Live migration (has been aborted|aborted ) \|/,
  },
  {
    reason: 'Kubernetes 1.36 says more about pods that it cannot place than 1.33 does',
    field: /conditions\[PodScheduled\]\.(observedGeneration|message)$/,
  },
  {
    reason: 'Kubernetes 1.36 says more about pods that it cannot place than 1.33 does',
    part: / no new claims to deallocate,/,
  },
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
    reason: 'a number of the mutating webhook whose value in 1.6 no source here tells',
    field: /pci-topology-version$/,
  },
  {
    reason: 'OpenShift Virtualization turns the serial console log off (HyperConverged disableSerialConsoleLog)',
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
    reason: 'when the target’s virt-handler has seen the domain is its stand-in’s choice',
    field: /targetNodeDomainDetected$/,
  },
  {
    reason: 'whether a pod is seen before it is bound is a matter of milliseconds',
    field: /\.activePods\.<\w+ pod uid>$/,
    value: /^$/,
  },
  { reason: 'it counts the writes to a VMI, of which some are the stand-in’s', of: /^vmi\//, field: /\.generation$/ },
  {
    reason:
      'the recording’s virt-handler takes a VM with a container disk for one without (facts/kubevirt.md A3), and opens no port for disks',
    field: /targetDirectMigrationNodePorts\.<port>$/,
  },
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

/** A story without what may differ; `used` gets the differences that there were. */
export function comparable(story: Story, used: Set<Difference>): Story {
  const result: Story = {};
  for (const [title, entries] of Object.entries(story)) {
    const kept = entries.flatMap((entry): (Step | string)[] =>
      typeof entry === 'string' ? eventOf(entry, used) : stepOf(title, entry, used),
    );
    if (kept.length > 0) result[title] = kept;
  }
  return result;
}

function eventOf(line: string, used: Set<Difference>): string[] {
  let text = line;
  for (const difference of differences) {
    if (difference.event?.test(text) === true) {
      used.add(difference);
      return [];
    }
    if (difference.part?.test(text) !== true) continue;
    used.add(difference);
    text = text.replace(difference.part, '');
  }
  return [text];
}

function stepOf(title: string, { type, set, unset }: Step, used: Set<Difference>): Step[] {
  const differs = (path: string, value: unknown): boolean => {
    const found = differences.find(
      ({ field, value: only, of }) =>
        field?.test(path) === true &&
        (of === undefined || of.test(title)) &&
        (only === undefined || only.test(String(value))),
    );
    if (found !== undefined) used.add(found);
    return found !== undefined;
  };
  const step: Step = {
    type,
    set: Object.fromEntries(Object.entries(set).filter(([path, value]) => !differs(path, value))),
    unset: unset.filter((path) => !differs(path, '')),
  };
  const empty = Object.keys(step.set).length + step.unset.length === 0;
  return empty && type === 'MODIFIED' ? [] : [step];
}

import { at as atField } from '../../model/finding.ts';
import type { Pod } from '../../model/objects.ts';
import type { MigrationCase } from '../case.ts';
import type { Cause, Suspicion } from '../cause.ts';
import { eventSaying, inWords } from '../said.ts';

const DOWN = /target attachment pod shutdown during migration/;
const REFUSED = /^Error creating attachment pod: (.*)$/s;
/** What keeps a pod from starting, in the words of the scheduler, the attach-detach controller and the kubelet. */
const TROUBLE = /.*/s;

/** Seconds in which an attachment pod starts where nothing is wrong; its image is there, the launcher's. */
const USUAL = 30;

const LOOK = 'See whether the node is well, and whether the volumes can be attached there: ferry diagnose node/';

/** The pod that carries hot-plugged volumes to the target ended, does not start, or is not there (facts/kubevirt.md A6, C1, G4). */
export const attachmentPod: Cause = {
  id: 'target/attachment-pod',
  title: 'The pod for hot-plugged volumes was lost, or does not start',
  source: 'facts/kubevirt.md A6, C1, E, G4',
  needs: ['migrations', 'virtualMachineInstances', 'pods'],
  reads: ['events'],
  migration(each) {
    return ended(each) ?? waiting(each);
  },
  texts: [DOWN, REFUSED],
  meaning: {
    message:
      'Hot-plugged volumes are attached on the target by a pod of their own (hp-volume-...), and that pod ended, or could not be created.',
    remedies: ['See its events, and ask again: ferry move VM.'],
  },
};

function ended({ phase, events, targetNode }: MigrationCase): Suspicion | undefined {
  const said = phase === 'Failed' ? eventSaying(events, DOWN) : undefined;
  if (said === undefined) return undefined;
  const evicted = eventSaying(
    events.filter(({ about, reason }) => about.kind === 'Pod' && reason === 'Evicted'),
    /low on resource: (\S+?)\./,
  );
  const why =
    evicted === undefined ? '' : `: the kubelet evicted it, as the node was short of ${evicted.match[1] ?? ''}`;
  return {
    confidence: 'certain',
    message: `the pod hp-volume-... that attaches the hot-plugged volumes on ${targetNode ?? 'the target node'} ended before the VM had moved${why}`,
    evidence: [said.evidence, ...(evicted === undefined ? [] : [evicted.evidence])],
    remedies: [`${LOOK}${targetNode ?? 'NODE'}.`, 'Ask again, or for another node: ferry move VM --to NODE.'],
  };
}

/** KubeVirt has no time-out for it: while the target pod itself is well, the migration waits for as long as it takes. */
function waiting(each: MigrationCase): Suspicion | undefined {
  const { phase, vmi, targetPod, attachmentPod: pod, events, now, targetNode = 'the target node' } = each;
  const waits = phase === 'Pending' || phase === 'Scheduling';
  const hotplugged = (vmi?.status?.volumeStatus ?? []).filter(({ hotplugVolume }) => hotplugVolume !== undefined);
  if (!waits || targetPod?.status?.phase !== 'Running' || hotplugged.length === 0) return undefined;
  const remedies = [
    `${LOOK}${targetNode}.`,
    'KubeVirt gives this wait no end: take the request back, and ask for another node: ferry cancel VM, ferry move VM --to NODE.',
  ];
  const which = `its hot-plugged ${hotplugged.length === 1 ? 'volume' : 'volumes'} (${hotplugged.map(({ name }) => name).join(', ')})`;
  if (pod === undefined) {
    const refused = eventSaying(events, REFUSED);
    if (refused !== undefined) {
      return {
        confidence: 'certain',
        message: `it waits: the pod that would attach ${which} on ${targetNode} is turned down: ${refused.match[1] ?? ''}`,
        evidence: [refused.evidence],
        remedies: [
          'Make room for one more small pod in the namespace (10m CPU, 2M of memory; its limits are 100m and 80M), or change the rule that turns it down; KubeVirt tries again by itself.',
          'Or take the request back: ferry cancel VM.',
        ],
      };
    }
    if (phase !== 'Scheduling') return undefined;
    return {
      confidence: 'certain',
      message: `it waits: the pod that attached ${which} on ${targetNode} is gone, and KubeVirt makes no other one for this migration`,
      evidence: [atField(targetPod, '.status.phase', targetPod.status.phase)],
      remedies: ['Take the request back, and ask again: ferry cancel VM, ferry move VM.'],
    };
  }
  if (isReady(pod)) return undefined;
  const waited = Math.max(0, (now - Date.parse(pod.metadata.creationTimestamp ?? '')) / 1000) || 0;
  const said = eventSaying(
    events.filter(({ about, type }) => about.name === pod.metadata.name && type === 'Warning'),
    TROUBLE,
  );
  if (waited < USUAL && said === undefined) return undefined;
  return {
    confidence: said === undefined ? 'likely' : 'certain',
    message: `it waits: pod ${pod.metadata.name}, which attaches ${which} on ${targetNode}, has not started for ${inWords(waited)}`,
    evidence: [...(said === undefined ? [] : [said.evidence]), atField(pod, '.status.phase', pod.status?.phase)],
    remedies,
  };
}

function isReady({ metadata, status }: Pod): boolean {
  const ready = status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') === true;
  return status?.phase === 'Running' && metadata.deletionTimestamp === undefined && ready;
}

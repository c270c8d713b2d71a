import type { Node, Pod } from '../../model/objects.ts';
import { addAmounts, isFinishedPod, requestsOf } from '../../model/pods.ts';
import { type Cluster, modify, now, remove } from '../cluster.ts';
import { resources } from '../resources.ts';
import { withCondition } from './pod-status.ts';
import { type PodQuestion, type Rejection, reject, type Usage } from './scheduling.ts';

const PREEMPTING = { component: 'default-scheduler', action: 'Preempting' };

/** OpenShift's and Kubernetes's own pods have classes such as system-node-critical, which the lab's do not state. */
const SYSTEM = /^(openshift|kube)-/;
const CRITICAL = 2_000_000_000;

function priorityOf({ spec, metadata }: Pod): number {
  return spec?.priority ?? (SYSTEM.test(metadata.namespace ?? '') ? CRITICAL : 0);
}

interface Candidate {
  node: Node;
  victims: Pod[];
}

/**
 * kube-scheduler's DefaultPreemption: where no node has room for a pod, pods of lower priority are deleted from one
 * (Kubernetes pkg/scheduler/framework/plugins/defaultpreemption and framework/preemption). The node, or undefined: nothing
 * helps, or what helps is under way. Disruption budgets, by which the real one chooses among nodes, are not weighed, and of what keeps a
 * pod away only resources are given back.
 */
export function preempt(
  cluster: Cluster,
  used: Usage,
  question: PodQuestion,
  rejections: readonly { node: Node; rejection: Rejection }[],
): Node | undefined {
  const { pod } = question;
  if (pod.spec?.preemptionPolicy === 'Never') return undefined;
  const candidates = rejections.flatMap(({ node, rejection }): Candidate[] => {
    const victims = rejection.unresolvable ? [] : victimsOn(cluster, used, question, node);
    return victims.length === 0 ? [] : [{ node, victims }];
  });
  // Those of an earlier attempt are still ending.
  if (candidates.some(({ victims }) => victims.some(({ metadata }) => metadata.deletionTimestamp !== undefined))) {
    return undefined;
  }
  const best = candidates.sort(byHarm)[0];
  if (best === undefined) return undefined;
  for (const victim of best.victims) drop(cluster, pod, victim, best.node);
  modify<Pod>(cluster, resources.pods, pod, (draft) => {
    draft.status = { ...draft.status, nominatedNodeName: best.node.metadata.name };
  });
  return best.node;
}

/** The pods of lower priority that have to go so that it fits: all, without those for which there is room again, the more important ones first. */
function victimsOn(cluster: Cluster, used: Usage, question: PodQuestion, node: Node): Pod[] {
  const mine = priorityOf(question.pod);
  const lower = cluster.podsOn
    .get(node.metadata.name)
    .filter((pod) => !isFinishedPod(pod) && priorityOf(pod) < mine)
    .sort(byImportance);
  const gone = new Set(lower);
  if (lower.length === 0 || !fits(used, question, node, gone)) return [];
  for (const pod of lower) {
    gone.delete(pod);
    if (!fits(used, question, node, gone)) gone.add(pod);
  }
  return [...gone];
}

function fits(used: Usage, question: PodQuestion, node: Node, gone: ReadonlySet<Pod>): boolean {
  const left = { ...used.of(node.metadata.name) };
  for (const pod of gone) addAmounts(left, requestsOf(pod), -1);
  return reject({ ...used, of: () => left }, question, node) === undefined;
}

const startOf = ({ status, metadata }: Pod): number =>
  Date.parse(status?.startTime ?? metadata.creationTimestamp ?? '') || 0;

/** MoreImportantPod: the higher priority, then who has run longer. */
function byImportance(a: Pod, b: Pod): number {
  return priorityOf(b) - priorityOf(a) || startOf(a) - startOf(b) || (a.metadata.name < b.metadata.name ? -1 : 1);
}

/** pickOneNodeForPreemption: the lowest of the highest priorities, of their sum, the fewest, those that run shortest. */
function byHarm(a: Candidate, b: Candidate): number {
  const highest = ({ victims }: Candidate): number => Math.max(...victims.map(priorityOf));
  const sum = ({ victims }: Candidate): number => victims.reduce((total, pod) => total + priorityOf(pod), 0);
  const oldest = ({ victims }: Candidate): number => Math.min(...victims.map(startOf));
  return (
    highest(a) - highest(b) || sum(a) - sum(b) || a.victims.length - b.victims.length || oldest(b) - oldest(a) || 0
  );
}

function drop(cluster: Cluster, pod: Pod, victim: Pod, node: Node): void {
  const doomed = modify<Pod>(cluster, resources.pods, victim, (draft) => {
    draft.status = {
      ...draft.status,
      conditions: withCondition(draft.status?.conditions, {
        type: 'DisruptionTarget',
        status: 'True',
        reason: 'PreemptionByScheduler',
        message: 'default-scheduler: preempting to accommodate a higher priority pod',
        lastTransitionTime: now(cluster),
      }),
    };
  });
  if (doomed === undefined) return;
  remove(cluster, resources.pods, doomed);
  const message = `Preempted by pod ${pod.metadata.uid ?? ''} on node ${node.metadata.name}`;
  cluster.events.normal(doomed, PREEMPTING, 'Preempted', message);
}

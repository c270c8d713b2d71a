import { at as atField } from '../../model/finding.ts';
import { nodesOf } from '../../model/nodes.ts';
import { isHandlerReady } from '../../model/objections.ts';
import { type Cause } from '../cause.ts';
import { failureSaying, lineSaying } from '../said.ts';

const SHUTDOWN = /unable to process new migration connections during virt-handler shutdown/;

/** virt-handler of the source or the target is restarted, or not ready (mission Issue 3; facts/kubevirt.md C4, D7). */
export const handlerUnready: Cause = {
  id: 'node/virt-handler-not-ready',
  title: 'virt-handler is not ready',
  source: 'mission: Issue 3; facts/kubevirt.md C4, D7; facts/anchors.md 6 row 21',
  needs: ['migrations', 'virtualMachineInstances', 'nodes', 'pods', 'daemonSets'],
  reads: ['logs'],
  migration(each) {
    const { snapshot, sourceNode, targetNode, phase, final, logs } = each;
    if (phase === 'Succeeded') return undefined;
    const refused = failureSaying(each, SHUTDOWN) ?? lineSaying(logs, SHUTDOWN, 'virt-handler');
    const node = final
      ? undefined
      : [sourceNode, targetNode]
          .map((name) => (name === undefined ? undefined : nodesOf(snapshot).get(name)))
          .find((view) => view?.ready === true && view.handler !== undefined && !isHandlerReady(view));
    if (refused === undefined && node === undefined) return undefined;
    const handler = node?.handler;
    return {
      confidence: refused === undefined ? 'likely' : 'certain',
      message:
        refused === undefined
          ? `virt-handler of its ${node?.name === sourceNode ? 'source' : 'target'} node ${node?.name ?? ''} is not ready: it is restarted, or cannot start`
          : 'virt-handler was being restarted, and took no new migrations meanwhile',
      evidence: [
        ...(refused === undefined ? [] : [refused.evidence]),
        ...(handler === undefined
          ? []
          : [
              atField(
                handler,
                '.status.conditions[type=Ready].status',
                handler.status?.conditions?.find(({ type }) => type === 'Ready')?.status,
              ),
            ]),
      ],
      remedies: [
        `If virt-handler is being rolled out (after an update, or a change of the migration network), wait until it is done: kubectl rollout status daemonset/virt-handler -n ${handler?.metadata.namespace ?? 'openshift-cnv'}.`,
        'If its pod does not become ready, look at its log and events: ferry diagnose node/NODE.',
        'Then ask again: ferry move VM.',
      ],
    };
  },
  texts: [SHUTDOWN, /virt-handler.*(not ready|CrashLoopBackOff|ContainerCreating)/i],
  meaning: {
    message:
      'virt-handler, which makes the migrations of a node, is being restarted or does not start; meanwhile nothing migrates from or to that node. Its pods are replaced in a roll-out, so their restart count says nothing.',
    remedies: [
      'Wait for the roll-out: kubectl rollout status daemonset/virt-handler.',
      'See which node it is: ferry diagnose cluster.',
    ],
  },
};

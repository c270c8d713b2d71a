import type { Evidence } from '../../model/finding.ts';
import { at as atField } from '../../model/finding.ts';
import { linkSpeeds } from '../../model/links.ts';
import { migrationsOf } from '../../model/migrations.ts';
import { settingsOf } from '../../model/settings.ts';
import { itemsOf } from '../../model/snapshot.ts';
import { atLog, type Cause } from '../cause.ts';
import { samplesOf } from '../course.ts';

/** A link that carries this share of its speed is full: TCP, TLS and Ethernet take the rest. */
const FULL = 0.75;
const GBIT = 1e9 / 8;

/** Several migrations share a node's NIC, and slow each other down (mission: Issue 2). Measured by what virt-launcher logs. */
export const nodeLink: Cause = {
  id: 'node/link-full',
  title: 'Migrations fill the link of the node',
  source: 'mission: Issue 2: Network Saturation; facts/kubevirt.md D1',
  needs: ['migrations', 'virtualMachineInstances', 'pods', 'nodeNetworkStates'],
  reads: ['logs'],
  node(node, { snapshot, logs }) {
    const gbps = linkSpeeds(snapshot).get(node.name);
    if (gbps === undefined) return undefined;
    // A link carries as much in each direction.
    for (const way of ['out', 'in'] as const) {
      const running = migrationsOf(snapshot).unfinished.filter(
        ({ phase, sourceNodes, targetNode }) =>
          phase === 'Running' &&
          (way === 'out' ? sourceNodes.includes(node.name) && targetNode !== node.name : targetNode === node.name),
      );
      const evidence: Evidence[] = [];
      let rate = 0;
      for (const { uid } of running) {
        const last = samplesOf(logs, uid).at(-1);
        const log = logs.find(({ lines }) => lines.some((line) => line.includes(`info for ${uid}:`)));
        const line = log?.lines.findLast((text) => text.includes(`info for ${uid}:`));
        if (last === undefined || log === undefined || line === undefined) continue;
        rate += last.bandwidth;
        evidence.push(atLog(log, line));
      }
      if (running.length < 2 || rate < FULL * gbps * GBIT) continue;
      const state = itemsOf(snapshot.lists.nodeNetworkStates).find(({ metadata }) => metadata.name === node.name);
      const fastest = state?.status?.currentState?.interfaces?.find(({ ethernet }) => ethernet?.speed === gbps * 1000);
      return {
        confidence: 'certain',
        message: `${running.length} migrations ${way === 'out' ? 'from' : 'to'} ${node.name} send ${(rate / GBIT).toFixed(1)} Gbit/s together, over a link of ${gbps} Gbit/s: it is full, and each gets its share only`,
        evidence: [
          ...evidence,
          ...(state === undefined || fastest === undefined
            ? []
            : [
                atField(
                  state,
                  `.status.currentState.interfaces[name=${fastest.name}].ethernet.speed`,
                  fastest.ethernet?.speed,
                ),
              ]),
        ],
        remedies: [
          way === 'out'
            ? `Let fewer leave at once: parallelOutboundMigrationsPerNode is ${settingsOf(snapshot).parallelOutboundMigrationsPerNode.value ?? 'not known'}; with 1 the first ends sooner, and the last no later.`
            : 'Spread the targets: KubeVirt has no limit of migrations to a node. Move them one after the other: ferry move VM --to NODE.',
          'Give migrations a network of their own, on a faster NIC.',
        ],
      };
    }
    return undefined;
  },
};

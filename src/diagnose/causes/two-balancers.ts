import type { Evidence } from '../../model/finding.ts';
import { at as atField } from '../../model/finding.ts';
import { nodesOf } from '../../model/nodes.ts';
import { itemsOf } from '../../model/snapshot.ts';
import { type Cause } from '../cause.ts';

const UPDATE = 'kubevirt.io/workloadUpdateMigration';
const PROFILES = ['KubeVirtRelieveAndMigrate', 'DevKubeVirtRelieveAndMigrate', 'LongLifecycle'];

/** The descheduler moves VMs while something else does, too: one undoes what the other did, and both take slots (facts/anchors.md 2 pain 14). */
export const twoBalancers: Cause = {
  id: 'moves/two-balancers',
  title: 'Two programs move VMs at the same time',
  source: 'facts/kubevirt.md C3, J; facts/anchors.md 2 pains 12, 14',
  needs: ['nodes', 'migrations', 'deschedulers'],
  cluster({ snapshot, now }) {
    const descheduler = itemsOf(snapshot.lists.deschedulers).find(
      ({ spec }) => spec?.mode === 'Automatic' && (spec.profiles ?? []).some((profile) => PROFILES.includes(profile)),
    );
    if (descheduler === undefined) return undefined;
    const others: { who: string; evidence: Evidence }[] = [];
    const recent = itemsOf(snapshot.lists.migrations).filter(
      ({ metadata }) => now - Date.parse(metadata.creationTimestamp ?? '') <= 3_600_000,
    );
    const update = recent.find(({ metadata }) => metadata.annotations?.[UPDATE] !== undefined);
    if (update !== undefined) {
      others.push({
        who: "KubeVirt's workload updater",
        evidence: atField(update, `.metadata.annotations["${UPDATE}"]`, update.metadata.annotations?.[UPDATE]),
      });
    }
    const ferry = recent.find(({ metadata }) => metadata.labels?.['app.kubernetes.io/managed-by'] === 'ferry');
    if (ferry !== undefined) {
      others.push({
        who: 'Ferry',
        evidence: atField(ferry, '.metadata.labels["app.kubernetes.io/managed-by"]', 'ferry'),
      });
    }
    const state = 'machineconfiguration.openshift.io/state';
    const updating = [...nodesOf(snapshot).values()].find(
      ({ object }) => object.metadata.annotations?.[state] === 'Working',
    );
    if (updating !== undefined) {
      others.push({
        who: 'the Machine Config Operator',
        evidence: atField(updating.object, `.metadata.annotations["${state}"]`, 'Working'),
      });
    }
    if (others.length === 0) return undefined;
    return {
      confidence: 'likely',
      message: `the descheduler balances VMs by itself, and ${others.map(({ who }) => who).join(', ')} move${others.length === 1 ? 's' : ''} VMs at the same time: each undoes what the other does, and both take migration slots`,
      evidence: [atField(descheduler, '.spec.mode', 'Automatic'), ...others.map(({ evidence }) => evidence)],
      remedies: [
        `Let the descheduler only watch meanwhile: kubectl patch kubedescheduler ${descheduler.metadata.name} -n ${descheduler.metadata.namespace} --type=merge -p '{"spec":{"mode":"Predictive"}}'; put it back to Automatic afterwards.`,
        'Let one program balance VMs, and no other.',
      ],
    };
  },
};

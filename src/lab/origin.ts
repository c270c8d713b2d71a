import { linkSpeeds } from '../model/links.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { type KubeVirtVersion, knownVersion } from '../model/versions/index.ts';
import type { Cluster } from './cluster.ts';
import { assumptionsOf } from './import/assumptions.ts';
import { buildSnapshot } from './import/build.ts';
import { buildScenario } from './scenarios/build.ts';
import { nodesIn } from './scenarios/build-nodes.ts';
import type { Scenario } from './scenarios/scenario.ts';

/** What a lab starts from. */
export interface Origin {
  /** Of the NIC that carries migrations, by node, Gbit/s. */
  nicGbps: Map<string, number>;
  /** Lab time it belongs to, ms since the epoch; undefined: any. */
  time: number | undefined;
  /** Where the admin's context starts. */
  namespace: string;
  /** The KubeVirt it had; undefined: whichever is asked for. */
  version: KubeVirtVersion | undefined;
  /** What it does not tell and the lab takes for granted, a sentence each. */
  assumptions: string[];
  /** What breaks by itself. */
  faults: NonNullable<Scenario['faults']>;
  /** Fills the empty store. */
  build(cluster: Cluster): void;
}

export function fromScenario(scenario: Scenario): Origin {
  const gbps = scenario.migrationNetwork?.gbps;
  return {
    nicGbps: new Map(nodesIn(scenario).map(({ name, group }) => [name, gbps ?? group.nicGbps])),
    time: undefined,
    version: undefined,
    namespace: scenario.namespaces[0]?.name ?? 'default',
    assumptions: [],
    faults: scenario.faults ?? [],
    build: (cluster) => buildScenario(cluster, scenario),
  };
}

export function fromSnapshot(snapshot: Snapshot): Origin {
  return {
    nicGbps: linkSpeeds(snapshot),
    time: Date.parse(snapshot.takenAt),
    version: knownVersion(snapshot.versions.kubevirt)?.version,
    namespace: snapshot.namespaces[0] ?? 'default',
    assumptions: assumptionsOf(snapshot),
    faults: [],
    build: (cluster) => buildSnapshot(cluster, snapshot),
  };
}

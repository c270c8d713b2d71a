import { randomBytes } from 'node:crypto';
import { kubevirt16 } from '../model/versions/index.ts';
import { ApiServer } from './api/server.ts';
import { Store } from './api/store.ts';
import { createCertificates } from './certificates.ts';
import { Clock, type Speed } from './clock.ts';
import { type Cluster, createCluster } from './cluster.ts';
import { labControl } from './control/index.ts';
import { startControllers } from './controllers/index.ts';
import { kubeletSubresources } from './controllers/kubelet-api.ts';
import { metricsServer } from './controllers/metrics-server.ts';
import { virtApi } from './controllers/virt-api.ts';
import { metricsProxy } from './controllers/virt-metrics.ts';
import { modelHypervisor } from './hypervisor/model.ts';
import { createNetwork, type Network } from './hypervisor/network.ts';
import { renderKubeconfig, writeKubeconfig } from './kubeconfig.ts';
import { random } from './random.ts';
import { buildScenario } from './scenarios/build.ts';
import { nodesIn } from './scenarios/build-nodes.ts';
import { generate } from './scenarios/generate.ts';
import { scenarios } from './scenarios/index.ts';
import type { Scenario } from './scenarios/scenario.ts';

export interface LabOptions {
  /** One of `scenarios` by name, or a scenario. Default `small`. */
  scenario?: string | Scenario;
  /** Instead of a scenario: so many workers ... */
  nodes?: number;
  /** ... and so many VMs. */
  vms?: number;
  /** How many times faster than real time; `max`: from event to event; `stopped`: only by hand, through `clock`. Default 1. */
  speed?: Speed | 'stopped';
  /** Lab time at the start, ms since the epoch. Default: now. */
  startTime?: number;
  /** Default `1`. */
  seed?: string | number;
  /** On 127.0.0.1; default 0: any. */
  port?: number;
  /** Where to write the kubeconfig as well, mode 0600. */
  kubeconfigPath?: string;
}

/** A running lab. */
export interface Lab {
  /** `https://127.0.0.1:PORT`. */
  url: string;
  /** The text of a kubeconfig for it: user `admin` may do everything, `viewer` may read. */
  kubeconfig: string;
  clock: Clock;
  store: Store;
  network: Network;
  /** Bugs of the lab that have shown so far. */
  faults: Error[];
  stop(): Promise<void>;
}

/** Bytes per second of a link of so many Gbit/s, less what Ethernet and TCP take. */
function linkSpeed(gbps: number): number {
  return ((gbps * 1e9) / 8) * 0.94;
}

function scenarioOf({ scenario, nodes, vms, seed }: LabOptions): Scenario {
  if (nodes !== undefined) return generate({ nodes, vms: vms ?? 0, ...(seed === undefined ? {} : { seed }) });
  if (typeof scenario === 'object') return scenario;
  const found = scenarios[scenario ?? 'small'];
  if (found === undefined) throw new Error(`there is no scenario ${scenario ?? ''}`);
  return found;
}

/**
 * Starts a cluster of its own on 127.0.0.1. Resolves when it serves. Rejects with EADDRINUSE if the port is taken.
 * Ends by `stop` only.
 */
export async function startLab(options: LabOptions = {}): Promise<Lab> {
  const scenario = scenarioOf(options);
  const seed = options.seed ?? '1';
  const clock = new Clock(options.startTime ?? Date.now());
  const rng = random(seed);
  const store = new Store(clock, rng);
  const network = createNetwork({
    nicSpeed: linkSpeed(10),
    nicSpeeds: Object.fromEntries(
      nodesIn(scenario).map(({ name, group }) => [name, linkSpeed(scenario.migrationNetwork?.gbps ?? group.nicGbps)]),
    ),
  });
  const cluster: Cluster = createCluster({
    clock,
    store,
    random: rng,
    version: kubevirt16,
    hypervisor: modelHypervisor({ clock, rng: rng.fork('hypervisor'), network }),
  });
  buildScenario(cluster, scenario);
  const { handler } = startControllers(cluster);

  const tokens = { admin: randomBytes(24).toString('base64url'), viewer: randomBytes(24).toString('base64url') };
  const certificates = await createCertificates();
  const { webhooks, subresources } = virtApi(cluster);
  const server = new ApiServer({
    store,
    clock,
    certificates,
    tokens: {
      [tokens.admin]: { name: 'admin', groups: ['system:masters'] },
      [tokens.viewer]: { name: 'viewer', groups: ['viewers'] },
    },
    webhooks,
    subresources: [...subresources, ...kubeletSubresources(cluster, handler), metricsProxy(cluster, handler)],
    virtual: metricsServer(cluster),
    paths: labControl(cluster),
    authorize: ({ user, verb }) => user.groups.includes('system:masters') || ['get', 'list', 'watch'].includes(verb),
    gracefulPods: true,
    onFault: (error) => cluster.faults.push(error instanceof Error ? error : new Error(String(error))),
  });
  await server.listen(options.port ?? 0);
  const kubeconfig = {
    server: server.url,
    ca: certificates.ca,
    users: [
      { name: 'admin', token: tokens.admin },
      { name: 'viewer', token: tokens.viewer },
    ],
    name: 'ferry-lab',
    namespace: scenario.namespaces[0]?.name ?? 'default',
  };
  if (options.kubeconfigPath !== undefined) await writeKubeconfig(options.kubeconfigPath, kubeconfig);
  const speed = options.speed ?? 1;
  if (speed !== 'stopped') clock.drive(speed);
  return {
    url: server.url,
    kubeconfig: renderKubeconfig(kubeconfig),
    clock,
    store,
    network,
    faults: cluster.faults,
    stop: async () => {
      clock.stop();
      await server.close();
    },
  };
}

import { randomBytes } from 'node:crypto';
import type { Snapshot } from '../model/snapshot.ts';
import { kubevirt16 } from '../model/versions/index.ts';
import { ApiServer } from './api/server.ts';
import { Store } from './api/store.ts';
import { createCertificates } from './certificates.ts';
import { Clock, type Speed } from './clock.ts';
import { type Cluster, createCluster } from './cluster.ts';
import { CONTROL, labControl } from './control/index.ts';
import { startControllers } from './controllers/index.ts';
import { kubeletSubresources } from './controllers/kubelet-api.ts';
import { metricsServer } from './controllers/metrics-server.ts';
import { virtApi } from './controllers/virt-api.ts';
import { metricsProxy } from './controllers/virt-metrics.ts';
import { type FaultInjector, faultInjector } from './faults/injector.ts';
import { requestRules } from './faults/requests.ts';
import { modelHypervisor } from './hypervisor/model.ts';
import { createNetwork, type Network } from './hypervisor/network.ts';
import { ASSUMED_GBPS } from './import/links.ts';
import { renderKubeconfig, writeKubeconfig } from './kubeconfig.ts';
import { fromScenario, fromSnapshot, type Origin } from './origin.ts';
import { random } from './random.ts';
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
  /** Instead of a scenario: what a Snapshot of any cluster holds. Lab time starts when it was taken. */
  from?: Snapshot;
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
  /** Breaks things on purpose. */
  injector: FaultInjector;
  /** What a lab made from a Snapshot takes for granted, a sentence each. */
  assumptions: string[];
  stop(): Promise<void>;
}

/** Bytes per second of a link of so many Gbit/s, less what Ethernet and TCP take. */
function linkSpeed(gbps: number): number {
  return ((gbps * 1e9) / 8) * 0.94;
}

function originOf(options: LabOptions): Origin {
  return options.from === undefined ? fromScenario(scenarioOf(options)) : fromSnapshot(options.from);
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
  const origin = originOf(options);
  const seed = options.seed ?? '1';
  const clock = new Clock(options.startTime ?? origin.time ?? Date.now());
  const rng = random(seed);
  const store = new Store(clock, rng);
  const network = createNetwork({
    nicSpeed: linkSpeed(ASSUMED_GBPS),
    nicSpeeds: Object.fromEntries([...origin.nicGbps].map(([name, gbps]) => [name, linkSpeed(gbps)])),
  });
  const cluster: Cluster = createCluster({
    clock,
    store,
    random: rng,
    version: kubevirt16,
    hypervisor: modelHypervisor({ clock, rng: rng.fork('hypervisor'), network }),
  });
  origin.build(cluster);
  const { handler } = startControllers(cluster);

  const tokens = { admin: randomBytes(24).toString('base64url'), viewer: randomBytes(24).toString('base64url') };
  const certificates = await createCertificates();
  const { webhooks, subresources } = virtApi(cluster);
  const requests = requestRules(CONTROL);
  const injector = faultInjector({ cluster, network, handler, requests, server: () => server });
  const server: ApiServer = new ApiServer({
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
    paths: labControl(cluster, injector),
    interfere: requests.interfere,
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
    namespace: origin.namespace,
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
    injector,
    assumptions: origin.assumptions,
    stop: async () => {
      clock.stop();
      await server.close();
    },
  };
}

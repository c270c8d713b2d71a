import { randomBytes } from 'node:crypto';
import { ASSUMED_GBPS } from '../model/links.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { type KubeVirtVersion, versionOf } from '../model/versions/index.ts';
import { kindsOf } from './api/kinds/index.ts';
import { MASTERS } from './api/rbac/rights.ts';
import { ApiServer } from './api/server.ts';
import { Store } from './api/store.ts';
import { TokenBook } from './api/token-book.ts';
import { createCertificates } from './certificates.ts';
import { Clock, type Speed } from './clock.ts';
import { type Cluster, createCluster } from './cluster.ts';
import { CONTROL, labControl } from './control/index.ts';
import { startControllers } from './controllers/index.ts';
import { kubeletSubresources } from './controllers/kubelet-api.ts';
import { metricsServer } from './controllers/metrics-server.ts';
import { migrationLinks } from './controllers/migration-links.ts';
import { VIRT_API_GROUP, virtApi } from './controllers/virt-api.ts';
import { apiClockOf } from './faults/api-clock.ts';
import { type FaultInjector, faultInjector } from './faults/injector.ts';
import { requestRules } from './faults/requests.ts';
import { modelHypervisor } from './hypervisor/model.ts';
import { createNetwork, type Network } from './hypervisor/network.ts';
import { renderKubeconfig, writeKubeconfig } from './kubeconfig.ts';
import { allMetrics, metricsProxy } from './metrics/serve.ts';
import { metricSources } from './metrics/targets.ts';
import { fromScenario, fromSnapshot, type Origin } from './origin.ts';
import { random } from './random.ts';
import { createRoles, VIEWERS } from './scenarios/build-roles.ts';
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
  /** Minor version of OpenShift Virtualization, one of `versions`. Default: the Snapshot's, else 4.20. */
  cnv?: string;
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

/** OpenShift Virtualization where nothing else is asked for. */
const DEFAULT_CNV = '4.20';

/** Of the cluster and of its admin's context in kubeconfigs. */
const LAB_NAME = 'ferry-lab';

/** A running lab. */
export interface Lab {
  /** `https://127.0.0.1:PORT`. */
  url: string;
  /** The text of a kubeconfig for it: user `admin` may do everything, `viewer` may read. */
  kubeconfig: string;
  clock: Clock;
  version: KubeVirtVersion;
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

/** The release asked for, else the one the lab is made from, else 4.20. */
function versionIn({ cnv }: LabOptions, origin: Origin): KubeVirtVersion {
  const version = cnv === undefined ? (origin.version ?? versionOf(DEFAULT_CNV)) : versionOf(cnv);
  if (version === undefined) throw new Error(`there is no OpenShift Virtualization ${cnv ?? ''}`);
  return version;
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
  const version = versionIn(options, origin);
  const seed = options.seed ?? '1';
  const clock = new Clock(options.startTime ?? origin.time ?? Date.now());
  const rng = random(seed);
  const apiClock = apiClockOf(clock);
  const store = new Store(apiClock.clock, rng);
  const network = createNetwork({
    nicSpeed: linkSpeed(ASSUMED_GBPS),
    nicSpeeds: Object.fromEntries([...origin.nicGbps].map(([name, gbps]) => [name, linkSpeed(gbps)])),
  });
  const cluster: Cluster = createCluster({
    clock,
    store,
    random: rng,
    version,
    hypervisor: modelHypervisor({
      clock,
      rng: rng.fork('hypervisor'),
      network,
      // An upgrade changes it.
      get version() {
        return cluster.version;
      },
    }),
  });
  origin.build(cluster);
  createRoles(cluster);
  const { handler } = startControllers(cluster);
  migrationLinks(cluster, network).start();
  const metrics = metricSources(cluster, { handler, linkSpeed: (node) => network.linkSpeed(node) });

  const tokens = { admin: randomBytes(24).toString('base64url'), viewer: randomBytes(24).toString('base64url') };
  const book = new TokenBook(apiClock.clock, {
    [tokens.admin]: { name: 'admin', groups: [MASTERS] },
    [tokens.viewer]: { name: 'viewer', groups: [VIEWERS] },
  });
  const certificates = await createCertificates();
  const { webhooks, subresources } = virtApi(cluster);
  const requests = requestRules(CONTROL);
  const injector = faultInjector({ cluster, network, handler, requests, apiClock, server: () => server });
  const access = () => ({ server: server.url, ca: certificates.ca, name: LAB_NAME, namespace: origin.namespace });
  const server: ApiServer = new ApiServer({
    store,
    clock: apiClock.clock,
    certificates,
    tokens: book,
    kinds: kindsOf(version),
    kubernetes: version.kubernetes,
    webhooks,
    subresources: [...subresources, ...kubeletSubresources(metrics), metricsProxy(metrics)],
    virtual: metricsServer(cluster),
    aggregated: new Map([[VIRT_API_GROUP, () => cluster.virtApi.works()]]),
    paths: [
      allMetrics(metrics),
      ...labControl(
        cluster,
        injector,
        { tokens: book, kubeconfigOf: (user) => renderKubeconfig({ ...access(), users: [user] }) },
        metrics,
      ),
    ],
    interfere: requests.interfere,
    gracefulPods: true,
    onFault: (error) => cluster.faults.push(error instanceof Error ? error : new Error(String(error))),
  });
  injector.schedule(origin.faults);
  await server.listen(options.port ?? 0);
  const kubeconfig = {
    ...access(),
    users: [
      { name: 'admin', token: tokens.admin, context: LAB_NAME },
      { name: 'viewer', token: tokens.viewer },
    ],
  };
  if (options.kubeconfigPath !== undefined) await writeKubeconfig(options.kubeconfigPath, kubeconfig);
  const speed = options.speed ?? 1;
  if (speed !== 'stopped') clock.drive(speed);
  return {
    url: server.url,
    kubeconfig: renderKubeconfig(kubeconfig),
    clock,
    version,
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

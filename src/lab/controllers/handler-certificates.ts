import type { KubeVirt } from '../../model/objects.ts';
import { seconds } from '../api/store.ts';
import { nodeNow } from '../broken.ts';
import type { Cluster } from '../cluster.ts';
import { kubeVirtOf } from './config.ts';
import { minutesOf } from './go-duration.ts';

/** HyperConverged's certConfig: how long certificates of KubeVirt's components are valid, and how long before their end new ones come. */
const DURATION = '24h0m0s';
const RENEW_BEFORE = '12h0m0s';

/**
 * Why a virt-handler does not believe a peer's certificate, in Go's words; undefined: it does. virt-operator renews all
 * of them at the same time, by the time of the control plane; whoever looks goes by the clock of its node
 * (KubeVirt pkg/util/tls verifyPeerCert; Go crypto/x509).
 */
export function disbelief(cluster: Cluster, node: string): string | undefined {
  const { duration, renewBefore } = rotation(kubeVirtOf(cluster));
  const every = Math.max(1000, duration - renewBefore);
  const issued = Math.floor(cluster.clock.now() / every) * every;
  const now = nodeNow(cluster, node);
  const problem =
    now < issued
      ? `current time ${seconds(now)} is before ${seconds(issued)}`
      : now > issued + duration
        ? `current time ${seconds(now)} is after ${seconds(issued + duration)}`
        : undefined;
  if (problem === undefined) return undefined;
  return `could not verify peer certificate: x509: certificate has expired or is not yet valid: ${problem}`;
}

function rotation(kubeVirt: KubeVirt | undefined): { duration: number; renewBefore: number } {
  const { duration = DURATION, renewBefore = RENEW_BEFORE } =
    kubeVirt?.spec?.certificateRotateStrategy?.selfSigned?.server ?? {};
  const ms = (text: string): number => (minutesOf(text) ?? 0) * 60_000;
  return { duration: ms(duration), renewBefore: ms(renewBefore) };
}

import { atEvent, atLog, type Cause } from '../cause.ts';

const TLS = /x509: |certificate has expired|certificate signed by unknown authority|tls: bad certificate/;

/** KubeVirt's components talk to each other over TLS with certificates that are rotated; one that missed it is not believed (facts/kubevirt.md D6). */
export const certificates: Cause = {
  id: 'kubevirt/certificates',
  title: "KubeVirt's components do not believe each other's certificates",
  source: 'facts/kubevirt.md D6',
  needs: [],
  reads: ['events', 'logs'],
  cluster({ events, logs }) {
    const said = events.findLast(
      ({ message, namespace }) => TLS.test(message) && /kubevirt|virt-/.test(`${namespace} ${message}`),
    );
    const log = logs.find(({ lines }) => lines.some((line) => TLS.test(line)));
    const line = log?.lines.findLast((text) => TLS.test(text));
    if (said === undefined && line === undefined) return undefined;
    return {
      confidence: 'likely',
      message: `a component of KubeVirt was turned away for its certificate: migrations between nodes, or requests to virt-api, fail`,
      evidence: [
        ...(said === undefined ? [] : [atEvent(said)]),
        ...(log === undefined || line === undefined ? [] : [atLog(log, line)]),
      ],
      remedies: [
        'Compare the clocks of the nodes: a certificate is not valid yet, or not any more, on a node whose clock is wrong.',
        'Restart the component that has the old certificate: kubectl rollout restart daemonset/virt-handler, deployment/virt-api in the namespace of KubeVirt. VMs run on.',
      ],
    };
  },
};

import { itemsOf } from '../../model/snapshot.ts';
import { atEvent, atLog, type Cause } from '../cause.ts';
import { isRecent, isRecentLine } from '../said.ts';

const TLS = /x509: |certificate has expired|certificate signed by unknown authority|tls: bad certificate/;
/** The API server asked one of virt-api's webhooks (kubevirt#3369, #15210). */
const WEBHOOK = /failed calling webhook "[^"]*kubevirt\.io".*x509: /;

/** KubeVirt's components talk to each other over TLS with certificates that are rotated; one that missed it is not believed (facts/kubevirt.md D6). */
export const certificates: Cause = {
  id: 'kubevirt/certificates',
  title: "KubeVirt's components do not believe each other's certificates",
  source: 'facts/kubevirt.md D6; kubevirt#3369, #15210',
  needs: [],
  reads: ['events', 'logs'],
  cluster({ snapshot, events: all, logs, now }) {
    const events = all.filter((event) => isRecent(event, now));
    const said =
      events.findLast(({ message }) => WEBHOOK.test(message)) ??
      events.findLast(
        ({ message, namespace }) => TLS.test(message) && /kubevirt|virt-/.test(`${namespace} ${message}`),
      );
    const tells = (line: string): boolean => TLS.test(line) && isRecentLine(line, now);
    const log = logs.find(({ lines }) => lines.some(tells));
    const line = log?.lines.findLast(tells);
    if (said === undefined && line === undefined) return undefined;
    const webhook = said !== undefined && WEBHOOK.test(said.message);
    const [kubeVirt] = itemsOf(snapshot.lists.kubeVirts);
    const namespace = kubeVirt?.metadata.namespace ?? log?.namespace ?? 'openshift-cnv';
    return {
      confidence: webhook ? 'certain' : 'likely',
      message: webhook
        ? 'the API server does not believe the certificate of virt-api, which admits every change: no VM and no migration can be created or changed, and evictions are refused: a drain waits. Running VMs go on'
        : 'a part of KubeVirt was turned away for its certificate: migrations between nodes, or requests to virt-api, fail',
      evidence: [
        ...(said === undefined ? [] : [atEvent(said)]),
        ...(log === undefined || line === undefined ? [] : [atLog(log, line)]),
      ],
      remedies: [
        `Restart virt-api, so that it reads the new certificate: kubectl delete pods -n ${namespace} -l kubevirt.io=virt-api. VMs run on.`,
        ...(webhook
          ? []
          : [
              `Where the evidence is about virt-handler, restart that, a node at a time, while nothing migrates there: kubectl delete pod -n ${namespace} VIRT-HANDLER-POD.`,
            ]),
        `If that does not help, virt-operator has made no new one: kubectl logs -n ${namespace} -l kubevirt.io=virt-operator says why; kubectl delete pods -n ${namespace} -l kubevirt.io=virt-operator lets it try anew.`,
        'Compare the clocks of the nodes: where a clock is wrong, a good certificate is not valid yet, or not any more.',
      ],
    };
  },
  texts: [WEBHOOK, /TLS handshake error from .*tls: bad certificate/],
  meaning: {
    message:
      'The certificate of virt-api, which admits every change of VMs and migrations, is not believed: most often it has expired and its pods still serve it. What was asked for was refused; running VMs go on.',
    remedies: [
      'Restart virt-api, so that it reads the new one: kubectl delete pods -n openshift-cnv -l kubevirt.io=virt-api.',
      'See what else is wrong: ferry diagnose cluster.',
    ],
  },
};

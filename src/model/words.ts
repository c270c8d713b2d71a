/**
 * What a reader who comes from elsewhere does not know: the parts of KubeVirt, and the words of Kubernetes that findings
 * and causes can't do without (facts/kubevirt.md A to D; mission: the same words).
 */
const WORDS: readonly [word: string, where: RegExp, meaning: string][] = [
  [
    'auto-converge',
    /allowAutoConverge|auto-converge/,
    'slows the guest step by step until its memory can be copied faster than it changes',
  ],
  ['claim', /\bclaims?\b|PersistentVolumeClaim/, "a PersistentVolumeClaim: what a VM's disk is stored in"],
  [
    'cold',
    /\bcold\b/,
    'by a restart: the VM stops, and starts on the node that Kubernetes then chooses (virtctl restart VM -n NAMESPACE)',
  ],
  [
    'converge',
    /\bconverges?\b/,
    "a migration converges if the guest's memory is sent faster than the guest changes it; otherwise it never ends by itself",
  ],
  ['cordoned', /cordon/, 'closed for new pods and VMs (kubectl cordon); kubectl uncordon opens the node again'],
  ['descheduler', /descheduler/, 'a program that moves pods and VMs to balance the nodes, as DRS does'],
  ['drain', /\bdrain/, 'emptying a node for maintenance: it is cordoned, and everything on it evicted (kubectl drain)'],
  [
    'eviction strategy',
    /evictionStrategy|eviction strategy/,
    'what a drain does to a VM: LiveMigrate moves it, LiveMigrateIfPossible moves or else restarts it, None shuts it down, External leaves it to another program',
  ],
  ['fencing', /\bfenc(e|es|ed|ing)\b/, 'making sure that a node that does not answer is switched off'],
  [
    'HyperConverged',
    /HyperConverged/,
    'the object with the settings of OpenShift Virtualization; see them with ferry settings get, edit all with: kubectl edit hyperconverged kubevirt-hyperconverged -n openshift-cnv',
  ],
  ['kubelet', /\bkubelet\b/i, "Kubernetes's agent on every node"],
  [
    'launcher',
    /launcher\b/,
    'virt-launcher: the pod that a running VM lives in; while the VM migrates there is a second one on the target',
  ],
  ['masquerade', /masquerade/, 'the guest is behind its pod, with an address of its own that is translated (NAT)'],
  [
    'MigrationPolicy',
    /MigrationPolicy/,
    "migration settings for the VMs that its labels choose, over the cluster's; ferry settings advise writes one where it helps",
  ],
  [
    'network attachment',
    /NetworkAttachmentDefinition|network attachment/,
    'a NetworkAttachmentDefinition: how pods and VMs are put on a further network',
  ],
  ['NMState', /NMState|NodeNetwork|\bnncp\b/, "the operator that sets up nodes' NICs, bonds, bridges and VLANs"],
  ['pod', /\bpods?\b/, 'the unit that Kubernetes runs; each running VM is in one, and so is each part of KubeVirt'],
  ['PodDisruptionBudget', /PodDisruptionBudget/, 'says how many pods of an application may be evicted at a time'],
  [
    'post-copy',
    /post-copy|[pP]ostCopy/,
    'the guest goes on on the target before all of its memory is there; it is lost if the connection breaks then',
  ],
  ['ReadWriteMany', /ReadWriteMany/, 'access mode of a claim that several nodes can use at once, as shared storage'],
  ['taint', /\btaints?\b/, 'a mark on a node that keeps pods off it'],
  ['virt-api', /virt-api/, 'the part of KubeVirt that admits every change of a VM or migration'],
  ['virt-controller', /virt-controller/, 'the part of KubeVirt that starts VMs and migrations'],
  ['virt-handler', /virt-handler/, "KubeVirt's agent on every node: it carries migrations out"],
  ['whereabouts', /whereabouts/, 'hands out addresses on further networks, for the whole cluster'],
];

/** What the words in a text mean, a line each, under a heading; nothing where it uses none. Literal evidence does not count. */
export function wordsIn(text: string): string {
  const said = text
    .split('\n')
    .filter((line) => !line.startsWith('    evidence:'))
    .join('\n');
  const used = WORDS.filter(([, where]) => where.test(said));
  if (used.length === 0) return '';
  return ['', 'Words:', ...used.map(([word, , meaning]) => `  ${word}: ${meaning}`), ''].join('\n');
}

import { kubeVirt, node, vm } from '../../model/testing/fixtures.ts';
import { domain, running, table } from '../testing/table.ts';
import { hostPassthrough } from './host-passthrough.ts';

const passed = { domain: domain({ cpu: { cores: 2, model: 'host-passthrough' } }) };
const other = (name: string) =>
  node(name, ({ metadata }) => {
    metadata.labels = { ...metadata.labels, 'host-model-cpu.node.kubevirt.io/EPYC': 'true' };
    delete metadata.labels['host-model-cpu.node.kubevirt.io/Skylake-Server'];
  });
const standard = (cpuModel: string) => {
  const object = kubeVirt();
  object.spec!.configuration!.cpuModel = cpuModel;
  return object;
};

table(hostPassthrough, [
  [
    'nodes with another processor are named',
    { objects: [...vm('web', running(passed)), other('n2')] },
    [['warning', /1 other node has another one \(n2\); KubeVirt does not look/]],
  ],
  [
    'where all are others, it is said that none is left',
    { objects: [...vm('web', running(passed)), other('n2'), other('n3')] },
    [['warning', /2 other nodes have another one \(n2, n3\)/]],
  ],
  ['equal nodes are still not the same', { vm: running(passed) }, [['info', /all other nodes tell of the same one/]]],
  ['host-model is for KubeVirt to match', { objects: [...vm('web', running()), other('n2')] }, []],
  [
    "the cluster's default counts where the VM says nothing",
    { objects: [...vm('web', running({ domain: domain() })), other('n2'), standard('host-passthrough')] },
    [['warning', /1 other node has/]],
  ],
]);

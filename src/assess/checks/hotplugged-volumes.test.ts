import { claim } from '../../model/testing/fixtures.ts';
import { running, table } from '../testing/table.ts';
import { hotpluggedVolumes } from './hotplugged-volumes.ts';

const unbound = claim('more', { accessModes: ['ReadWriteMany'] });
unbound.status = { phase: 'Pending' };

const plugged = (phase: string, hotplug = true, spec: object = {}) => ({
  vm: running(spec, {
    change: ({ vmi }) => {
      const hotplugVolume = hotplug ? { hotplugVolume: { attachPodName: 'hp-volume-x', attachPodUID: 'u' } } : {};
      vmi.status!.volumeStatus = [{ name: 'data', target: 'sda', phase, ...hotplugVolume }] as never;
    },
  }),
});

table(hotpluggedVolumes, [
  [
    'one that is being attached is in the way',
    plugged('AttachedToNode'),
    [['warning', /volume data is just being plugged in or out \(AttachedToNode\)/]],
  ],
  [
    'one whose claim has no storage is in the way for good',
    {
      ...plugged('AttachedToNode', true, { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'more' } }] }),
      objects: [unbound],
    },
    [['blocker', /its claim more has no storage yet \(Pending\): no node can attach it/, 'cold']],
  ],
  ['one that is Ready is not', plugged('Ready'), []],
  ['a volume that was there from the start has other phases', plugged('Bound', false), []],
]);

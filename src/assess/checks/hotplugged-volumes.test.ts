import { running, table } from '../testing/table.ts';
import { hotpluggedVolumes } from './hotplugged-volumes.ts';

const plugged = (phase: string, hotplug = true) => ({
  vm: running(
    {},
    {
      change: ({ vmi }) => {
        const hotplugVolume = hotplug ? { hotplugVolume: { attachPodName: 'hp-volume-x', attachPodUID: 'u' } } : {};
        vmi.status!.volumeStatus = [{ name: 'data', target: 'sda', phase, ...hotplugVolume }] as never;
      },
    },
  ),
});

table(hotpluggedVolumes, [
  [
    'one that is being attached is in the way',
    plugged('AttachedToNode'),
    [['warning', /volume data is just being plugged in or out \(AttachedToNode\)/]],
  ],
  ['one that is Ready is not', plugged('Ready'), []],
  ['a volume that was there from the start has other phases', plugged('Bound', false), []],
]);

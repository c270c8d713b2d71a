import { describe, expect, test } from 'vitest';
import type { VmiSpec } from '../../model/objects.ts';
import { kubevirt16 } from '../../model/versions/index.ts';
import { launcherResources, memoryOverhead } from './launcher-resources.ts';

const MiB = 2 ** 20;
const settings = { cpuAllocationRatio: 10, memoryOvercommit: 100, overheadRatio: 1 };
const spec = (domain: object, rest: object = {}): VmiSpec => ({ ...rest, domain: { devices: {}, ...domain } });
const two = { cpu: { cores: 2 }, memory: { guest: '4Gi' } };

describe('memory overhead of KubeVirt 1.6 (facts/kubevirt.md F3)', () => {
  test.each<[string, VmiSpec, number]>([
    ['2 vCPU, 4Gi, graphics: the fact sheet’s example', spec(two), 276],
    ['without graphics', spec({ ...two, devices: { autoattachGraphicsDevice: false } }), 244],
    ['4 sockets of 2 cores', spec({ cpu: { sockets: 4, cores: 2 } }), 276 + 6 * 8],
    ['a host device', spec({ ...two, devices: { hostDevices: [{ name: 'x', deviceName: 'y' }] } }), 276 + 1024],
    ['an SR-IOV interface', spec({ ...two, devices: { interfaces: [{ name: 'x', sriov: {} }] } }), 276 + 1024],
    ['a TPM', spec({ ...two, devices: { tpm: {} } }), 276 + 53],
    ['SEV', spec({ ...two, launchSecurity: { sev: {} } }), 276 + 256],
    ['dedicated CPUs', spec({ ...two, cpu: { cores: 2, dedicatedCpuPlacement: true } }), 276 + 100],
    ['arm64', spec(two, { architecture: 'arm64' }), 276 + 128],
  ])('%s', (_, of, mebi) => {
    expect(memoryOverhead(of, kubevirt16) / MiB).toBe(mebi);
  });

  test('counts page tables only when requests.memory is set, and the ratio last', () => {
    const requested = spec({ ...two, resources: { requests: { memory: '4Gi' } } });
    expect(memoryOverhead(requested, kubevirt16)).toBe(276 * MiB + Math.floor(4_294_968_000 / 512));
    expect(memoryOverhead(spec(two), kubevirt16, 2)).toBe(2 * 276 * MiB);
  });
});

describe('requests of the launcher', () => {
  test.each<[string, VmiSpec, Record<string, string>]>([
    [
      'from guest memory and a tenth of the vCPUs',
      spec({ ...two, cpu: { cores: 4 } }),
      { cpu: '400m', memory: `${4096 + 292}Mi` },
    ],
    ['of 20 vCPUs', spec({ ...two, cpu: { cores: 20 } }), { cpu: '2' }],
    ['of 15 vCPUs', spec({ ...two, cpu: { cores: 15 } }), { cpu: '1.5' }],
    ['given explicitly', spec({ ...two, resources: { requests: { cpu: '3' } } }), { cpu: '3' }],
    [
      'with dedicated CPUs',
      spec({ ...two, cpu: { cores: 2, dedicatedCpuPlacement: true } }),
      { cpu: '2', memory: `${4096 + 376}Mi` },
    ],
    [
      'with an isolated emulator thread',
      spec({ cpu: { cores: 2, dedicatedCpuPlacement: true, isolateEmulatorThread: true } }),
      { cpu: '3' },
    ],
    [
      'on huge pages',
      spec({ ...two, memory: { guest: '4Gi', hugepages: { pageSize: '1Gi' } } }),
      { memory: '276Mi', 'hugepages-1Gi': '4Gi' },
    ],
    [
      'of devices',
      spec({
        ...two,
        devices: {
          gpus: [
            { name: 'a', deviceName: 'nvidia.com/A10' },
            { name: 'b', deviceName: 'nvidia.com/A10' },
          ],
        },
      }),
      { 'nvidia.com/A10': '2', 'devices.kubevirt.io/kvm': '1' },
    ],
  ])('%s', (_, of, expected) => {
    expect(launcherResources(of, kubevirt16, settings).requests).toMatchObject(expected);
  });

  test('are lower with memory overcommit, and leave the overhead out if asked to', () => {
    expect(launcherResources(spec(two), kubevirt16, { ...settings, memoryOvercommit: 200 }).requests['memory']).toBe(
      `${2048 + 276}Mi`,
    );
    const without = spec({ ...two, resources: { overcommitGuestOverhead: true } });
    expect(launcherResources(without, kubevirt16, settings).requests['memory']).toBe('4Gi');
  });
});

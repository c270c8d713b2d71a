import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { run } from '../src/cli/testing/run.ts';
import { startLab } from '../src/lab/lab.ts';
import { resources } from '../src/lab/resources.ts';
import type { VirtualMachineInstance } from '../src/model/objects.ts';

/** The oldest, the default, the newest: time passes for real here. */
const some = ['4.17', '4.20', 'next'];

// A move while KubeVirt's own components are down for good: it ends in time, says what it waits for, and harms no VM.

test.each(some.flatMap((cnv) => ['virt-api-crash', 'virt-controller-crash'].map((fault) => [fault, cnv] as const)))(
  'a move under %s in %s times out and says why',
  async (fault, cnv) => {
    const lab = await startLab({ scenario: 'small', cnv, speed: 200, seed: 'control-plane' });
    const folder = mkdtempSync(join(tmpdir(), 'ferry-control-plane-'));
    try {
      const kubeconfig = join(folder, 'kubeconfig');
      writeFileSync(kubeconfig, lab.kubeconfig, { mode: 0o600 });
      const env = { KUBECONFIG: kubeconfig, HOME: folder };
      const vmi = () => lab.store.get<VirtualMachineInstance>(resources.vmis, 'shop', 'orders-db');
      const before = vmi()?.status?.nodeName;
      lab.injector.inject({ name: fault });
      const cluster = await run(['diagnose', 'cluster'], { env });
      expect(cluster.stdout).toContain(`[kubevirt/${fault.replace('-crash', '-down')}]`);
      const moved = await run(['move', '-n', 'shop', 'orders-db', '--yes', '--timeout', '2s'], { env });
      expect(moved.code).toBe(6);
      if (fault === 'virt-api-crash') {
        expect(moved.stdout).toBe('1 not started when the time was up\n');
        expect(moved.stderr).toMatch(/^orders-db: waiting: .*no endpoints available for service "virt-api"/);
      } else {
        expect(moved.stdout).toMatch(
          /^1 still under way when the time was up\. The migrations go on: follow them with/,
        );
      }
      expect([vmi()?.status?.phase, vmi()?.status?.nodeName]).toEqual(['Running', before]);
      expect(lab.faults).toEqual([]);
    } finally {
      await lab.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  },
);

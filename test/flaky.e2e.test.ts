import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run } from '../src/cli/testing/run.ts';
import { type Certificates, createCertificates } from '../src/lab/certificates.ts';
import { type Lab, startLab } from '../src/lab/lab.ts';
import { type Random, random } from '../src/lab/random.ts';
import type { VirtualMachineInstance, VirtualMachineInstanceMigration } from '../src/model/objects.ts';

// The command line against the lab through a network and an API server that fail now and then: whatever happens, every
// VM is moved exactly once, and the limits hold (design.md, What always holds, 1 and 3).

const migrations = 'virtualmachineinstancemigrations.kubevirt.io';

/** What befalls a request. `swallowed`: it is carried out, but its answer is lost. `cut`: its answer breaks off. */
type Fault = 'refused' | 'reset' | 'swallowed' | 'cut' | 'none';

let lab: Lab;
let folder: string;
let certificates: Certificates;
const met = new Set<Fault>();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ferry-flaky-'));
  certificates = await createCertificates();
  lab = await startLab({ scenario: 'small', speed: 50, seed: 'flaky' });
});

afterAll(async () => {
  await lab.stop();
  rmSync(folder, { recursive: true, force: true });
  expect(lab.faults).toEqual([]);
});

/** A proxy in front of the lab; `share` of the requests fail. */
function flaky(rng: Random, share: number): Server {
  const target = new URL(lab.url);
  const ca = Buffer.from(/certificate-authority-data: (.*)/.exec(lab.kubeconfig)?.[1] ?? '', 'base64').toString();
  return createServer({ cert: certificates.cert, key: certificates.key }, (from, to) => {
    const kinds: Fault[] = ['refused', 'reset', 'swallowed', 'cut'];
    const fault = rng.next() < share ? (kinds[rng.int(0, kinds.length - 1)] ?? 'none') : 'none';
    met.add(fault);
    if (fault === 'reset') {
      from.socket.destroy();
      return;
    }
    if (fault === 'refused') {
      const code = [429, 500, 503][rng.int(0, 2)] ?? 500;
      to.writeHead(code, { 'content-type': 'application/json', 'retry-after': '1' });
      to.end(JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code, message: 'overloaded' }));
      return;
    }
    const { host: _, ...headers } = from.headers;
    const forward = request(
      { host: target.hostname, port: target.port, ca, method: from.method, path: from.url, headers },
      (answer) => {
        if (fault === 'swallowed') {
          from.socket.destroy();
          return;
        }
        to.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(to);
        if (fault === 'cut') setTimeout(() => from.socket.destroy(), rng.int(1, 50));
      },
    );
    forward.on('error', () => from.socket.destroy());
    to.on('close', () => forward.destroy());
    from.pipe(forward);
  });
}

describe.each(['a', 'b', 'c'])('moves through a network that fails (seed %s)', (seed) => {
  test('are made once each, within the limits', async () => {
    const proxy = flaky(random(`flaky-${seed}`), 0.2);
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const { port } = proxy.address() as AddressInfo;
    const kubeconfig = join(folder, `kubeconfig-${seed}`);
    const text = lab.kubeconfig
      .replaceAll(
        /certificate-authority-data: .*/g,
        `certificate-authority-data: ${Buffer.from(certificates.ca).toString('base64')}`,
      )
      .replaceAll(/https:\/\/127\.0\.0\.1:\d+/g, `https://127.0.0.1:${port}`);
    writeFileSync(kubeconfig, text, { mode: 0o600 });
    const vms = ['storefront-web-1', 'storefront-web-2', 'ci-runner-1', 'ci-runner-2', 'ledger-app', 'orders-db'];
    const nodes = (): (string | undefined)[] =>
      lab.store
        .list<VirtualMachineInstance>('virtualmachineinstances.kubevirt.io')
        .filter(({ metadata }) => vms.includes(metadata.name))
        .map(({ status }) => status?.nodeName);
    const before = nodes();
    const had = lab.store.count(migrations);
    let most = 0;
    const counting = setInterval(() => {
      const open = lab.store
        .list<VirtualMachineInstanceMigration>(migrations)
        .filter(({ status }) => status?.phase !== 'Succeeded' && status?.phase !== 'Failed');
      most = Math.max(most, open.length);
    }, 1);
    try {
      // Reading the cluster may fail for good (three tries a request), before anything was changed: then one asks again.
      let result = await run(['move', '-A', ...vms, '--yes'], { env: { KUBECONFIG: kubeconfig } });
      while (result.code === 4 && lab.store.count(migrations) === had) {
        result = await run(['move', '-A', ...vms, '--yes'], { env: { KUBECONFIG: kubeconfig } });
      }
      expect(result).toMatchObject({ code: 0, stdout: '6 of 6 moved\n' });
    } finally {
      clearInterval(counting);
      proxy.closeAllConnections();
      proxy.close();
    }
    expect(lab.store.count(migrations)).toBe(had + vms.length);
    expect(most).toBeLessThanOrEqual(5);
    for (const [index, node] of nodes().entries()) expect(node).not.toBe(before[index]);
  });
});

test('every kind of fault was met', () => {
  expect([...met].sort()).toEqual(['cut', 'none', 'refused', 'reset', 'swallowed']);
});

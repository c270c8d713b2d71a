import { describe, expect, test } from 'vitest';
import { handlerPod, snapshotOf } from '../model/testing/fixtures.ts';
import { parseGuestMetrics, readGuestMetrics } from './guest-metrics.ts';
import { metricsPath } from './handler-metrics.ts';
import { parseSnapshot, serializeSnapshot } from './saved-snapshot.ts';
import { fakeClient } from './testing/fake-client.ts';

const of = (name: string) => `{name="${name}",namespace="vms",node="n1"}`;
const page = `# TYPE kubevirt_vmi_dirty_rate_bytes_per_second gauge
kubevirt_vmi_dirty_rate_bytes_per_second${of('web')} 5.24288e+07
kubevirt_vmi_memory_resident_bytes${of('web')} 2.147483648e+09
kubevirt_vmi_memory_resident_bytes${of('db')} 1e+09
kubevirt_vmi_memory_domain_bytes${of('idle')} 4e+09
`;

describe('the guests that a virt-handler measures', () => {
  test('have what was measured, and nothing for what was not', () => {
    expect(parseGuestMetrics(page, 'n1')).toEqual([
      { namespace: 'vms', name: 'web', node: 'n1', dirtyRate: 52_428_800, residentBytes: 2_147_483_648 },
      { namespace: 'vms', name: 'db', node: 'n1', residentBytes: 1e9 },
    ]);
  });
});

describe('reading them', () => {
  const handlers = ['n1', 'n2'].map((node) => handlerPod(node));
  const snapshot = snapshotOf(handlers);
  const path = (at: number): string => metricsPath(handlers[at]!);

  test('asks each virt-handler once, and knows the guests of those that answer', async () => {
    const { client, calls } = fakeClient({ raw: { [path(0)]: page, [path(1)]: { status: 503 } } });
    const guests = await readGuestMetrics(client, snapshot);
    expect(guests.known && guests.items.map(({ name }) => name)).toEqual(['db', 'web']);
    expect(calls.filter((call) => call.includes('/proxy/metrics'))).toHaveLength(2);
  });

  test('is unknown where nobody may', async () => {
    const refusal = { status: 403, reason: 'Forbidden', message: 'pods "x" is forbidden' };
    const { client } = fakeClient({ raw: { [path(0)]: refusal, [path(1)]: refusal } });
    expect(await readGuestMetrics(client, snapshot)).toMatchObject({ known: false, why: 'forbidden' });
  });

  test('is unknown where no virt-handler is seen', async () => {
    expect(await readGuestMetrics(fakeClient({}).client, snapshotOf([]))).toMatchObject({
      known: false,
      why: 'missing',
    });
  });

  test('what was read is saved with the Snapshot', async () => {
    const guests = { known: true as const, items: parseGuestMetrics(page, 'n1') };
    const saved = await parseSnapshot(serializeSnapshot({ ...snapshot, guests }), 'file');
    expect(saved.guests).toEqual(guests);
    const broken = serializeSnapshot({ ...snapshot, guests }).replace('"dirtyRate":52428800', '"dirtyRate":"much"');
    await expect(parseSnapshot(broken, 'file')).rejects.toThrow('guests.items[0].dirtyRate');
  });
});

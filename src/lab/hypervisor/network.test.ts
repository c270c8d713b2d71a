import { describe, expect, test } from 'vitest';
import { createNetwork, type Path, payloadShare } from './network.ts';

const path = (change: Partial<Path> = {}): Path => ({
  source: 'n1',
  target: 'n2',
  limit: Infinity,
  connections: 8,
  ...change,
});
const quiet = (): void => undefined;

describe('the migration network', () => {
  test('a migration alone has the line', () => {
    const network = createNetwork({ nicSpeed: 1e9 });
    expect(network.open(path(), quiet).bandwidth()).toEqual({ line: 1e9, limit: Infinity });
  });

  test('two from one node share its egress, and the first is told', () => {
    const network = createNetwork({ nicSpeed: 1e9 });
    let told = 0;
    const first = network.open(path(), () => told++);
    const second = network.open(path({ target: 'n3' }), quiet);
    expect([first.bandwidth().line, second.bandwidth().line]).toEqual([5e8, 5e8]);
    expect(told).toBe(1);
    second.close();
    expect(first.bandwidth().line).toBe(1e9);
    expect(told).toBe(2);
  });

  test('egress and ingress of a node do not share: full duplex', () => {
    const network = createNetwork({ nicSpeed: 1e9 });
    const there = network.open(path(), quiet);
    const back = network.open(path({ source: 'n2', target: 'n1' }), quiet);
    expect([there.bandwidth().line, back.bandwidth().line]).toEqual([1e9, 1e9]);
  });

  test('one TLS stream carries 300 MB/s, eight eight times as much', () => {
    const network = createNetwork({ nicSpeed: 12.5e9 });
    expect(network.open(path({ connections: 1 }), quiet).bandwidth().line).toBe(300e6);
    expect(network.open(path({ source: 'n3', target: 'n4' }), quiet).bandwidth().line).toBe(2400e6);
  });

  test('a limited migration sends in bursts at what others leave', () => {
    const network = createNetwork({ nicSpeed: 1e9 });
    const limited = network.open(path({ limit: 1e8 }), quiet);
    expect(limited.bandwidth()).toEqual({ line: 1e9, limit: 1e8 });
    const other = network.open(path(), quiet);
    expect(other.bandwidth().line).toBe(9e8);
    expect(limited.bandwidth()).toEqual({ line: 1e8, limit: 1e8 });
    limited.change({ limit: Infinity });
    expect([limited.bandwidth().line, other.bandwidth().line]).toEqual([5e8, 5e8]);
  });

  test('a link that changes its speed changes what goes over it, and nothing else', () => {
    const network = createNetwork({ nicSpeed: 1e9, nicSpeeds: { n4: 2e8 } });
    let elsewhere = 0;
    const flow = network.open(path(), quiet);
    const other = network.open(path({ source: 'n3', target: 'n4' }), () => elsewhere++);
    network.setLinkSpeed('n2', 0);
    expect([flow.bandwidth().line, other.bandwidth().line]).toEqual([0, 2e8]);
    network.setLinkSpeed('n2', 4e8);
    expect(flow.bandwidth().line).toBe(4e8);
    expect(elsewhere).toBe(0);
    expect(network.linkSpeed('n2')).toBe(4e8);
  });
});

describe('nodes with two NICs', () => {
  const nics = { speeds: { eno1: 1e9, enp4s0: 2e9 }, pod: 'eno1', migration: 'enp4s0' };

  test('the networks do not get into each other’s way, except where one NIC carries both', () => {
    const network = createNetwork({ nicSpeed: 5e8 });
    for (const node of ['n1', 'n2']) network.setNics(node, nics);
    const pod = network.open(path(), quiet);
    const dedicated = network.open(path({ network: 'migration' }), quiet);
    expect([pod.bandwidth().line, dedicated.bandwidth().line]).toEqual([1e9, 2e9]);
    for (const node of ['n1', 'n2']) network.setNics(node, { ...nics, migration: 'eno1' });
    expect([pod.bandwidth().line, dedicated.bandwidth().line]).toEqual([5e8, 5e8]);
  });

  test('a speed that was set is that of the migrations’ NIC, and lasts until the NIC changes', () => {
    const network = createNetwork({ nicSpeed: 5e8 });
    network.setNics('n1', nics);
    network.setLinkSpeed('n1', 1e8);
    expect(network.linkSpeed('n1')).toBe(1e8);
    network.setNics('n1', { ...nics });
    expect(network.linkSpeed('n1')).toBe(1e8);
    network.setNics('n1', { ...nics, speeds: { ...nics.speeds, enp4s0: 3e9 } });
    expect(network.linkSpeed('n1')).toBe(3e9);
  });

  test.each([
    [1500, 0.9415],
    [9000, 0.99],
  ])('with MTU %d payload is %d of the rate', (mtu, share) => {
    expect(payloadShare(mtu)).toBeCloseTo(share, 4);
  });
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { connect } from '../src/kube/connect.ts';
import type { StoreEvent } from '../src/lab/api/store.ts';
import { type Lab, startLab } from '../src/lab/lab.ts';
import type { VirtualMachineInstance } from '../src/model/objects.ts';
import { type Era, type Ferry, ferryHttp, ferryMcp, type Says, type Transport, ways } from './mcp-ferry.ts';

// Writing in two steps: a proposal, and its confirmation, over both transports and in both eras of the protocol.

const VMIS = 'virtualmachineinstances.kubevirt.io';

let lab: Lab;
/** Migrations that were created. */
let created: string[];

beforeAll(async () => {
  lab = await startLab({ scenario: 'small', speed: 50, seed: 'mcp-writes' });
  lab.store.subscribe(({ type, object, key }: StoreEvent & { key?: string }) => {
    if (type === 'ADDED' && object.kind === 'VirtualMachineInstanceMigration')
      created.push(key ?? object.metadata.name);
  });
});
beforeEach(() => (created = []));

afterAll(async () => {
  expect(lab.faults).toEqual([]);
  await lab.stop();
});

const nodeOf = (name: string): string | undefined =>
  lab.store.get<VirtualMachineInstance>(VMIS, 'finance', name)?.status?.nodeName;

const yes: Says = () => ({ action: 'accept', confirm: true });
const MOVE = { name: 'ledger-app', namespace: 'finance' };

async function withFerry<T>(
  [transport, era]: [Transport, Era],
  says: Says | undefined,
  use: (ferry: Ferry) => Promise<T>,
): Promise<T> {
  const ferry = await ferryMcp(lab.kubeconfig, transport, era, { allowWrites: true, ...(says && { says }) });
  try {
    return await use(ferry);
  } finally {
    await ferry.close();
  }
}

describe.each(ways)('over %s, era %s', (transport, era) => {
  const way: [Transport, Era] = [transport, era];

  test('a move is proposed and changes nothing; id and hash carry it out, once', async () => {
    await withFerry(way, undefined, async ({ call, audit }) => {
      const before = nodeOf('ledger-app');
      const { isError, structured: proposal, text } = await call('vm_migration_move', MOVE);
      expect([isError, created]).toEqual([false, []]);
      expect(proposal).toMatchObject({
        summary: `Move VM finance/ledger-app live from ${before} to a node that the scheduler chooses.`,
        changes: [{ verb: 'create', fields: [{ path: '.spec.vmiName', from: null, to: 'ledger-app' }] }],
        effect: [expect.stringContaining('finance/ledger-app copies up to')],
      });
      expect(text).toContain(`apply_proposal with id ${proposal.id} and hash ${proposal.hash}`);
      const given = { id: proposal.id, hash: proposal.hash, wait_seconds: 100 };
      // Twice at the same time: it is one run.
      const [first, second] = await Promise.all([call('apply_proposal', given), call('apply_proposal', given)]);
      expect(first.structured).toMatchObject({ state: 'done', exit: 0 });
      expect(second.structured).toEqual(first.structured);
      expect((await call('apply_proposal', given)).structured).toEqual(first.structured);
      expect(created).toHaveLength(1);
      expect(nodeOf('ledger-app')).not.toBe(before);
      await expect.poll(() => audit().filter((line) => line.includes('apply_proposal'))).toHaveLength(3);
    });
  });

  test('a wrong hash, an unknown id and a cluster that has changed since are refused', async () => {
    await withFerry(way, undefined, async ({ call }) => {
      const { structured: proposal } = await call('vm_migration_move', MOVE);
      const wrong = await call('apply_proposal', { id: proposal.id, hash: 'f'.repeat(64) });
      expect([wrong.isError, wrong.text]).toEqual([true, expect.stringContaining('FERRY_E_UNCONFIRMED')]);
      const unknown = await call('apply_proposal', { id: 'p-0', hash: proposal.hash });
      expect([unknown.isError, unknown.text]).toEqual([true, expect.stringContaining('FERRY_E_NOT_FOUND')]);
      expect(created).toEqual([]);
      // Somebody else moves it first.
      const { structured: other } = await call('vm_migration_move', MOVE);
      await call('apply_proposal', { id: other.id, hash: other.hash, wait_seconds: 100 });
      const stale = await call('apply_proposal', { id: proposal.id, hash: proposal.hash });
      expect([stale.isError, stale.text]).toEqual([true, expect.stringContaining('FERRY_E_STALE')]);
      expect(stale.text).toMatch(/VM finance\/ledger-app was .*"node":"worker-\d".*, is /);
      expect(created).toHaveLength(1);
    });
  });

  test('what can not be moved is refused with the reasons', async () => {
    await withFerry(way, undefined, async ({ call }) => {
      const { isError, text } = await call('vm_migration_move', { name: 'license-server' });
      expect([isError, text]).toEqual([
        true,
        expect.stringMatching(/FERRY_E_REFUSED[\s\S]*license-server \(blocked\): /),
      ]);
      expect(created).toEqual([]);
    });
  });
});

describe.each(ways)('whoever can be asked is asked: over %s, era %s', (transport, era) => {
  const way: [Transport, Era] = [transport, era];

  test.each<[string, Says]>([
    ['declines', () => ({ action: 'decline' })],
    ['closes the question', () => ({ action: 'cancel' })],
    ['says no in the form', () => ({ action: 'accept', confirm: false })],
    ['sends an empty form', () => ({ action: 'accept' })],
  ])('somebody who %s', async (_, says) => {
    await withFerry(way, says, async ({ call, audit }) => {
      const { structured: proposal } = await call('vm_migration_move', MOVE);
      const { isError, text } = await call('apply_proposal', { id: proposal.id, hash: proposal.hash });
      expect([isError, text]).toEqual([true, expect.stringContaining('FERRY_E_UNCONFIRMED')]);
      // Their no is the end of it, also for a call that comes without a question.
      const again = await call('apply_proposal', { id: proposal.id, hash: proposal.hash });
      expect([again.isError, again.text]).toEqual([true, expect.stringContaining('the user said no')]);
      expect(created).toEqual([]);
      await expect.poll(() => audit().filter((line) => line.includes('"outcome":"asked"'))).toHaveLength(1);
    });
  });

  test('somebody who agrees has seen what would happen', async () => {
    const seen: string[] = [];
    const says: Says = (message) => {
      seen.push(message);
      return yes(message);
    };
    await withFerry(way, says, async ({ call }) => {
      const { structured: proposal } = await call('vm_migration_move', MOVE);
      const { structured } = await call('apply_proposal', { ...idOf(proposal), wait_seconds: 100 });
      expect(structured).toMatchObject({ state: 'done', exit: 0 });
      expect(seen).toEqual([expect.stringContaining(proposal.summary)]);
      expect(seen[0]).toMatch(
        /^1 object would be changed:\ncreate VirtualMachineInstanceMigration finance\/ferry-ledger-app-\w+: \.spec\.vmiName: \(not set\) -> "ledger-app"$/m,
      );
      expect(created).toHaveLength(1);
    });
  });
});

test('who has been asked must answer: a client that says later that it can not ask gets no further', async () => {
  const lines: string[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'ferry-mcp-writes-'));
  const file = join(folder, 'kubeconfig');
  writeFileSync(file, lab.kubeconfig, { mode: 0o600 });
  const { url, token, stop } = await ferryHttp(file, (chunk) => lines.push(String(chunk)), { allowWrites: true });
  const capable = { elicitation: { form: {} } };
  const call = async (name: string, args: object, capabilities: object, more: object = {}) => {
    const _meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientInfo': { name: 'liar', version: '0' },
      'io.modelcontextprotocol/clientCapabilities': capabilities,
    };
    const params = { name, arguments: args, _meta, ...more };
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': 'tools/call',
        'mcp-name': name,
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
    });
    const text = await response.text();
    return JSON.parse(/^data: (\{.*)$/m.exec(text)?.[1] ?? text).result;
  };
  try {
    const { id, hash } = (await call('vm_migration_move', MOVE, {})).structuredContent;
    const asked = await call('apply_proposal', { id, hash }, capable);
    expect(asked).toMatchObject({ resultType: 'input_required', requestState: expect.any(String) });
    const silent = await call('apply_proposal', { id, hash }, {});
    expect([silent.isError, JSON.stringify(silent.content)]).toEqual([
      true,
      expect.stringContaining('has not answered'),
    ]);
    const inputResponses = { confirm: { action: 'accept', content: { confirm: true } } };
    const forged = await call('apply_proposal', { id, hash }, {}, { inputResponses });
    expect(forged.isError).toBe(true);
    // A seal that is not this server's: refused, and somebody hears of it.
    await call('apply_proposal', { id, hash }, capable, { inputResponses, requestState: 'v1.e30.AAAA' });
    expect(lines.join('')).toMatch(/"tool":"tools\/call","arguments":{"requestState":"none [^}]*},"outcome":"invalid"/);
    expect(created).toEqual([]);
    const { requestState } = asked;
    const agreed = await call('apply_proposal', { id, hash, wait_seconds: 100 }, capable, {
      inputResponses,
      requestState,
    });
    expect(agreed.structuredContent).toMatchObject({ state: 'done' });
  } finally {
    await stop();
    rmSync(folder, { recursive: true, force: true });
  }
});

function idOf({ id, hash }: { id: string; hash: string }): { id: string; hash: string } {
  return { id, hash };
}

test('without --allow-writes there is no tool that writes', async () => {
  const ferry = await ferryMcp(lab.kubeconfig, 'http', 'modern');
  const { tools } = await ferry.client.listTools();
  expect(tools.every(({ annotations }) => annotations?.readOnlyHint)).toBe(true);
  await expect(ferry.client.callTool({ name: 'vm_migration_move', arguments: MOVE })).rejects.toThrow(/not found/);
  await ferry.close();
});

test('progress is told while a move runs', async () => {
  const ferry = await ferryMcp(lab.kubeconfig, 'http', 'modern', { allowWrites: true });
  const { structured: proposal } = await ferry.call('vm_migration_move', MOVE);
  const heard: (string | undefined)[] = [];
  const args = { ...idOf(proposal), wait_seconds: 100 };
  await ferry.client.callTool(
    { name: 'apply_proposal', arguments: args },
    { onprogress: ({ message }) => void heard.push(message) },
  );
  expect(heard.length).toBeGreaterThan(2);
  expect(heard[0]).toMatch(/finance\/ledger-app: migration ferry-ledger-app-\w+ created/);
  await ferry.close();
});

test('a proposal is a resource: listed, without its hash, and with how it ended', async () => {
  const ferry = await ferryMcp(lab.kubeconfig, 'http', 'modern', { allowWrites: true });
  const { structured: proposal } = await ferry.call('vm_migration_move', MOVE);
  const uri = `ferry://proposals/${proposal.id}`;
  const { resources } = await ferry.client.listResources();
  expect(resources).toContainEqual(expect.objectContaining({ uri, title: expect.stringMatching(/^open: Move VM/) }));
  const read = async (): Promise<Record<string, unknown>> => {
    const { contents } = await ferry.client.readResource({ uri });
    return JSON.parse((contents[0] as { text: string }).text) as Record<string, unknown>;
  };
  const open = await read();
  expect(open).toMatchObject({ state: 'open', summary: proposal.summary, changes: proposal.changes });
  expect(JSON.stringify(open)).not.toContain(proposal.hash);
  await ferry.call('apply_proposal', { ...idOf(proposal), wait_seconds: 100 });
  expect(await read()).toMatchObject({ state: 'done', exit: 0, outcome: '1 of 1 moved' });
  await ferry.close();
});

test.each(ways)(
  'a user who may only look, over %s, era %s: no proposal, and the right that is missing',
  async (...way) => {
    const folder = mkdtempSync(join(tmpdir(), 'ferry-mcp-user-'));
    const file = join(folder, 'kubeconfig');
    writeFileSync(file, lab.kubeconfig, { mode: 0o600 });
    const admin = await connect({ kubeconfig: file });
    const { text: answered } = await admin.raw('POST', '/lab/v1/users', {
      body: { name: 'viewer', roles: ['view', 'kubevirt.io:view', 'cluster-reader'] },
    });
    admin.close();
    const { kubeconfig: viewer } = JSON.parse(answered) as { kubeconfig: string };
    const ferry = await ferryMcp(viewer, ...way, { allowWrites: true });
    const checked = await ferry.call('vm_migration_check', MOVE);
    expect(checked.structured).toMatchObject({ vms: [{ verdict: 'live' }] });
    const { isError, text } = await ferry.call('vm_migration_move', MOVE);
    expect([isError, text]).toEqual([true, expect.stringContaining('FERRY_E_FORBIDDEN')]);
    expect(text).toContain('resources: ["virtualmachineinstancemigrations"]');
    expect(text).toContain('verbs: ["create"]');
    expect(created).toEqual([]);
    await ferry.close();
    rmSync(folder, { recursive: true, force: true });
  },
);

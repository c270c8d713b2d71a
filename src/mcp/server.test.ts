import { Client, InMemoryTransport } from '@modelcontextprotocol/client';
import { expect, test } from 'vitest';
import type { AuditRecord } from './audit.ts';
import { servedTools } from './serve.ts';
import { serverFactory } from './server.ts';
import { testService } from './testing/service.ts';
import type { Tool } from './tool.ts';

async function withServer<T>(
  chosen: readonly Tool[],
  use: (client: Client, kept: AuditRecord[]) => Promise<T>,
): Promise<T> {
  const kept: AuditRecord[] = [];
  const service = {
    ...testService(() => Promise.reject(new Error('no cluster'))),
    audit: () => Promise.resolve({ write: (record: AuditRecord) => void kept.push(record) }),
  };
  const server = await serverFactory(chosen, service, { version: '0', transport: 'stdio' })({ era: 'legacy' });
  const client = new Client({ name: 'test', version: '0' });
  const [near, far] = InMemoryTransport.createLinkedPair();
  await Promise.all([server.connect(far), client.connect(near)]);
  try {
    return await use(client, kept);
  } finally {
    await client.close();
  }
}

const reading = servedTools(['migration', 'primitives'], false);

test('a call of a tool that is not served is refused, and kept like any other', async () => {
  await withServer(reading, async (client, kept) => {
    const given = { id: 'p-0', hash: 'f', token: 'hunter2' };
    await expect(client.callTool({ name: 'apply_proposal', arguments: given })).rejects.toThrow(/not found/);
    await expect(client.callTool({ name: 'no\u001bsuch'.padEnd(500, 'x') })).rejects.toThrow(/not found/);
    expect(kept).toMatchObject([
      { tool: 'apply_proposal', outcome: 'invalid', arguments: { id: 'p-0', token: '(withheld by ferry)' } },
      { tool: expect.stringMatching(/^no suchx{90,93}$/), outcome: 'invalid' },
    ]);
  });
});

test('arguments that are deeper than any object are refused, and kept', async () => {
  await withServer(reading, async (client, kept) => {
    const name = JSON.parse('['.repeat(1000) + ']'.repeat(1000)) as unknown;
    const { isError, content } = await client.callTool({ name: 'vm_migration_check', arguments: { name } });
    expect([isError, JSON.stringify(content)]).toEqual([true, expect.stringContaining('vm_migration_check: name: ')]);
    expect(kept).toMatchObject([{ tool: 'vm_migration_check', outcome: 'invalid' }]);
  });
});

test.each(['migration', 'primitives'] as const)('what toolset %s proposes can be applied', (toolset) => {
  const effects = (writes: boolean) => new Set(servedTools([toolset], writes).map(({ effect = 'read' }) => effect));
  expect(effects(true)).toEqual(new Set(['read', 'propose', 'apply']));
  expect(effects(false)).toEqual(new Set(['read']));
});

test.each([
  ['migration' as const, true],
  ['migration' as const, false],
  ['primitives' as const, true],
  ['primitives' as const, false],
])('the instructions of toolset %s, writes %s, name tools that are served', async (toolset, writes) => {
  const chosen = servedTools([toolset], writes);
  await withServer(chosen, async (client) => {
    const told = client.getInstructions() ?? '';
    const named = told.match(/\b[a-z]+(?:_[a-z]+)+\b/g) ?? [];
    expect(named.length).toBeGreaterThan(1);
    for (const each of named) expect(chosen.map(({ name }) => name)).toContain(each);
    if (toolset === 'migration')
      expect(named).toEqual(expect.arrayContaining(['migration_settings', 'migration_network']));
  });
});

import { Client, InMemoryTransport } from '@modelcontextprotocol/client';
import { describe, expect, test } from 'vitest';
import { serverFactory } from './server.ts';
import { testService } from './testing/service.ts';
import { type Toolset, toolsets } from './tool.ts';
import { tools } from './tools/index.ts';

/** What a client is told of the tools; no cluster is asked for it. */
async function listed(toolset: Toolset) {
  const service = testService(() => Promise.reject(new Error('no cluster is needed to list tools')));
  const chosen = tools.filter((tool) => tool.toolset === toolset);
  const server = await serverFactory(chosen, service, { version: '0', transport: 'stdio' })({ era: 'legacy' });
  const client = new Client({ name: 'test', version: '0' });
  const [near, far] = InMemoryTransport.createLinkedPair();
  await Promise.all([server.connect(far), client.connect(near)]);
  const { tools: told } = await client.listTools();
  await client.close();
  return told;
}

describe.each(toolsets)('the toolset %s', (toolset) => {
  test('is listed as its golden file has it', async () => {
    const told = await listed(toolset);
    await expect(`${JSON.stringify(told, null, 2)}\n`).toMatchFileSnapshot(
      `../../test/golden/mcp/tools-${toolset}.json`,
    );
  });

  test('takes less than 24,000 characters of a context', async () => {
    expect(JSON.stringify(await listed(toolset)).length).toBeLessThan(24_000);
  });

  test('says of every tool whether it only reads, what it takes and nothing else, and what rights it needs', async () => {
    const effects = new Map(tools.map(({ name, effect = 'read', needs }) => [name, { effect, needs }]));
    for (const { name, annotations, inputSchema, outputSchema, description, _meta } of await listed(toolset)) {
      const { effect, needs } = effects.get(name)!;
      expect(annotations, name).toMatchObject({ readOnlyHint: effect === 'read', idempotentHint: true });
      if (effect === 'read') expect(annotations, name).toMatchObject({ destructiveHint: false });
      if (effect === 'apply') expect(annotations, name).toMatchObject({ destructiveHint: true });
      expect(description, name).toMatch(effect === 'propose' ? /Propose.*Changes nothing/s : /./);
      expect(inputSchema, name).toMatchObject({ type: 'object', additionalProperties: false });
      expect(outputSchema, name).toMatchObject({ type: 'object' });
      expect(description?.length, name).toBeGreaterThan(40);
      // What a proposal needs is known where it is made.
      expect(needs.length > 0, name).toBe(effect !== 'apply');
      const rules = needs.length > 0 ? expect.arrayContaining([expect.anything()]) : [];
      expect(_meta, name).toMatchObject({ 'ferry.run/rbac': { rules } });
    }
  });
});

test('all names are of one form, and each stands once', () => {
  const names = tools.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) expect(name).toMatch(/^[a-z]+(_[a-z]+)+$/);
});

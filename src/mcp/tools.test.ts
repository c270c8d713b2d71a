import { Client, InMemoryTransport } from '@modelcontextprotocol/client';
import { describe, expect, test } from 'vitest';
import { serverFactory } from './server.ts';
import { type Toolset, toolsets } from './tool.ts';
import { tools } from './tools/index.ts';

/** What a client is told of the tools; no cluster is asked for it. */
async function listed(toolset: Toolset) {
  const service = {
    client: () => Promise.reject(new Error('no cluster is needed to list tools')),
    allowed: () => false,
    audit: () => Promise.resolve({ write: () => undefined }),
  };
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

  test('says of every tool that it only reads, takes nothing unknown, and what rights it needs', async () => {
    for (const { name, annotations, inputSchema, outputSchema, description, _meta } of await listed(toolset)) {
      expect(annotations, name).toMatchObject({ readOnlyHint: true, destructiveHint: false, idempotentHint: true });
      expect(inputSchema, name).toMatchObject({ type: 'object', additionalProperties: false });
      expect(outputSchema, name).toMatchObject({ type: 'object' });
      expect(description?.length, name).toBeGreaterThan(40);
      expect(_meta, name).toMatchObject({ 'ferry.run/rbac': { rules: expect.arrayContaining([expect.anything()]) } });
    }
  });
});

test('all names are of one form, and each stands once', () => {
  const names = tools.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) expect(name).toMatch(/^[a-z]+(_[a-z]+)+$/);
});

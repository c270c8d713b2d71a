import { Client, InMemoryTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { FerryError } from '../model/errors.ts';
import { sourceOf } from './answering.ts';
import { prompts } from './prompts/index.ts';
import { type ResourceKind, resourceKind } from './resource.ts';
import { resourceKinds } from './resources/index.ts';
import { serverFactory } from './server.ts';
import { Subscriptions } from './subscriptions.ts';
import { testService } from './testing/service.ts';
import { tools } from './tools/index.ts';

// What a client is told of resources and prompts; no cluster is reached.

let client: Client;

/** A client of a server with these kinds of resources, and all prompts. */
async function clientOf(kinds: readonly ResourceKind[]): Promise<Client> {
  const service = testService(() =>
    Promise.reject(new FerryError('FERRY_E_UNREACHABLE', 'no cluster here', 'Start one.')),
  );
  const names = new Set(tools.map(({ name }) => name));
  const subscriptions = new Subscriptions(kinds, (signal) => sourceOf(service, { signal, owner: '' }, names));
  const knowledge = { kinds, prompts, subscriptions, tools: names };
  const server = await serverFactory(tools, service, { version: '0', transport: 'stdio', knowledge })({
    era: 'legacy',
  });
  const connected = new Client({ name: 'test', version: '0' });
  const [near, far] = InMemoryTransport.createLinkedPair();
  await Promise.all([server.connect(far), connected.connect(near)]);
  return connected;
}

beforeAll(async () => {
  client = await clientOf(resourceKinds);
});

afterAll(async () => await client.close());

test('the lists are as their golden file has them', async () => {
  const { resources, _meta } = await client.listResources();
  const { resourceTemplates } = await client.listResourceTemplates();
  const { prompts: listed } = await client.listPrompts();
  const told = { resources, _meta, resourceTemplates, prompts: listed };
  await expect(`${JSON.stringify(told, null, 2)}\n`).toMatchFileSnapshot('../../test/golden/mcp/knowledge.json');
});

describe('without a cluster', () => {
  test('the reference is listed all the same, and why migrations are not', async () => {
    const { resources, _meta } = await client.listResources();
    expect(resources.map(({ uri }) => uri)).toContain('ferry://reference/checks');
    expect(_meta).toEqual({
      'ferry.run/unlisted': [{ kind: 'migration', why: expect.stringContaining('no cluster here') }],
    });
  });

  test('the reference is read and completed', async () => {
    const { contents } = await client.readResource({ uri: 'ferry://reference/checks/storage/shared-volumes' });
    expect(contents).toMatchObject([{ mimeType: 'text/markdown', text: expect.stringContaining('storage') }]);
    const ref = { type: 'ref/resource' as const, uri: 'ferry://reference/checks/{+id}' };
    const { completion } = await client.complete({ ref, argument: { name: 'id', value: 'storage/sh' } });
    expect(completion.values).toEqual(['storage/shared-volumes']);
  });

  test.each([
    ['namespace', ''],
    ['constructor', ''],
    ['nope', 'x'],
  ])('the argument %s has no candidates, and no error', async (name, value) => {
    const ref = { type: 'ref/prompt' as const, name: 'why-cant-this-vm-move' };
    const { completion } = await client.complete({ ref, argument: { name, value } });
    expect(completion.values).toEqual([]);
  });

  test.each<[string, Record<string, string> | undefined, string]>([
    ['nope', {}, 'there is no such prompt: there are why-cant-this-vm-move'],
    [
      'why-cant-this-vm-move',
      { namespace: 'x', name: 'y', vm: 'z' },
      'there is no argument "vm": the arguments are namespace, name',
    ],
    ['why-cant-this-vm-move', { namespace: 'x' }, 'name: '],
    ['why-cant-this-vm-move', undefined, 'namespace: '],
    ['why-cant-this-vm-move', { namespace: '..', name: 'y' }, 'must be the name of a Kubernetes object'],
    ['why-cant-this-vm-move', { namespace: 'x', name: 'y' }, 'no cluster here (FERRY_E_UNREACHABLE)'],
    ['tune-this-cluster', { goal: 'fast' }, 'goal: '],
    ['set-up-a-migration-network', { interface: 'ens4; reboot' }, 'must be the name of a NIC'],
    ['set-up-a-migration-network', { interface: 'ens4', vlan: '4095' }, 'must be a number from 1 to 4094'],
    ['set-up-a-migration-network', { interface: 'ens4', cidr: '10.0.0.0/33' }, 'must be a network such as'],
  ])('the prompt %s with %j ends in words', async (name, args, message) => {
    await expect(client.getPrompt({ name, ...(args && { arguments: args }) })).rejects.toThrow(message);
  });

  test.each(['x', '-1', '1e3', '99999999'])('the cursor %s is refused', async (cursor) => {
    await expect(client.listResources({ cursor })).rejects.toThrow('not one that this server gave');
  });
});

test('names stand once, and every prompt and argument has a description', async () => {
  const names = [...resourceKinds, ...prompts].map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  const { prompts: listed } = await client.listPrompts();
  for (const { name, description, arguments: args } of listed) {
    expect(description?.length, name).toBeGreaterThan(40);
    for (const each of args ?? []) expect(each.description?.length, `${name} ${each.name}`).toBeGreaterThan(5);
  }
});

test('a long list is told in pages of 50, each resource once, cleaned', async () => {
  const many = resourceKind({
    name: 'many',
    title: 'Many',
    description: 'Many of them.',
    mimeType: 'text/plain',
    uri: 'ferry://many/{id}',
    variables: z.strictObject({ id: z.string() }),
    needs: [],
    read: () => Promise.resolve(''),
    list: () =>
      Promise.resolve(
        Array.from({ length: 120 }, (_, id) => ({ variables: { id: String(id) }, title: `n\u202e${id}` })),
      ),
  });
  const other = await clientOf([many]);
  const pages: string[][] = [];
  let cursor: string | undefined;
  do {
    const params = cursor === undefined ? {} : { cursor };
    const page = await other.request({ method: 'resources/list', params });
    pages.push(page.resources.map(({ uri }) => uri));
    expect(page.resources.every(({ title }) => /^n \d+$/.test(title ?? ''))).toBe(true);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  expect(pages.map((page) => page.length)).toEqual([50, 50, 20]);
  expect(new Set(pages.flat()).size).toBe(120);
  await other.close();
});

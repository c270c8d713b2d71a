import { z } from 'zod';
import { clean } from '../clean.ts';
import { resourceOf } from '../primitives/find.ts';
import { proposeTool } from '../propose-tool.ts';
import { readFor, readSettingsFor } from '../reading.ts';
import { objectName } from '../schemas.ts';

export const resourcesCreateOrUpdate = proposeTool({
  name: 'resources_create_or_update',
  title: 'Resources: Create or Update',
  description:
    'Propose to create Kubernetes objects, or to change fields of them: those in "resource", and no others. null takes a field out; whole objects are taken, too. Live-migration settings are recorded, so that they can be taken back; migrations are checked. Secrets and what gives rights are never written. Changes nothing: returns a proposal for apply_proposal.',
  toolset: 'primitives',
  destructive: true,
  input: z.strictObject({
    resource: z
      .union([z.string().max(200_000), z.record(z.string(), z.unknown()), z.array(z.unknown()).max(20)])
      .describe('YAML or JSON text, or an object; or the part of one that is to change, e.g. {"spec": ...}.'),
    apiVersion: z.string().max(300).describe('Where the object does not say it, as the next three.').optional(),
    kind: z.string().max(100).optional(),
    name: objectName().optional(),
    namespace: objectName().optional(),
  }),
  instead: {
    apiversion: 'use "apiVersion"',
    manifest: 'use "resource"',
    yaml: 'use "resource"',
    object: 'use "resource"',
  },
  needs: [
    { verb: 'get', group: '*', resource: '*' },
    { verb: 'create', group: '*', resource: '*' },
    { verb: 'patch', group: '*', resource: '*' },
  ],
  async prepare({ resource, ...beside }, context) {
    const [{ readGiven }, { preparedObjects }] = await Promise.all([
      import('../../propose/given.ts'),
      import('../../propose/objects.ts'),
    ]);
    const { client, signal, shown, writable } = context;
    const given = await readGiven(resource, beside);
    return await preparedObjects(
      {
        client,
        signal,
        shown,
        told: clean,
        resourceOf: (apiVersion, kind) => resourceOf({ client, signal, allowed: writable }, apiVersion, kind, 'write'),
        read: { vms: (namespace) => readFor(context, namespace), settings: () => readSettingsFor(context) },
      },
      given,
    );
  },
});

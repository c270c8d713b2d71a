import { z } from 'zod';
import type { StoredObject } from '../../kube/types.ts';
import { fit } from '../budget.ts';
import { clean } from '../clean.ts';
import { pick } from '../primitives/filter.ts';
import { resourceOf } from '../primitives/find.ts';
import { objectName } from '../schemas.ts';
import { tool } from '../tool.ts';

export const resourcesGet = tool({
  name: 'resources_get',
  title: 'Resources: Get',
  description:
    'One Kubernetes object as JSON, by apiVersion, kind, namespace and name. Parts that are too large are cut and say so: ask for them with fields. Secrets are never read.',
  toolset: 'primitives',
  input: z.strictObject({
    apiVersion: z.string().max(300).describe('e.g. v1, kubevirt.io/v1, hco.kubevirt.io/v1beta1.'),
    kind: z.string().max(100),
    name: objectName(),
    namespace: objectName().describe("Default: the kubeconfig context's; ignored for cluster-scoped kinds.").optional(),
    fields: z
      .array(z.string().max(300))
      .max(30)
      .describe('Only these fields, e.g. .spec.liveMigrationConfig.')
      .optional(),
  }),
  output: z.looseObject({}),
  instead: { resource: 'use "apiVersion" and "kind"', apiversion: 'use "apiVersion"' },
  needs: [{ verb: 'get', group: '*', resource: '*' }],
  async run({ apiVersion, kind, name, namespace, fields }, context) {
    const { client, signal } = context;
    const resource = await resourceOf(context, apiVersion, kind);
    const object = await client.get<StoredObject>(resource, name, {
      signal,
      namespace: namespace ?? client.namespace,
    });
    const whole = clean<Record<string, unknown>>({ ...object });
    const structured = fit(fields === undefined ? whole : pick(whole, fields));
    return { structured, text: JSON.stringify(structured) };
  },
});

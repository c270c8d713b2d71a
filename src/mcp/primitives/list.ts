import { z } from 'zod';
import type { Resource, StoredObject } from '../../kube/types.ts';
import { compareText, keyOf } from '../../model/memo.ts';
import { fit, pageOf } from '../budget.ts';
import { clean } from '../clean.ts';
import { labelSelector, namespace, pageInfo, pageText, paging } from '../schemas.ts';
import type { Answer, ToolContext } from '../tool.ts';
import { parseFilter, parsePath, pick } from './filter.ts';

/** What every list of objects can be asked for. */
export const selection = {
  namespace: namespace(),
  labelSelector: labelSelector(),
  fieldSelector: z.string().max(1000).describe('Kubernetes field selector, e.g. status.phase=Running.').optional(),
  filter: z
    .array(z.string().max(500))
    .max(20)
    .describe(
      'Conditions on any field, all of which must hold: .status.phase=Running, .status.containerStatuses[0].ready=true, .status.containerStatuses[*].restartCount>0, .spec.nodeName (is there), !.status.x (is not).',
    )
    .optional(),
  fields: z
    .array(z.string().max(300))
    .max(30)
    .describe('Only these fields of each object, e.g. .status.phase. Makes pages hold many more objects.')
    .optional(),
  ...paging(50, 500),
};

export const listOutput = z.object({ items: z.array(z.looseObject({})), ...pageInfo });

type Selection = z.infer<z.ZodObject<typeof selection>>;

/** Objects that fit, cleaned, in order of namespace and name, a page of them as JSON. */
export async function listPage(
  { client, signal }: ToolContext,
  resource: Resource,
  head: { apiVersion: string; kind: string },
  request: Selection,
): Promise<Answer<z.infer<typeof listOutput>>> {
  const { namespace, labelSelector, fieldSelector, filter = [], fields = [], limit, offset } = request;
  const conditions = filter.map(parseFilter);
  for (const path of fields) parsePath(path);
  const found: { key: string; object: Record<string, unknown> }[] = [];
  await client.list<StoredObject, undefined>(resource, {
    signal,
    ...(namespace !== undefined && { namespace }),
    ...(labelSelector !== undefined && { labelSelector }),
    ...(fieldSelector !== undefined && { fieldSelector }),
    map: (item) => {
      const object = clean({ ...head, ...item });
      if (conditions.every((holds) => holds(object))) {
        const key = keyOf(item.metadata.namespace, item.metadata.name);
        found.push({ key, object: fit(fields.length > 0 ? pick(object, fields) : object) });
      }
      return undefined;
    },
  });
  found.sort((a, b) => compareText(a.key, b.key));
  const structured = pageOf(
    found.map(({ object }) => object),
    { limit, offset },
  );
  const wholeObjects = fields.length === 0 && structured.next !== undefined;
  const hint = wholeObjects ? ['With fields, e.g. .status.phase, a page holds many more.'] : [];
  const text = [JSON.stringify(structured.items), ...pageText(structured), ...hint].join('\n');
  return { structured, text };
}

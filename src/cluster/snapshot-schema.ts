import * as z from 'zod';
import { API_VERSION } from '../model/snapshot.ts';
import { resources } from './resources.ts';

const object = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string().min(1), namespace: z.string().optional() }),
});

const listRule = z.object({ apiGroup: z.string(), resource: z.string(), verb: z.literal('list') });

function listing(item: z.ZodType) {
  return z.discriminatedUnion('known', [
    z.object({
      known: z.literal(true),
      items: z.array(item),
      onlyNamespaces: z.array(z.string()).optional(),
      rule: listRule.optional(),
    }),
    z.object({
      known: z.literal(false),
      why: z.enum(['missing', 'forbidden', 'failed']),
      message: z.string(),
      rule: listRule.optional(),
    }),
  ]);
}

const guest = z.object({
  namespace: z.string().min(1),
  name: z.string().min(1),
  node: z.string(),
  dirtyRate: z.number().nonnegative().optional(),
  residentBytes: z.number().nonnegative().optional(),
});

/** What a saved Snapshot must look like. What is inside an object is not looked at beyond what all objects share. */
export const snapshotSchema = z.object({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal('Snapshot'),
  takenAt: z.iso.datetime({ offset: true }),
  namespaces: z.array(z.string()),
  versions: z.object({
    kubernetes: z.string().optional(),
    kubevirt: z.string().optional(),
    hyperConverged: z.string().optional(),
    openshift: z.boolean(),
  }),
  lists: z.object(
    Object.fromEntries(
      Object.entries(resources).map(([name, { kind }]) => [
        name,
        listing(object.extend({ kind: z.literal(kind) })).optional(),
      ]),
    ),
  ),
  guests: listing(guest).optional(),
});

/** The first thing that is wrong, as `lists.pods.items[3].metadata.name: ...`. */
export function describeIssue(error: z.ZodError): string {
  const issue = error.issues[0];
  if (issue === undefined) return 'it does not fit the schema';
  const path = issue.path.reduce<string>(
    (text, step) =>
      typeof step === 'number' ? `${text}[${step}]` : text === '' ? String(step) : `${text}.${String(step)}`,
    '',
  );
  return `${path}: ${issue.message.charAt(0).toLowerCase()}${issue.message.slice(1)}`;
}

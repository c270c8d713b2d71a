import { z } from 'zod';
import { readDossier } from '../../cluster/dossier.ts';
import { needsOf } from '../../cluster/rights.ts';
import type { About } from '../../diagnose/about.ts';
import type { Diagnosis, Found } from '../../diagnose/diagnose.ts';
import { FerryError } from '../../model/errors.ts';
import { nodesOf } from '../../model/nodes.ts';
import { itemsOf, type Snapshot } from '../../model/snapshot.ts';
import { readFor, requireNodeNamed, theOne, vmNamed, vmsIn } from '../reading.ts';
import { evidence, namespace, objectName, proof, subjectSchema } from '../schemas.ts';
import { type Answer, tool } from '../tool.ts';

const found = z.object({
  cause: z.string(),
  title: z.string(),
  confidence: z.enum(['certain', 'likely', 'possible']),
  message: z.string(),
  evidence: z.array(evidence),
  remedies: z.array(z.string()),
});

const output = z.object({
  subject: subjectSchema,
  cause: found.optional().describe('The most probable cause; absent where none was found.'),
  also: z.array(found).describe('What else may play a part.'),
  queue: z.looseObject({}).optional().describe('Of a migration that waits: its place.'),
  course: z.looseObject({}).optional().describe('Of one that runs: how it goes, against its deadline.'),
  provenance: z.looseObject({}).optional().describe('Who asked for it.'),
  history: z.array(z.looseObject({})).optional(),
  unseen: z.array(z.object({ what: z.string(), why: z.string() })).describe('What could not be looked at.'),
  meanings: z
    .array(z.object({ cause: z.string(), title: z.string(), message: z.string(), remedies: z.array(z.string()) }))
    .optional()
    .describe('Of a pasted message.'),
});

const input = z.strictObject({
  about: z.enum(['vm', 'migration', 'node', 'cluster', 'message']).default('vm'),
  name: objectName().describe('Of the VM, migration or node.').optional(),
  namespace: namespace(),
  message: z.string().max(4000).describe('With about=message: what was shown; needs no cluster.').optional(),
});

export const vmMigrationDiagnose = tool({
  name: 'vm_migration_diagnose',
  title: 'VM migration: diagnose',
  description:
    'Why a VM does not move, why a migration waits, runs long or failed, what is wrong with a node or the cluster: the most probable cause with evidence from objects, events and logs, and what to do. Also explains a message that KubeVirt printed (about=message). Changes nothing.',
  toolset: 'migration',
  input,
  output,
  instead: {
    vm: 'use about=vm and "name"',
    migration: 'use about=migration and "name"',
    node: 'use about=node and "name"',
    text: 'use about=message and "message"',
  },
  needs: [
    ...needsOf.check,
    { verb: 'list', group: '', resource: 'events' },
    { verb: 'get', group: '', resource: 'pods/log' },
  ],
  async run(request, context) {
    if (request.about === 'message') return await explainMessage(request.message);
    const snapshot = await readFor(
      context,
      request.about === 'vm' || request.about === 'migration' ? request.namespace : undefined,
    );
    const about = subjectOf(request, snapshot);
    const { diagnoseAbout } = await import('../../diagnose/about.ts');
    const { client, signal } = context;
    const diagnosis = await diagnoseAbout(about, snapshot, (sources) =>
      readDossier(client, snapshot, { ...sources, signal }),
    );
    return await told(diagnosis);
  },
});

function subjectOf({ about, name, namespace }: z.infer<typeof input>, snapshot: Snapshot): About {
  if (about === 'cluster') return { kind: 'cluster' };
  if (name === undefined) throw usage(`about=${about} needs a name`, 'Give the name, or use about=cluster.');
  if (about === 'node') {
    requireNodeNamed(snapshot, name);
    const node = nodesOf(snapshot).get(name);
    if (node === undefined) throw new FerryError('FERRY_E_API', 'the nodes are not known', 'Try again.');
    return { kind: 'node', node };
  }
  const same = itemsOf(snapshot.lists.migrations)
    .filter(({ metadata }) => metadata.name === name && (namespace ?? metadata.namespace) === metadata.namespace)
    .map((migration) => ({ namespace: migration.metadata.namespace ?? '', migration }));
  // As on the command line: what is no VM may be a migration, whose name is all that a remedy or an event gives.
  const isVm = same.length === 0 || vmsIn(snapshot, namespace).some((vm) => vm.name === name);
  if (about === 'vm' && isVm) return { kind: 'vm', vm: vmNamed(snapshot, name, namespace) };
  return { kind: 'migration', migration: theOne(same, `migration ${name}`, namespace).migration };
}

async function explainMessage(message: string | undefined): Promise<Answer<z.infer<typeof output>>> {
  if (message === undefined) throw usage('about=message needs a message', 'Give what was shown as "message".');
  const [{ meaningsOf }, { renderMeaning }] = await Promise.all([
    import('../../diagnose/text.ts'),
    import('../../diagnose/render.ts'),
  ]);
  const meanings = meaningsOf(message);
  const text =
    meanings.length === 0 ? 'No cause that Ferry knows prints this.' : meanings.map(renderMeaning).join('\n');
  return { structured: { subject: { kind: 'Message', name: 'message' }, also: [], unseen: [], meanings }, text };
}

/** Causes that are told besides the first, and steps of the history. */
const MOST = 10;

async function told(diagnosis: Diagnosis): Promise<Answer<z.infer<typeof output>>> {
  const { renderDiagnosis } = await import('../../diagnose/render.ts');
  const { subject, cause, also, provenance, queue, course, history, unseen } = diagnosis;
  const short = {
    ...diagnosis,
    ...(cause !== undefined && { cause: shortly(cause) }),
    also: also.slice(0, MOST).map(shortly),
    ...(history !== undefined && { history: history.slice(-MOST) }),
  };
  const structured = {
    subject,
    ...(short.cause !== undefined && { cause: short.cause }),
    also: short.also,
    ...(queue !== undefined && { queue: { ...queue, holders: queue.holders.slice(0, MOST) } }),
    ...(course !== undefined && { course: { ...course } }),
    ...(provenance !== undefined && { provenance: { ...provenance } }),
    ...(short.history !== undefined && { history: short.history.map((each) => ({ ...each })) }),
    unseen,
  };
  return { structured, text: renderDiagnosis(short) };
}

function shortly(each: Found): Found {
  return { ...each, evidence: each.evidence.slice(0, 5).map(proof) };
}

function usage(message: string, hint: string): FerryError {
  return new FerryError('FERRY_E_USAGE', message, hint);
}

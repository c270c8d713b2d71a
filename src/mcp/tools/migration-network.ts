import { z } from 'zod';
import { ApiError } from '../../kube/errors.ts';
import { plain } from '../../model/plain.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import type { NetworkPlan } from '../../network/design.ts';
import type { Journal } from '../../network/journal.ts';
import { networkReads } from '../../network/rights.ts';
import type { NetworkReport } from '../../network/verify.ts';
import { fit, pageOf } from '../budget.ts';
import { describedDesign, design, designInstead, refuseBeside, requestIn, words } from '../network-design.ts';
import { readFor } from '../reading.ts';
import { finding, findingOf } from '../schemas.ts';
import { type ToolContext, tool } from '../tool.ts';

const thing = z.looseObject({});

const output = z.object({
  summary: z.string(),
  ok: z.boolean(),
  network: thing.optional(),
  changes: z.array(thing).optional(),
  nodes: z.array(thing).describe('Plan: NICs. Verify: virt-handlers.'),
  findings: z.array(finding.omit({ evidence: true }).loose()),
  run: thing.describe('Of Ferry, unfinished or applied.').optional(),
  more: z.int().describe('Nodes, findings left out.').optional(),
});

type Told = z.infer<typeof output>;

const DESIGN = Object.keys(design);

export const migrationNetwork = tool({
  name: 'migration_network',
  title: 'Migration network: plan, verify',
  description:
    'A network of its own for migrations. verify: what is wrong with it, from the setting down to the wire, or with manifests before they are applied. plan: lays one out on an interface, with what speaks against it. Tells interrupted runs. Changes nothing.',
  toolset: 'migration',
  input: z.strictObject({
    action: z.enum(['plan', 'verify']),
    ...describedDesign,
    manifests: z
      .string()
      .refine(({ length }) => length <= 100_000, 'must have 100,000 characters at most')
      .describe('Verify: YAML, JSON.')
      .optional(),
  }),
  output,
  instead: { ...designInstead, objects: 'use "manifests", a text', filename: 'use "manifests"' },
  needs: networkReads,
  async run({ action, manifests, ...given }, context) {
    if (action === 'verify') refuseBeside(given, action, ['manifests']);
    else refuseBeside({ manifests }, action, DESIGN);
    const wanted = action === 'plan' ? requestIn(given) : undefined;
    const { client, signal } = context;
    const snapshot = await readFor(context, undefined);
    const { readKnownNetworks } = await import('../../network/known-networks.ts');
    const [known, run] = await Promise.all([readKnownNetworks(client, { signal }), runIn(context, snapshot)]);
    if (wanted !== undefined) {
      const { planNetwork } = await import('../../network/design.ts');
      return answer(planTold(planNetwork(snapshot, wanted, known)), run);
    }
    const [{ verifyNetwork }, { parseManifests, plannedNetworks, withObjects }] = await Promise.all([
      import('../../network/verify.ts'),
      import('../../network/manifests.ts'),
    ]);
    const objects = manifests === undefined ? [] : await parseManifests(manifests, '"manifests"');
    const planned = manifests === undefined ? [] : plannedNetworks(objects, '"manifests"');
    const report = verifyNetwork(withObjects(snapshot, objects), known, planned);
    return answer(reportTold(report, planned.length > 0), run);
  },
});

type Run = Journal | 'none' | 'unknown';

/** Who may not read Ferry's record is told what the cluster shows all the same. */
async function runIn({ client, signal }: ToolContext, snapshot: Snapshot): Promise<Run> {
  const { readRun } = await import('../../propose/network.ts');
  try {
    return (await readRun(client, snapshot, signal))?.journal ?? 'none';
  } catch (error) {
    if (error instanceof ApiError && error.status === 403) return 'unknown';
    throw error;
  }
}

function planTold({ request, addresses, changes, nodes, findings, refused }: NetworkPlan): Told & { lines: string[] } {
  const { namespace, name, type, vlan, interface: nic, mtu } = request;
  const where = vlan === undefined ? nic : `VLAN ${vlan} of ${nic}`;
  const { cidr, first, last, usable, needed } = addresses;
  const told = [...findings, ...nodes.flatMap((node) => node.findings)].filter(({ severity }) => severity !== 'info');
  const verdict = refused ? 'It can not be built like this.' : 'It can be built.';
  return {
    summary: `Network ${namespace}/${name}: ${type} on ${where}, MTU ${mtu}, ${cidr} with ${usable} addresses to give, ${needed} needed. ${verdict}`,
    ok: !refused,
    network: { namespace, name, type, interface: nic, ...(vlan !== undefined && { vlan }), mtu, cidr, first, last },
    changes: changes.map(({ object, action, changes: fields }) => ({ action, object, fields })),
    nodes: nodes.map(({ node, verdict, nic }) => ({ node, verdict, ...nic })),
    findings: told.map((each) => findingOf(each, true)),
    lines: [
      ...changes.map(({ object, action }) => `  ${action} ${object.kind} ${object.name}`),
      ...nodes.map(({ node, verdict }) => `  ${node}: ${verdict}`),
    ],
  };
}

function reportTold(
  { network, attachment, handlers, findings }: NetworkReport,
  isPlanned: boolean,
): Told & { lines: string[] } {
  const grave = findings.filter(({ severity }) => severity !== 'info').length;
  const what = isPlanned
    ? 'These objects'
    : network === undefined
      ? 'No migration network is set'
      : `Migration network ${attachment === undefined ? network : `${attachment.namespace}/${attachment.name}`}`;
  return {
    summary: `${what}: ${grave === 0 ? 'nothing is wrong' : `${grave} ${grave === 1 ? 'finding' : 'findings'}`}.`,
    ok: grave === 0,
    ...(network !== undefined && { network: { set: network, ...attachment } }),
    nodes: handlers.map((each) => ({ ...each })),
    findings: findings.map((each) => findingOf(each, true)),
    lines: handlers.map(
      ({ node, ready, address }) =>
        `  ${node}: virt-handler ${ready ? 'ready' : 'not ready'}, ${address ?? 'not on it'}`,
    ),
  };
}

/** Nodes and findings that one answer shows, and the characters that each may take. */
const SHOWN = 100;
const SHARE = 12_000;

function answer({ lines, ...told }: Told & { lines: string[] }, run: Run): { structured: Told; text: string } {
  const page = <T>(all: readonly T[]): T[] => pageOf(all, { offset: 0, limit: SHOWN }, SHARE).items;
  const [nodes, findings] = [page(told.nodes), page(told.findings)];
  const more = told.nodes.length - nodes.length + told.findings.length - findings.length;
  const structured: Told = {
    ...told,
    ...(told.network !== undefined && { network: fit(told.network, 2000) }),
    ...(told.changes !== undefined && { changes: fit(told.changes, 4000) }),
    nodes,
    findings,
    ...(run !== 'none' && run !== 'unknown' && { run: runTold(run) }),
    ...(more > 0 && { more }),
  };
  const text = [
    told.summary,
    ...lines.slice(0, SHOWN),
    ...findings.map(({ severity, message, check, remedy }) => `  ${severity}: ${message} [${check}] ${remedy}`),
    ...(more > 0 ? [`  ... and ${more} more`] : []),
    ...runText(run),
  ];
  return { structured, text: text.map(plain).join('\n') };
}

function runTold({ run, state, attachment, begun, done, why }: Journal): Record<string, unknown> {
  return { run, state, network: attachment.metadata.name, begun, done, ...(why !== undefined && { why }) };
}

function runText(run: Run): string[] {
  if (run === 'none') return [];
  if (run === 'unknown') return ["Whether a run of Ferry's is unfinished is not known: its record can not be read."];
  const { state, done } = run;
  if (state === 'applied') return [`Ferry built it (run ${run.run}): ${words.remove} puts back what was there before.`];
  const far = state === 'undoing' ? 'it was being taken back' : `done so far: ${done.join(', ') || 'nothing'}`;
  return [
    `Run ${run.run} is unfinished, or under way elsewhere; ${far}. Go on with it: ${words.resume}. Take it back: ${words.remove}.`,
  ];
}

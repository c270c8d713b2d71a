import { z } from 'zod';
import { plain } from '../model/plain.ts';
import type { Draft, ObjectChange, Prepared } from '../propose/draft.ts';
import type { Proposal } from '../propose/store.ts';
import { fit } from './budget.ts';
import { findingOf } from './schemas.ts';
import { type Tool, type ToolContext, tool } from './tool.ts';

/** Most objects, findings and effects of a proposal that are told; the rest is counted. */
const SHOWN = 50;

type Change = Pick<ObjectChange, 'verb' | 'object' | 'subresource' | 'fields'>;

/** Every writing tool lists this schema, so it says no more than what a reader needs. */
const output = z.object({
  id: z.string(),
  hash: z.string(),
  expiresAt: z.string(),
  summary: z.string(),
  changes: z.array(z.looseObject({}).describe('verb, object, fields: path, from, to')),
  findings: z.array(z.looseObject({}).describe('check, severity, message, remedy')),
  effect: z.array(z.string()).describe('Predicted.'),
  more: z.int().optional().describe('Left out.'),
});

/** A proposal as it is told. */
type Told = Omit<z.infer<typeof output>, 'changes' | 'findings'> & {
  changes: Change[];
  findings: ReturnType<typeof findingOf>[];
};

/** What a proposal is decided with. */
export interface Deciding extends Pick<ToolContext, 'client' | 'signal' | 'allowed' | 'writable'> {
  /** What was shown, once that is confirmed and decided again. */
  shown?: Draft;
}

/** A tool that would write: it makes a proposal, and `apply_proposal` carries it out. */
export function proposeTool<I extends z.ZodObject>(
  definition: Pick<
    Tool<I>,
    'name' | 'title' | 'description' | 'toolset' | 'input' | 'instead' | 'needs' | 'destructive'
  > & {
    /** Reads the cluster and decides; asked again when the proposal is confirmed. Throws what speaks against it. */
    prepare: (input: z.infer<I>, context: Deciding) => Promise<Prepared>;
    /** What is found out once, when it is proposed, and must not become something else until it is confirmed. */
    settle?: (input: z.infer<I>, context: ToolContext) => Promise<z.infer<I>>;
  },
): Tool {
  const { prepare, settle, ...rest } = definition;
  return tool({
    ...rest,
    effect: 'propose',
    output,
    async run(given, context) {
      const { client, allowed, writable, proposals, owner, signal } = context;
      const input = settle === undefined ? given : await settle(given, context);
      let shown: Draft | undefined;
      const decide = async (signal: AbortSignal): Promise<Prepared> => {
        const prepared = await prepare(input, {
          client,
          allowed,
          writable,
          signal,
          ...(shown !== undefined && { shown }),
        });
        shown ??= prepared.draft;
        return prepared;
      };
      const proposal = await proposals.propose(decide, owner, signal);
      const structured = proposalOf(proposal);
      return { structured: { ...structured }, text: textOf(structured) };
    },
  });
}

/** A proposal as tools and resources tell it. */
export function proposalOf({ id, hash, expiresAt, summary, objects, findings, effect }: Proposal): Told {
  const left = [objects, findings, effect].reduce((sum, { length }) => sum + Math.max(0, length - SHOWN), 0);
  return {
    id,
    hash,
    expiresAt,
    summary,
    changes: objects.slice(0, SHOWN).map(({ verb, object, subresource, fields }) => ({
      verb,
      object,
      ...(subresource !== undefined && { subresource }),
      fields: fields.map(({ path, from, to }) => ({ path, from: fit(from ?? null, 600), to: fit(to ?? null, 600) })),
    })),
    findings: findings.slice(0, SHOWN).map((each) => findingOf(each, false)),
    effect: effect.slice(0, SHOWN),
    ...(left > 0 && { more: left }),
  };
}

function textOf(proposal: Told): string {
  const { id, hash, expiresAt, summary, changes, findings, effect, more } = proposal;
  const lines = [
    `Proposal ${id}: nothing has been changed yet.`,
    summary,
    ...changes.flatMap(({ verb, object, subresource, fields }) => [
      `  ${verb} ${object.kind} ${object.namespace === undefined ? '' : `${object.namespace}/`}${object.name}${subresource === undefined ? '' : ` ${subresource}`}`,
      ...fields.map(({ path, from, to }) => `    ${path}: ${valueText(from)} -> ${valueText(to)}`),
    ]),
    ...effect.map((sentence) => `  predicted: ${sentence}`),
    ...findings.map(({ severity, message, check, remedy }) => `  ${severity}: ${message} [${check}] ${remedy}`),
    ...(more === undefined ? [] : [`  ... and ${more} more`]),
    `Show this to the user. Only when they agree: apply_proposal with id ${id} and hash ${hash}, before ${expiresAt}.`,
  ];
  return lines.map(plain).join('\n');
}

/** A field's value as a reader sees it. */
export function valueText(value: unknown): string {
  return value === null || value === undefined ? '(not set)' : JSON.stringify(value);
}

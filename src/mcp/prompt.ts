import type { z } from 'zod';
import type { Need } from '../cluster/rights.ts';
import type { Complete, Source } from './resource.ts';

/** What a prompt brings with it: data from the cluster, or a page of the reference. */
export interface Brought {
  /** What it is, in Ferry's words. */
  what: string;
  /** A text, or an object that is told as JSON. Both are cleaned and cut. */
  data: string | object;
  /** Where it can be read again, if it is a resource. */
  uri?: string;
}

/** A task that a user gives an agent: one file in prompts/, one line in its index. */
export interface Prompt<A extends z.ZodObject = z.ZodObject> {
  name: string;
  title: string;
  /** For a user who chooses from a menu. */
  description: string;
  /** Strict; every argument is a text, as the protocol has it. */
  arguments: A;
  complete?: { [name in keyof z.infer<A>]?: Complete };
  /** What the user of the kubeconfig must be allowed to do. */
  needs: readonly Need[];
  /** The task, in Ferry's words, and what it is about. */
  run(given: z.infer<A>, source: Source): Promise<{ task: string; brought: readonly Brought[] }>;
}

/** Keeps the types of one prompt's arguments together, and lets prompts of all types stand in one list. */
export function prompt<A extends z.ZodObject>(definition: Prompt<A>): Prompt {
  return definition;
}

/**
 * The steps of a task, numbered; a step of a tool that is not served is left out. Ends with what holds for all: nothing
 * is changed without the user's yes.
 */
export function task(
  what: string,
  steps: readonly (string | { tool: string; step: string })[],
  source: Source,
): string {
  const known = steps.flatMap((each) =>
    typeof each === 'string' ? [each] : source.tools.has(each.tool) ? [each.step] : [],
  );
  return [
    what,
    '',
    ...known.map((step, index) => `${index + 1}. ${step}`),
    '',
    'Change nothing in the cluster without my explicit yes to the very change: show it first, and wait. Say what you do not know.',
  ].join('\n');
}

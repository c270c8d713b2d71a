import type { z } from 'zod';
import type { Need } from '../cluster/rights.ts';
import type { KubeClient } from '../kube/types.ts';
import type { Snapshot } from '../model/snapshot.ts';
import type { ProposalStore } from '../propose/store.ts';

/** `migration`: what Ferry knows, few and typed. `primitives`: the tools that the mission's text is written for. */
export const toolsets = ['migration', 'primitives'] as const;

export type Toolset = (typeof toolsets)[number];

/** What a tool works with. */
export interface ToolContext {
  client: KubeClient;
  /** Aborts when the caller cancels, goes away, or the call takes too long. */
  signal: AbortSignal;
  /** Which resources the primitive tools may read. */
  allowed: (group: string, plural: string) => boolean;
  /** Which ones they may write. */
  writable: (group: string, plural: string) => boolean;
  proposals: ProposalStore;
  /** Where several tools are to look at the same moment (reading.ts): what has been read, by namespace. */
  snapshots?: Map<string | undefined, Promise<Snapshot>>;
  /** Whose proposals this caller sees. */
  owner: string;
  user: User;
  /** Tells the caller how it gets on, if it asked for that. */
  progress: (line: string) => void;
}

/** The person behind the client. */
export interface User {
  /** Whether the client can put a question to them. */
  canBeAsked: boolean;
  /** What they said to the question about this, earlier in this call; undefined: they have not been asked. */
  answer(about: string): 'yes' | 'no' | undefined;
}

/** What a tool tells: the same once for programs and once for readers. Both are cleaned and cut by the server. */
export interface Answer<T> {
  structured: T;
  text: string;
  /** What was asked for was tried, and did not succeed. */
  isError?: boolean;
}

/** Instead of an answer: a question to the user. The call comes again with what they said. */
export interface Question {
  /** What the answer is good for; it does not count for anything else. */
  about: string;
  message: string;
}

/**
 * `read`: changes nothing. `propose`: nothing either, it makes a proposal (propose-tool.ts). `apply`: carries one out.
 * Without --allow-writes there are only those that read.
 */
export type Effect = 'read' | 'propose' | 'apply';

export interface Tool<I extends z.ZodObject = z.ZodObject, O extends z.ZodObject = z.ZodObject> {
  name: string;
  title: string;
  /** For a model that chooses among tools: what it tells, and when to use it. */
  description: string;
  toolset: Toolset;
  /** Default: read. */
  effect?: Effect;
  /** Of what it proposes or applies: whether something may be lost or interrupted. */
  destructive?: boolean;
  /** Strict: what is not in it is refused. */
  input: I;
  output: O;
  /** What is often written instead of the right argument, and what to write. */
  instead?: Record<string, string>;
  /** What the user of the kubeconfig must be allowed to do. */
  needs: readonly Need[];
  run(input: z.infer<I>, context: ToolContext): Promise<Answer<z.infer<O>> | Question>;
}

/** Whether it changes something, or prepares that. */
export function changes({ effect = 'read' }: Tool): boolean {
  return effect !== 'read';
}

/** Keeps the types of one tool's schemas together, and lets tools of all types stand in one list. */
export function tool<I extends z.ZodObject, O extends z.ZodObject>(definition: Tool<I, O>): Tool {
  return definition;
}

import type { z } from 'zod';
import type { Need } from '../cluster/rights.ts';
import type { KubeClient } from '../kube/types.ts';

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
}

/** What a tool tells: the same once for programs and once for readers. Both are cleaned and cut by the server. */
export interface Answer<T> {
  structured: T;
  text: string;
}

/** A tool that reads. Where tools that write will stand: docs/decisions/0010-mcp-server.md. */
export interface Tool<I extends z.ZodObject = z.ZodObject, O extends z.ZodObject = z.ZodObject> {
  name: string;
  title: string;
  /** For a model that chooses among tools: what it tells, and when to use it. */
  description: string;
  toolset: Toolset;
  /** Strict: what is not in it is refused. */
  input: I;
  output: O;
  /** What is often written instead of the right argument, and what to write. */
  instead?: Record<string, string>;
  /** What the user of the kubeconfig must be allowed to do. */
  needs: readonly Need[];
  run(input: z.infer<I>, context: ToolContext): Promise<Answer<z.infer<O>>>;
}

/** Keeps the types of one tool's schemas together, and lets tools of all types stand in one list. */
export function tool<I extends z.ZodObject, O extends z.ZodObject>(definition: Tool<I, O>): Tool {
  return definition;
}

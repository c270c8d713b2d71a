import type { z } from 'zod';
import type { Need } from '../cluster/rights.ts';
import type { KubeClient } from '../kube/types.ts';
import type { ToolContext } from './tool.ts';

/** What resources and prompts are made from. The cluster is asked for only by those that need it. */
export interface Source extends Pick<ToolContext, 'signal' | 'allowed' | 'proposals' | 'owner'> {
  client(): Promise<KubeClient>;
  /** Names of the tools that are served. */
  tools: ReadonlySet<string>;
}

/** The values that a variable or an argument may have, given the others; what has been typed is held against them later. */
export type Complete = (given: Record<string, string | undefined>, source: Source) => Promise<readonly string[]>;

/** One resource of a kind, as the list has it. */
export interface Listed {
  variables: Record<string, string>;
  title: string;
  description?: string;
}

/** What has changed: one resource, and with it perhaps the list of them; or perhaps anything, since nobody watched. */
export type Change = { uri: string; list?: boolean } | 'anything';

/** Where news of a kind's resources come from. It runs while somebody subscribes, once for all subscribers. */
export interface Changes {
  needs: readonly Need[];
  /** Tells changes until the signal aborts. May reject or end early: it is then begun again, later. */
  follow: (source: Source, tell: (change: Change) => void) => Promise<void>;
}

/** Resources of one kind: one file in resources/, one line in its index. */
export interface ResourceKind<V extends z.ZodObject = z.ZodObject> {
  name: string;
  title: string;
  /** For a model that chooses what to read. */
  description: string;
  mimeType: string;
  /** `ferry://reference/checks`; with variables, a template (uri.ts): `ferry://migrations/{namespace}/{name}`. */
  uri: string;
  variables: V;
  /** What the user of the kubeconfig must be allowed to do. */
  needs: readonly Need[];
  /** The tool without which there is none of it. */
  beside?: string;
  /**
   * A text is Ferry's own and told as it is; an object is data from the cluster: it is cleaned, cut, marked as data, and
   * told as JSON. Throws FERRY_E_NOT_FOUND where there is none.
   */
  read(variables: z.infer<V>, source: Source): Promise<string | object>;
  /** Of a template: those there are, the most interesting first. */
  list?(source: Source): Promise<Listed[]>;
  complete?: { [name in keyof z.infer<V>]?: Complete };
  changes?: Changes;
}

/** Keeps the types of one kind together, and lets kinds of all types stand in one list. */
export function resourceKind<V extends z.ZodObject>(definition: ResourceKind<V>): ResourceKind {
  return definition;
}

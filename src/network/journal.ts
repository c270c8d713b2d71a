import * as z from 'zod';
import { deleteRecord, type NetworkSetting, readRecord, writeRecord } from '../cluster/network-writer.ts';
import type { CallOptions, KubeClient } from '../kube/types.ts';
import { FerryError } from '../model/errors.ts';
import type { NetworkAttachmentDefinition, NodeNetworkConfigurationPolicy } from '../model/objects.ts';

/** The ConfigMap that holds the journal, in the namespace of the installation. */
export const JOURNAL = 'ferry-network-run';

/** The steps in their order; each is undone in the reverse order. */
export const STEPS = ['canary', 'policy', 'attachment', 'setting', 'rollout', 'migration'] as const;
export type Step = (typeof STEPS)[number];

/** What an interface was before; `ports` would not matter to undo it. */
export interface LinkBefore {
  name: string;
  type?: string;
  state?: string;
  mtu?: number;
  controller?: string;
}

/** All that is needed to go on with a run, or to undo it, after whatever happened to the process that began it. */
export interface Journal {
  version: 1;
  run: string;
  /** `applied`: kept, so that `remove` knows what was there before. */
  state: 'applying' | 'applied' | 'undoing';
  /** Why it is undone. */
  why?: string;
  namespace: string;
  /** Of the migration network: what addresses of it look like. */
  cidr: string;
  policy: NodeNetworkConfigurationPolicy;
  attachment: NetworkAttachmentDefinition;
  setting: NetworkSetting;
  /** What the setting is set to: the network's name, or `namespace/name` where somebody else wrote it so. */
  network: string;
  nodes: string[];
  /** What selects one node: its label kubernetes.io/hostname. */
  hostnames: Record<string, string>;
  /** The node that is changed first. */
  canary: string;
  before: {
    /** Null: there was none. */
    policy: Record<string, unknown> | null;
    attachment: string | null;
    network: string | null;
    /** Of each node: those of the interfaces that there were. */
    links: Record<string, LinkBefore[]>;
  };
  begun: Step[];
  done: Step[];
  /** The VM whose migration is the proof. */
  vm?: { namespace: string; name: string };
}

const journalSchema = z.looseObject({
  version: z.literal(1),
  run: z.string(),
  state: z.enum(['applying', 'applied', 'undoing']),
  namespace: z.string(),
  policy: z.looseObject({ metadata: z.looseObject({ name: z.string() }) }),
  attachment: z.looseObject({ metadata: z.looseObject({ name: z.string() }) }),
  setting: z.looseObject({ path: z.array(z.string()) }),
  network: z.string(),
  nodes: z.array(z.string()),
  hostnames: z.record(z.string(), z.string()),
  canary: z.string(),
  before: z.looseObject({ links: z.record(z.string(), z.array(z.looseObject({ name: z.string() }))) }),
  begun: z.array(z.enum(STEPS)),
  done: z.array(z.enum(STEPS)),
});

/** A journal in the cluster, and the version of it that this process has written or read last. */
export class JournalStore {
  readonly #client: KubeClient;
  #version: string | undefined;
  journal: Journal;

  constructor(client: KubeClient, journal: Journal, version?: string) {
    this.#client = client;
    this.journal = journal;
    this.#version = version;
  }

  /** Writes a changed journal. Throws FERRY_E_REFUSED if another process has written it since. */
  async save(change: Partial<Journal>, options: CallOptions = {}): Promise<void> {
    const next = { ...this.journal, ...change };
    const { namespace } = next;
    this.#version = await writeRecord(
      this.#client,
      {
        namespace,
        name: JOURNAL,
        text: JSON.stringify(next),
        ...(this.#version !== undefined && { resourceVersion: this.#version }),
      },
      options,
    );
    this.journal = next;
  }

  async remove(options: CallOptions = {}): Promise<void> {
    await deleteRecord(this.#client, this.journal.namespace, JOURNAL, options);
  }
}

/** The journal of the run that is under way, or of the network that was built; undefined if there is none. Throws FERRY_E_REFUSED if it can't be read. */
export async function findJournal(
  client: KubeClient,
  namespace: string,
  options: CallOptions = {},
): Promise<JournalStore | undefined> {
  const record = await readRecord(client, namespace, JOURNAL, options);
  if (record === undefined) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(record.text);
  } catch {
    json = undefined;
  }
  const parsed = journalSchema.safeParse(json);
  if (parsed.success) return new JournalStore(client, parsed.data as unknown as Journal, record.resourceVersion);
  throw new FerryError(
    'FERRY_E_REFUSED',
    `ConfigMap ${namespace}/${JOURNAL} is no journal that this version of Ferry understands`,
    'Use the version of Ferry that wrote it, or delete it once you have made sure that nothing of its run is left.',
  );
}

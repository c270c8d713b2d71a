import {
  deleteAttachment,
  findAttachment,
  putAttachment,
  readNetworkSetting,
  writeNetworkSetting,
} from '../cluster/network-writer.ts';
import { readCni } from '../model/cni.ts';
import { migrateCanary } from './canary-migration.ts';
import { rangesOf } from './cni.ts';
import type { NetworkOutcome } from './events.ts';
import type { Journal, Step } from './journal.ts';
import { carryOutPolicy } from './policy-step.ts';
import { type HandlerAddress, waitForHandlers, waitUntilOff } from './rollout.ts';
import { selectorOfNode } from './selector.ts';
import { undoPolicy } from './undo-policy.ts';
import { type Context, patiently } from './wait.ts';

/** What steps find out. */
export interface Found {
  handlers: HandlerAddress[];
  migration?: NonNullable<NetworkOutcome['migration']>;
}

interface StepCode {
  /** What it is about to do, for people. */
  say: (journal: Journal) => string;
  /** Does it, or goes on with it: doing it twice is the same as once. Throws StepFailed. */
  run: (context: Context, journal: Journal, found: Found) => Promise<void>;
  /** Takes back what it did, however far it came; what was undone, a sentence each. */
  undo: (context: Context, journal: Journal) => Promise<string[]>;
}

const nothing = async (): Promise<string[]> => await Promise.resolve([]);

export const steps: Record<Step, StepCode> = {
  canary: {
    say: ({ policy, canary }) => `policy ${policy.metadata.name} on ${canary} first`,
    run: async (context, { policy, canary, hostnames }) => {
      const spec = { ...policy.spec, nodeSelector: selectorOfNode(hostnames[canary] ?? canary) };
      await carryOutPolicy(context, { ...policy, spec }, [canary]);
    },
    undo: undoPolicy,
  },
  policy: {
    say: ({ policy, nodes }) => `policy ${policy.metadata.name} on all ${nodes.length} nodes`,
    run: (context, { policy, nodes }) => carryOutPolicy(context, policy, nodes),
    // The canary's undo takes all of it back.
    undo: nothing,
  },
  attachment: {
    say: ({ attachment }) => `network ${attachment.metadata.namespace ?? ''}/${attachment.metadata.name}`,
    run: async (context, { attachment }) => {
      await patiently(context, () => putAttachment(context.client, attachment, { signal: context.signal }));
    },
    undo: undoAttachment,
  },
  setting: {
    say: ({ setting, attachment }) => `${setting.kind} ${setting.name}: migrations over ${attachment.metadata.name}`,
    run: async (context, journal) => {
      const expected = journal.before.network ?? undefined;
      await patiently(context, () =>
        writeNetworkSetting(
          context.client,
          journal.setting,
          { expected, value: journal.network },
          { signal: context.signal },
        ),
      );
    },
    undo: undoSetting,
  },
  rollout: {
    say: ({ nodes }) => `virt-handler is replaced on ${nodes.length} nodes, one after the other`,
    run: async (context, journal, found) => {
      const { namespace } = journal;
      const ranges = rangesOf(readCni(journal.attachment));
      found.handlers = await waitForHandlers(context, { namespace, network: journal.network, ranges });
    },
    // The setting's undo waits until they are back.
    undo: nothing,
  },
  migration: {
    say: ({ vm }) =>
      vm === undefined ? 'no canary migration' : `a migration of ${vm.namespace}/${vm.name} as the proof`,
    run: async (context, { vm, run, attachment }, found) => {
      if (vm === undefined) return;
      found.migration = await migrateCanary(context, vm, { run, ranges: rangesOf(readCni(attachment)) });
    },
    undo: nothing,
  },
};

async function undoAttachment(context: Context, journal: Journal): Promise<string[]> {
  const { attachment, before } = journal;
  const { name, namespace = '' } = attachment.metadata;
  const { client, signal } = context;
  const present = await patiently(context, () => findAttachment(client, namespace, name, { signal }));
  const old = before.attachment;
  if (old !== null) {
    if (present?.spec?.config === old) return [];
    await patiently(context, () => putAttachment(client, { ...attachment, spec: { config: old } }, { signal }));
    return [`network ${namespace}/${name} as it was`];
  }
  if (present === undefined) return [];
  await patiently(context, () => deleteAttachment(client, namespace, name, { signal }));
  return [`network ${namespace}/${name} deleted`];
}

async function undoSetting(context: Context, journal: Journal): Promise<string[]> {
  const { setting, before, namespace, network } = journal;
  const { client, signal } = context;
  const value = before.network ?? undefined;
  const now = await patiently(context, () => readNetworkSetting(client, setting, { signal }));
  if (now.value !== network && now.value !== value) {
    // What somebody else has set since is theirs; only nobody may be on the network any more.
    await waitUntilOff(context, namespace, journal.attachment);
    return [`${setting.kind} ${setting.name} left as it is: somebody else has set network ${now.value ?? '(none)'}`];
  }
  await patiently(context, () => writeNetworkSetting(client, setting, { expected: network, value }, { signal }));
  await waitForHandlers(context, { namespace, network: value, ranges: [] });
  if (now.value === value) return [];
  return [
    value === undefined
      ? `${setting.kind} ${setting.name}: migrations over the pod network, as before`
      : `${setting.kind} ${setting.name}: migrations over ${value}, as before`,
    'every virt-handler replaced',
  ];
}

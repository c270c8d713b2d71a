import { type Command, Option } from 'commander';
import { requireLists } from '../../cluster/require-lists.ts';
import { needsOf } from '../../cluster/rights.ts';
import type { KubeClient } from '../../kube/types.ts';
import { exit } from '../../model/errors.ts';
import type { Snapshot, SnapshotList } from '../../model/snapshot.ts';
import { withSnapshot } from '../cluster.ts';
import { type Invocation, note } from '../context.ts';
import { type ConnectionFlags, connectionFlags, type ScopeFlags, scopeFlags } from '../flags.ts';
import { renderDocument } from '../output/document.ts';

type Flags = ConnectionFlags & ScopeFlags & { output: 'json' | 'yaml' };

export function snapshotCommand(program: Command, { io, run }: Invocation): void {
  const command = program
    .command('snapshot')
    .description('Save what Ferry reads of a cluster, for --snapshot. It holds no secrets.')
    .addOption(new Option('-o, --output <format>', 'output format').choices(['json', 'yaml']).default('json'))
    .addHelpText(
      'after',
      `
Examples:
  ${io.name} snapshot -A > cluster.json
  ${io.name} check -A --snapshot cluster.json`,
    )
    .action((flags: Flags) =>
      run(async () => {
        await withSnapshot(io, { ...flags, needs: needsOf.check }, async ({ snapshot: read, namespace, client }) => {
          // Without VMs it would be good for nothing.
          requireLists(read, ['virtualMachines', 'virtualMachineInstances'], namespace);
          const snapshot = client === undefined ? read : await withGuests(read, client, io.signal);
          for (const [name, listing] of Object.entries(snapshot.lists) as [
            SnapshotList,
            { known: boolean; why?: string },
          ][]) {
            if (!listing.known && listing.why !== 'missing') note(io, `not in the snapshot: ${name} (${listing.why})`);
          }
          const { guests } = snapshot;
          if (guests?.known === false) note(io, `not in the snapshot: what virt-handler measures (${guests.why})`);
          if (flags.output === 'yaml') io.stdout.write(await renderDocument(snapshot, 'yaml'));
          else io.stdout.write((await import('../../cluster/saved-snapshot.ts')).serializeSnapshot(snapshot));
        });
        return exit.ok;
      }),
    );
  connectionFlags(scopeFlags(command, { selector: false }));
}

async function withGuests(snapshot: Snapshot, client: KubeClient, signal: AbortSignal): Promise<Snapshot> {
  const { readGuestMetrics } = await import('../../cluster/guest-metrics.ts');
  return { ...snapshot, guests: await readGuestMetrics(client, snapshot, signal) };
}

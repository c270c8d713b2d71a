import type { Command } from 'commander';
import { type ExitCode, exit, FerryError } from '../../model/errors.ts';
import { withSnapshot } from '../cluster.ts';
import type { Invocation, Io } from '../context.ts';
import {
  type ConnectionFlags,
  connectionFlags,
  dryRunFlag,
  type OutputFlags,
  outputFlags,
  type SnapshotFlag,
  snapshotFlag,
} from '../flags.ts';
import type { ApplyFlags } from '../network/apply.ts';
import { type DesignFlags, designFlags } from '../network/flags.ts';
import type { RemoveFlags } from '../network/remove.ts';
import type { VerifyFlags } from '../network/verify.ts';

type PlanFlags = ConnectionFlags & OutputFlags & SnapshotFlag & DesignFlags;

export function networkCommand(program: Command, { io, run }: Invocation): void {
  const network = program
    .command('network')
    .description('Build, look at and take away a network of its own for migrations.');
  const plan = network
    .command('plan')
    .description('Lay a migration network out on the nodes as they are. Changes nothing.')
    .addHelpText(
      'after',
      `
-o yaml prints the objects for those who keep them in git. The exit code is 1 if something speaks against it.

Examples:
  # VLAN 3030 of a spare NIC, jumbo frames
  ${io.name} network plan --interface enp4s0 --vlan 3030 --mtu 9000

  # The objects
  ${io.name} network plan --interface enp4s0 --cidr 10.200.5.0/24 -o yaml`,
    )
    .action((flags: PlanFlags) => run(async () => await runPlan(io, flags)));
  snapshotFlag(connectionFlags(outputFlags(designFlags(plan), ['table', 'json', 'yaml'])));

  const apply = network
    .command('apply')
    .description('Build it step by step: one node first, then all; a step that fails takes everything back.')
    .option('--canary <vm>', 'migrate this VM at the end (NAMESPACE/NAME), as the proof')
    .option('--while-migrating', 'do it though migrations are running')
    .option('--resume', 'go on with a run that was interrupted')
    .option('-y, --yes', 'do not ask')
    .addHelpText(
      'after',
      `
Ctrl-C stops where it is and asks whether to take back what was done.

Examples:
  ${io.name} network apply --interface enp4s0 --vlan 3030 --mtu 9000 --canary shop/web-1
  ${io.name} network apply --resume`,
    )
    .action((flags: ApplyFlags) => run(async () => await (await import('../network/apply.ts')).runApply(io, flags)));
  connectionFlags(outputFlags(designFlags(dryRunFlag(apply)), ['table', 'json', 'yaml']));

  const verify = network
    .command('verify')
    .description('Look at the migration network from the setting down to the wire. Changes nothing.')
    .option('-f, --filename <file>', 'look at these objects instead, before they are applied; may be repeated', collect)
    .addHelpText('after', '\nThe exit code is 1 if something is wrong.')
    .action((flags: VerifyFlags) => run(async () => await (await import('../network/verify.ts')).runVerify(io, flags)));
  snapshotFlag(connectionFlags(outputFlags(verify, ['table', 'json', 'yaml'])));

  const remove = network
    .command('remove')
    .description('Take the migration network away: setting, network, policy, and what the policy made on the nodes.')
    .option('--while-migrating', 'do it though migrations are running')
    .option('-y, --yes', 'do not ask')
    .action((flags: RemoveFlags) => run(async () => await (await import('../network/remove.ts')).runRemove(io, flags)));
  connectionFlags(outputFlags(dryRunFlag(remove), ['table', 'json', 'yaml']));
}

async function runPlan(io: Io, flags: PlanFlags): Promise<ExitCode> {
  if (flags.interface === undefined) {
    throw new FerryError(
      'FERRY_E_USAGE',
      'no NIC was named',
      'Name the NIC that migrations are to use with --interface.',
    );
  }
  const nic = flags.interface;
  return await withSnapshot(io, { ...flags, everyNamespace: true }, async ({ snapshot, client }) => {
    const { showPlan } = await import('../network/plan.ts');
    const refused = await showPlan(io, snapshot, client, { ...flags, interface: nic });
    return refused ? exit.findings : exit.ok;
  });
}

function collect(value: string, previous: string[] = []): string[] {
  return [...previous, value];
}

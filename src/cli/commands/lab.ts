import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Speed } from '../../lab/clock.ts';
import { FerryError } from '../../model/errors.ts';
import { versions } from '../../model/versions/index.ts';
import type { Invocation } from '../context.ts';
import { integer } from '../flags.ts';
import { faultOptions } from '../lab/fault-options.ts';
import type { LabFlags } from '../lab/start.ts';
import type { UserFlags } from '../lab/user.ts';

export function labCommand(program: Command, { io, run }: Invocation): void {
  const lab = program.command('lab').description('A cluster to learn, test and rehearse with, on this machine.');
  lab
    .command('start')
    .description(
      'Start a lab: a Kubernetes API on 127.0.0.1 behind which KubeVirt is modelled. Works with kubectl, too.',
    )
    .option('--scenario <name>', 'small, busy, hana or sno (default: small)')
    .option('--nodes <number>', 'instead of a scenario: this many nodes', integer(1, 5000))
    .option('--vms <number>', 'with --nodes: this many VMs', integer(0, 100_000))
    .option('--from <file>', 'instead of a scenario: the cluster that this saved snapshot holds')
    .addOption(
      new Option(
        '--cnv <version>',
        "OpenShift Virtualization's version: KubeVirt 1.3 (4.17) to 1.9 (next) (default: 4.20, or the snapshot's)",
      ).choices(versions.map(({ cnv }) => cnv)),
    )
    .option('--speed <factor>', 'how fast its time runs: a factor, or max to jump from event to event', speed, 1)
    .option('--seed <text>', 'the same seed gives the same run', 'ferry')
    .option('--port <number>', 'port on 127.0.0.1 (0: any that is free)', integer(0, 65_535), 0)
    .option('--kubeconfig <file>', "where to write the lab's kubeconfig (default: in Ferry's state directory)")
    .option('--detach', 'go on in the background; print what to put into the shell')
    .option('-v, --verbose', 'show where an error came from')
    .addOption(new Option('--detached').hideHelp())
    .addHelpText(
      'after',
      `
Examples:
  # A lab in the background, used by this shell
  eval "$(${io.name} lab start --detach)"
  ${io.name} check -A

  # A big one, ten times as fast as reality
  ${io.name} lab start --nodes 100 --vms 2000 --speed 10

  # As a cluster that is to be upgraded has it
  ${io.name} lab start --cnv 4.18

  # A twin of a real cluster
  ${io.name} snapshot -A > cluster.json
  ${io.name} lab start --from cluster.json --detach`,
    )
    .action((flags: LabFlags) =>
      run(async () => {
        const origins = (['scenario', 'nodes', 'from'] as const).filter((name) => flags[name] !== undefined);
        if (origins.length > 1) {
          throw new FerryError(
            'FERRY_E_USAGE',
            `--${origins.join(' and --')} exclude each other`,
            'Scenarios and snapshots have their own nodes.',
          );
        }
        if ((flags.nodes === undefined) !== (flags.vms === undefined)) {
          throw new FerryError('FERRY_E_USAGE', '--nodes and --vms belong together', 'Give both, or a scenario.');
        }
        if (flags.detach) return await (await import('../lab/detach.ts')).startDetached(io, flags);
        return await (await import('../lab/start.ts')).startHere(io, flags);
      }),
    );
  lab
    .command('stop')
    .description('End the lab.')
    .action(() => run(async () => await (await import('../lab/stop.ts')).stopLab(io)));
  lab
    .command('status')
    .description('Show the lab that runs.')
    .addOption(new Option('-o, --output <format>', 'output format').choices(['json', 'yaml']))
    .action((flags: { output?: 'json' | 'yaml' }) =>
      run(async () => await (await import('../lab/stop.ts')).labStatus(io, flags.output)),
    );
  lab
    .command('upgrade')
    .description('Upgrade OpenShift Virtualization in the lab that runs, while its VMs run.')
    .addOption(
      new Option('--cnv <version>', 'the version to upgrade to')
        .choices(versions.map(({ cnv }) => cnv))
        .makeOptionMandatory(),
    )
    .addHelpText(
      'after',
      `
Examples:
  # Watch the workload updater move every VM that can migrate
  ${io.name} lab upgrade --cnv 4.21`,
    )
    .action(({ cnv }: { cnv: string }) =>
      run(async () => await (await import('../lab/upgrade.ts')).upgradeLab(io, cnv)),
    );
  lab
    .command('prometheus')
    .description('Print the configuration of a Prometheus that scrapes the lab that runs.')
    .addHelpText(
      'after',
      `
Examples:
  # Charts and KubeVirt's alerts of the lab, at http://127.0.0.1:9090
  ${io.name} lab prometheus > prometheus.yml
  prometheus --config.file prometheus.yml --web.listen-address 127.0.0.1:9090`,
    )
    .action(() => run(async () => await (await import('../lab/prometheus.ts')).labPrometheus(io)));
  userCommand(lab, { io, run });
  faultCommand(lab, { io, run });
}

function userCommand(lab: Command, { io, run }: Invocation): void {
  lab
    .command('user')
    .description('Make a user of the lab that runs, with a kubeconfig of their own and only the rights they are given.')
    .argument('<name>', 'the name they have in the cluster')
    .option('--role <clusterrole>', 'a ClusterRole they get (can be repeated; default: none)', repeated, [])
    .option('-n, --namespace <namespace>', 'where the roles hold (default: in the whole cluster)')
    .option('--group <group>', 'a group they are in (can be repeated)', repeated, [])
    .option('--kubeconfig <file>', "where to write their kubeconfig (default: in Ferry's state directory)")
    .addHelpText(
      'after',
      `
Examples:
  # Who may use VMs in a namespace, but not migrate them
  ${io.name} lab user eve --role edit -n shop

  # Be somebody who may migrate, in this shell
  eval "$(${io.name} lab user mia --role kubevirt.io:view --role kubevirt.io:migrate)"`,
    )
    .action((name: string, flags: UserFlags) =>
      run(async () => await (await import('../lab/user.ts')).addUser(io, name, flags)),
    );
}

function repeated(value: string, before: string[]): string[] {
  return [...before, value];
}

function faultCommand(lab: Command, { io, run }: Invocation): void {
  const fault = lab
    .command('fault')
    .description(
      'Break something in the lab that runs: its API, nodes, links, migrations; list and clear what is broken.',
    )
    .argument('<name>', `what to break; ${io.name} lab fault list tells them`);
  for (const [flags, description] of faultOptions) fault.option(flags, description);
  fault
    .addHelpText(
      'after',
      `
Examples:
  # Turn a third of all lists away for 30 s
  ${io.name} lab fault api-429 --rate 0.3 --verb list --for 30s

  # Cut a node off until it is mended
  ${io.name} lab fault node-not-ready --node worker-1
  ${io.name} lab fault clear node-not-ready`,
    )
    .action((name: string, flags: Record<string, string>) =>
      run(async () => {
        const parameters = Object.entries(flags).map(([key, value]) => [key === 'toNode' ? 'to-node' : key, value]);
        return await (await import('../lab/fault.ts')).injectFault(io, name, Object.fromEntries(parameters));
      }),
    );
  fault
    .command('list')
    .description('Show what is broken, and what can be.')
    .addOption(new Option('-o, --output <format>', 'output format').choices(['json', 'yaml']))
    .action((flags: { output?: 'json' | 'yaml' }) =>
      run(async () => await (await import('../lab/fault.ts')).listFaults(io, flags.output)),
    );
  fault
    .command('clear')
    .description('End a fault by its id, all of a name, or all.')
    .argument('[which]', 'id or name')
    .action((which: string | undefined) =>
      run(async () => await (await import('../lab/fault.ts')).clearFaults(io, which)),
    );
}

function speed(text: string): Speed {
  if (text === 'max') return 'max';
  const factor = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || factor <= 0) throw new InvalidArgumentError('Use a factor above 0, or max.');
  return factor;
}

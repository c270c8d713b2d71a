import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { styleText } from 'node:util';
import { startLab } from '../../lab/lab.ts';
import { type ExitCode, exit, FerryError } from '../../model/errors.ts';
import { type Io, note, wantsColor } from '../context.ts';
import { writeKubeconfigFile } from '../lab/kubeconfig-file.ts';
import { runFerry } from '../program.ts';

/** Lab time against real time: fast enough for somebody who watches, slow enough to be watched. */
const SPEED = 5;

/** What is shown: a sentence, and the command line it is about. `code` is the exit code that this is about. */
const steps: { say: string; argv: string[]; code: ExitCode }[] = [
  { say: 'Which VMs can be moved, and why not the others?', argv: ['check', '-A'], code: exit.findings },
  {
    say: 'One of them in full: every finding, its evidence, what to do.',
    argv: ['check', '-n', 'shop', 'mail-relay', '--explain'],
    code: exit.findings,
  },
  {
    say: 'Move a database with 32 GiB of memory to a node of our choice, while it runs.',
    argv: ['move', '-n', 'shop', 'orders-db', '--to', 'worker-2', '--yes'],
    code: exit.ok,
  },
  {
    say: 'Move three VMs to wherever they fit. No node sends more than two at once.',
    argv: ['move', '-A', 'storefront-web-1', 'storefront-web-2', 'ci-runner-1', '--yes'],
    code: exit.ok,
  },
  {
    say: 'A VM that cannot be moved is refused before anything happens, with the reasons.',
    argv: ['move', '-n', 'shop', 'image-render', '--yes'],
    code: exit.refused,
  },
  { say: 'What has been done is on record in the cluster.', argv: ['get', 'migrations', '-A'], code: exit.ok },
];

/** Starts a lab, runs the steps against it over HTTPS as a user would, and ends it. Exit 0 if every step ended as it should. */
export async function runDemo(io: Io): Promise<ExitCode> {
  const folder = await mkdtemp(join(tmpdir(), 'ferry-demo-'));
  say(
    io,
    `A lab starts: a Kubernetes API on this machine, behind it KubeVirt as a model, ${SPEED} times as fast as reality.`,
  );
  const lab = await startLab({ scenario: 'small', speed: SPEED, seed: 'demo' });
  try {
    const kubeconfig = join(folder, 'kubeconfig');
    await writeKubeconfigFile(kubeconfig, lab.kubeconfig);
    const env = { ...io.env, KUBECONFIG: kubeconfig };
    for (const { say: sentence, argv, code } of steps) {
      if (io.signal.aborted) return exit.interrupted;
      // For a person, a moment to read.
      if (io.isTTY.stderr) await sleep(1000);
      say(io, sentence);
      note(io, `$ ${io.name} ${argv.join(' ')}`);
      const got = await runFerry(argv, { ...io, env });
      if (got === exit.interrupted) return got;
      if (got !== code) {
        throw new FerryError(
          'FERRY_E_INTERNAL',
          `the demo went wrong: ${io.name} ${argv.join(' ')} ended with ${got} instead of ${code}`,
          'Please report it.',
        );
      }
      note(io, `(exit code ${got})`);
    }
    say(io, `That was the lab. To try it yourself: eval "$(${io.name} lab start --detach)"`);
    return exit.ok;
  } finally {
    await lab.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

function say(io: Io, sentence: string): void {
  note(io, `\n${wantsColor(io, 'stderr') ? styleText('bold', sentence, { validateStream: false }) : sentence}`);
}

import { join } from 'node:path';
import { labStateDirectory } from '../../lab/state.ts';
import { type ExitCode, exit } from '../../model/errors.ts';
import { fileError } from '../cluster.ts';
import { type Io, note } from '../context.ts';
import { askLab } from './control.ts';
import { kubeconfigPath, writeKubeconfigFile } from './kubeconfig-file.ts';
import { quoted } from './start.ts';

export interface UserFlags {
  role: string[];
  group: string[];
  namespace?: string;
  kubeconfig?: string;
}

/** Makes a user of the running lab, writes their kubeconfig, and prints what to put into the shell to be them. */
export async function addUser(io: Io, name: string, flags: UserFlags): Promise<ExitCode> {
  const { role, group, namespace } = flags;
  const file = flags.kubeconfig ?? join(labStateDirectory(io.env), `kubeconfig-${name.replace(/[^\w.@-]/g, '_')}`);
  const path = kubeconfigPath(file);
  const answer = (await askLab(io, 'POST', 'users', { name, roles: role, groups: group, namespace })) as {
    kubeconfig: string;
  };
  await writeKubeconfigFile(path, answer.kubeconfig).catch((error: unknown) => {
    throw fileError(path, error);
  });
  const where = namespace === undefined ? 'in the whole cluster' : `in namespace ${namespace}`;
  note(
    io,
    role.length === 0
      ? `User ${name} may do what every user may.`
      : `User ${name} has the role${role.length === 1 ? '' : 's'} ${role.join(', ')} ${where}.`,
  );
  io.stdout.write(`export KUBECONFIG=${quoted(path)}\n`);
  return exit.ok;
}

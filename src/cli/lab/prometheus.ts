import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { labStateDirectory } from '../../lab/state.ts';
import { type ExitCode, exit } from '../../model/errors.ts';
import { fileError } from '../cluster.ts';
import { type Io, note } from '../context.ts';
import { askLab, requireLab } from './control.ts';

/** As much of the lab's kubeconfig as Prometheus needs: its CA and a token. */
interface Kubeconfig {
  clusters: { cluster: { 'certificate-authority-data': string } }[];
  users: { user: { token: string } }[];
}

/**
 * Prints a configuration for Prometheus that scrapes the lab. What it names - the lab's CA, a token, KubeVirt's rules - is
 * written beside the lab's own state, for its owner only.
 */
export async function labPrometheus(io: Io): Promise<ExitCode> {
  const { kubeconfig } = requireLab(io);
  const config = (await askLab(io, 'GET', 'prometheus')) as object;
  const rules = await askLab(io, 'GET', 'prometheus/rules');
  const { parse, stringify } = await import('yaml');
  const { clusters, users } = parse(readFileSync(kubeconfig, 'utf8')) as Kubeconfig;
  const folder = join(labStateDirectory(io.env), 'prometheus');
  const ca = clusters[0]?.cluster['certificate-authority-data'] ?? '';
  const files: Record<string, string | Uint8Array> = {
    'ca.crt': Buffer.from(ca, 'base64'),
    token: users[0]?.user.token ?? '',
    'rules.json': `${JSON.stringify(rules, undefined, 2)}\n`,
  };
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (const [name, content] of Object.entries(files)) {
      await writeFile(join(folder, name), content, { mode: 0o600 });
    }
  } catch (error) {
    throw fileError(folder, error);
  }
  const text = JSON.stringify(config, (_, value: unknown) =>
    typeof value === 'string' && Object.hasOwn(files, value) ? join(folder, value) : value,
  );
  io.stdout.write(stringify(JSON.parse(text)));
  note(io, `The lab's CA, a token and KubeVirt's rules are in ${folder}; print anew when the lab has started anew.`);
  return exit.ok;
}

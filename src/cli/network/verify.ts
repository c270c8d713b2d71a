import { type ExitCode, exit } from '../../model/errors.ts';
import type { KubeObject } from '../../model/objects.ts';
import { parseManifests, plannedNetworks, withObjects } from '../../network/manifests.ts';
import { verifyNetwork } from '../../network/verify.ts';
import { fileError, withSnapshot } from '../cluster.ts';
import type { Io } from '../context.ts';
import type { ConnectionFlags, OutputFlags, SnapshotFlag } from '../flags.ts';
import { document, renderDocument } from '../output/document.ts';
import { knownNetworks } from './plan.ts';
import { reportText } from './render.ts';

export type VerifyFlags = ConnectionFlags & OutputFlags & SnapshotFlag & { filename?: string[] };

export async function runVerify(io: Io, flags: VerifyFlags): Promise<ExitCode> {
  const files = await readObjects(io, flags.filename ?? []);
  const planned = flags.filename === undefined ? [] : plannedNetworks(files, 'these files');
  return await withSnapshot(io, { ...flags, everyNamespace: true }, async ({ snapshot, client }) => {
    const known = await knownNetworks(client, io.signal);
    const report = verifyNetwork(withObjects(snapshot, files), known, planned);
    if (flags.output === 'table') io.stdout.write(reportText(report));
    else io.stdout.write(await renderDocument(document('NetworkReport', report), flags.output as 'json' | 'yaml'));
    return report.findings.some(({ severity }) => severity !== 'info') ? exit.findings : exit.ok;
  });
}

async function readObjects(io: Io, files: readonly string[]): Promise<KubeObject[]> {
  const objects: KubeObject[] = [];
  for (const file of files) objects.push(...(await parseManifests(await textOf(io, file), file)));
  return objects;
}

async function textOf(io: Io, file: string): Promise<string> {
  if (file === '-') {
    let text = '';
    for await (const chunk of io.stdin) text += String(chunk);
    return text;
  }
  const { readFile } = await import('node:fs/promises');
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw fileError(file, error);
  }
}

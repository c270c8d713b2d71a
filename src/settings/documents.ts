import { FerryError } from '../model/errors.ts';
import type { Finding, Severity } from '../model/finding.ts';
import { subjectOf } from '../model/finding.ts';
import type { MigrationPolicy } from '../model/objects.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { misspelt } from '../model/spelling.ts';
import { checkType } from './assignment.ts';
import { isObject } from './object.ts';
import { parameterOf, parameters, type Value } from './parameters.ts';
import { versionIn } from './read.ts';
import { at, fieldOf, holdersOf, hyperConvergedPath, KUBEVIRT_PATH } from './target.ts';

/** What documents ask for. */
export interface Asked {
  wanted: Map<string, Value | undefined>;
  policies: MigrationPolicy[];
  /** About the documents themselves: what in them is not as it seems. */
  findings: Finding[];
}

const V1BETA1 = 'hco.kubevirt.io/v1beta1';
const V1 = 'hco.kubevirt.io/v1';

/** The documents of a YAML or JSON text; `source` names it. Throws FERRY_E_USAGE. */
export async function parseDocuments(text: string, source: string): Promise<unknown[]> {
  const { parseAllDocuments } = await import('yaml');
  const documents = parseAllDocuments(text);
  return ('empty' in documents ? [] : documents).map((each) => {
    const [problem] = each.errors;
    if (problem !== undefined)
      throw usage(`${source} is no YAML: ${problem.message.split('\n')[0]}`, 'Correct it; the line is named.');
    return each.toJS() as unknown;
  });
}

/**
 * The settings that documents ask for: HyperConverged in either version (or a part of one, as the mission's examples
 * have it), KubeVirt's CR where nobody else owns it, MigrationPolicies, and Ferry's own advice. Throws FERRY_E_USAGE and
 * FERRY_E_REFUSED.
 */
export function readDocuments(documents: readonly unknown[], snapshot: Snapshot): Asked {
  const asked: Asked = { wanted: new Map(), policies: [], findings: [] };
  for (const document of documents) {
    if (document === null || document === undefined) continue;
    if (!isObject(document))
      throw usage(
        'a document is no object',
        'Give HyperConverged, MigrationPolicy, or what `settings advise -o yaml` printed.',
      );
    readDocument(document, snapshot, asked);
  }
  if (asked.wanted.size === 0 && asked.policies.length === 0) {
    throw usage(
      'the documents hold no live-migration settings',
      'They belong under .spec.liveMigrationConfig (v1beta1) or .spec.virtualization.liveMigrationConfig (v1).',
    );
  }
  return asked;
}

function readDocument(document: Record<string, unknown>, snapshot: Snapshot, asked: Asked): void {
  const { kind } = document;
  if (kind === 'List' && Array.isArray(document['items'])) {
    for (const item of document['items']) if (isObject(item)) readDocument(item, snapshot, asked);
  } else if (kind === 'SettingsAdvice') readAdvice(document, asked);
  else if (kind === 'MigrationPolicy') asked.policies.push(document as unknown as MigrationPolicy);
  else if (kind === 'KubeVirt') readKubeVirt(document, snapshot, asked);
  else if (kind === 'HyperConverged' || (kind === undefined && isObject(document['spec'])))
    readHyperConverged(document, snapshot, asked);
  else
    throw usage(
      `a document of kind ${String(kind)} holds no live-migration settings`,
      'Give HyperConverged, MigrationPolicy, or what `settings advise -o yaml` printed.',
    );
}

function readAdvice(document: Record<string, unknown>, asked: Asked): void {
  const { recommendations, policies } = document;
  for (const each of Array.isArray(recommendations) ? recommendations : []) {
    if (isObject(each) && typeof each['setting'] === 'string') put(asked, each['setting'], each['recommended']);
  }
  for (const each of Array.isArray(policies) ? policies : []) {
    if (isObject(each) && isObject(each['manifest']))
      asked.policies.push(each['manifest'] as unknown as MigrationPolicy);
  }
}

function readKubeVirt(document: Record<string, unknown>, snapshot: Snapshot, asked: Asked): void {
  const { hyperConverged } = holdersOf(snapshot);
  if (hyperConverged !== undefined) {
    const field = fieldOf(hyperConvergedPath(hyperConverged.apiVersion));
    throw new FerryError(
      'FERRY_E_REFUSED',
      "HyperConverged owns KubeVirt's CR here, and undoes what others write into it",
      `Write the same settings to HyperConverged ${hyperConverged.metadata.namespace}/${hyperConverged.metadata.name} ${field} (${hyperConverged.apiVersion}), or use \`settings set\`.`,
    );
  }
  putAll(asked, at(document, KUBEVIRT_PATH));
}

function readHyperConverged(document: Record<string, unknown>, snapshot: Snapshot, asked: Asked): void {
  const { hyperConverged } = holdersOf(snapshot);
  if (hyperConverged === undefined) {
    throw new FerryError(
      'FERRY_E_REFUSED',
      'this cluster has no HyperConverged',
      "Its live-migration settings are in KubeVirt's CR: use `settings set`, which finds it.",
    );
  }
  const version = document['apiVersion'];
  const whole = document['kind'] !== undefined;
  const own = subjectOf(hyperConverged);
  const metadata = isObject(document['metadata']) ? document['metadata'] : {};
  const say = sayer(asked, hyperConverged);
  if (whole && version !== V1 && version !== V1BETA1) {
    throw usage(`${String(version)} is no version of HyperConverged`, `Use ${V1BETA1} or ${V1}.`);
  }
  if (whole && (metadata['name'] !== own.name || (metadata['namespace'] ?? own.namespace) !== own.namespace)) {
    say(
      'warning',
      'settings/other-object',
      '.metadata',
      metadata,
      `the document is about namespace and name ${JSON.stringify(metadata['namespace'] ?? '')}, ${JSON.stringify(metadata['name'])}, but this cluster's HyperConverged is ${own.namespace}/${own.name}, and there can be only one`,
      'The settings are applied to the one there is.',
    );
  }
  const paths = { [V1BETA1]: hyperConvergedPath(V1BETA1), [V1]: hyperConvergedPath(V1) };
  const right = version === V1 ? paths[V1] : paths[V1BETA1];
  const other = version === V1 ? paths[V1BETA1] : paths[V1];
  if (!whole) {
    say(
      'info',
      'settings/fragment',
      '.spec',
      Object.keys(document['spec'] as object),
      'the document is a part of a HyperConverged without apiVersion and kind',
      'Its settings are merged into the HyperConverged there is, whichever version it is served in. Never send such a part in place of the whole object.',
    );
  } else if (at(document, other) !== undefined) {
    say(
      'warning',
      'settings/wrong-field',
      fieldOf(other),
      at(document, other),
      `in ${String(version)} the settings are at ${fieldOf(right)}; what stands at ${fieldOf(other)} is dropped by the API server without a word`,
      'Ferry applies it to the right field; correct the document.',
    );
  }
  if (version === V1BETA1 && versionIn(snapshot)?.hyperConvergedApi.served.includes('v1') === true) {
    say(
      'info',
      'settings/older-version',
      '.apiVersion',
      version,
      `the cluster serves ${V1}, too, where the settings are at ${fieldOf(paths[V1])}; \`kubectl get hyperconverged\` without a version shows that one`,
      'Always name the version: hyperconvergeds.v1beta1.hco.kubevirt.io.',
    );
  }
  const ignored = Object.keys(isObject(document['spec']) ? document['spec'] : {}).filter(
    (name) => name !== 'liveMigrationConfig' && name !== 'virtualization',
  );
  if (ignored.length > 0) {
    say(
      'info',
      'settings/not-applied',
      '.spec',
      ignored,
      `the document has other fields, too: ${ignored.join(', ')}`,
      'Only the live-migration settings are applied.',
    );
  }
  const before = asked.wanted.size;
  for (const path of [paths[V1BETA1], paths[V1]]) putAll(asked, at(document, path));
  if (asked.wanted.size > before) tellValues(asked, snapshot, say);
}

type Say = (severity: Severity, check: string, field: string, value: unknown, message: string, remedy: string) => void;

function sayer(asked: Asked, holder: Parameters<typeof subjectOf>[0]): Say {
  return (severity, check, field, value, message, remedy) => {
    // The evidence is in the document, which has no other name than the object it is about.
    asked.findings.push({
      check,
      severity,
      subject: subjectOf(holder),
      message,
      evidence: [{ object: { kind: 'document', name: 'given' }, field, value }],
      remedy,
    });
  };
}

/** Documented "defaults" are what people copy: the ones that are none in this version are named. */
function tellValues({ wanted }: Asked, snapshot: Snapshot, say: Say): void {
  const version = versionIn(snapshot);
  for (const { name, documented, correction, hcoDefault, builtIn } of parameters) {
    const value = wanted.get(name);
    if (value === undefined || value !== documented || version === undefined) continue;
    const standard = hcoDefault(version) ?? builtIn(version);
    if (name === 'network') {
      if (value === '') {
        say(
          'info',
          'settings/empty-network',
          '.network',
          value,
          'an empty network means no migration network, which is best said by leaving the field away',
          'Ferry leaves it away.',
        );
      }
    } else if (correction !== undefined && value !== standard) {
      const now = standard === undefined ? 'not set' : String(standard);
      say(
        'warning',
        'settings/documented-default',
        `.${name}`,
        value,
        `${name} ${String(value)} is called a default in the documentation; in this version the default is ${now}`,
        correction,
      );
    }
  }
}

function putAll(asked: Asked, values: unknown): void {
  if (!isObject(values)) return;
  for (const [name, value] of Object.entries(values)) put(asked, name, value);
}

function put({ wanted }: Asked, name: string, value: unknown): void {
  const parameter = parameterOf(name);
  if (parameter === undefined) {
    const near = misspelt(
      name,
      parameters.map((each) => each.name),
    );
    throw usage(
      `there is no live-migration setting '${name}'`,
      near === undefined
        ? 'The API server would drop it without a word; see `settings get`.'
        : `Did you mean ${near}? The API server would drop it without a word.`,
    );
  }
  const checked = value === null || value === undefined ? undefined : checkType(parameter, value);
  if (wanted.has(name) && wanted.get(name) !== checked)
    throw usage(`the documents give ${name} two values`, 'Give one.');
  wanted.set(name, checked);
}

function usage(message: string, hint: string): FerryError {
  return new FerryError('FERRY_E_USAGE', message, hint);
}

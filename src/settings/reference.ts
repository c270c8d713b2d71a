import { compareText } from '../model/memo.ts';
import { type KubeVirtVersion, versions } from '../model/versions/index.ts';
import { type Parameter, parameterOf, parameters, type Value } from './parameters.ts';

/** Every live-migration setting in a table, as Markdown: of docs/reference/, and what agents read. */
export function settingsPage(): string {
  const released = versions.filter(({ cnv }) => cnv !== 'next').at(-1);
  const rows = byName().map((each) => {
    const [hco, builtIn] = released === undefined ? ['', ''] : defaultsIn(each, released);
    return `| \`${each.name}\` | ${typeOf(each)} | ${hco} | ${builtIn} | ${each.does} |`;
  });
  return `# Settings

What \`ferry settings\` reads, advises and sets. The defaults are those of OpenShift Virtualization ${released?.cnv ?? ''} (KubeVirt ${released?.name ?? ''}),
where nobody set anything: what HyperConverged fills in, and what KubeVirt does by itself where HyperConverged fills
nothing in, or is not there. \`ferry settings get\` says what a cluster has, and who set it.

| setting | type | HyperConverged's default | KubeVirt's default | what it really does |
| --- | --- | --- | --- | --- |
${rows.join('\n')}
`;
}

/** One setting as Markdown: what it does, its defaults in each version, what the documentation has wrong; undefined if there is none of this name. */
export function settingPage(name: string): string | undefined {
  const parameter = parameterOf(name);
  if (parameter === undefined) return undefined;
  const { does, correction, documented } = parameter;
  const rows = versions.map((version) => {
    const [hco, builtIn] = defaultsIn(parameter, version);
    return `| ${version.cnv} | ${version.name} | ${hco} | ${builtIn} |`;
  });
  const facts = [
    `- Type: ${typeOf(parameter)}`,
    ...(documented === undefined ? [] : [`- Default in the best-practice guide: ${valueText(documented)}`]),
  ];
  const table = [
    "| OpenShift Virtualization | KubeVirt | HyperConverged's default | KubeVirt's default |",
    '| --- | --- | --- | --- |',
    ...rows,
  ];
  const parts = [`# \`${name}\``, does, ...(correction === undefined ? [] : [correction]), facts.join('\n')];
  return `${[...parts, table.join('\n')].join('\n\n')}\n`;
}

/** The names of all settings, sorted. */
export function settingNames(): string[] {
  return byName().map(({ name }) => name);
}

function byName(): Parameter[] {
  return [...parameters].sort((a, b) => compareText(a.name, b.name));
}

function typeOf({ type, unit }: Parameter): string {
  return unit === undefined ? type : `${type}, ${unit}`;
}

function defaultsIn(parameter: Parameter, version: KubeVirtVersion): [hco: string, builtIn: string] {
  if (!parameter.exists(version)) return ['does not know it', 'does not know it'];
  const hco = parameter.inHco(version) ? valueText(parameter.hcoDefault(version)) : 'has no field for it';
  return [hco, valueText(parameter.builtIn(version))];
}

function valueText(value: Value | undefined): string {
  return value === undefined ? 'none' : value === '' ? 'empty' : String(value);
}

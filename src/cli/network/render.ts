import type { Finding } from '../../model/finding.ts';
import { explained } from '../../model/finding-text.ts';
import { plain } from '../../model/plain.ts';
import type { NetworkPlan, ObjectChange } from '../../network/design.ts';
import type { NetworkOutcome } from '../../network/events.ts';
import type { NodeVerdict } from '../../network/nodes.ts';
import type { NetworkReport } from '../../network/verify.ts';
import type { HandlerRow } from '../../network/verify-handlers.ts';
import { type Column, renderTable } from '../output/table.ts';

const table = { wide: false, headers: true };

function lines(all: readonly string[]): string {
  return all.map((line) => `${plain(line)}\n`).join('');
}

/** A plan for people: the nodes, the addresses, what happens to which object, and what speaks against it. */
export function planText(plan: NetworkPlan): string {
  const { request, addresses } = plan;
  const columns: Column<NodeVerdict>[] = [
    { header: 'NODE', value: ({ node }) => node },
    { header: request.interface.toUpperCase(), value: ({ nic }) => nic?.state },
    { header: 'SPEED', value: ({ nic }) => speedText(nic?.speedMbps) },
    { header: 'MTU', value: ({ nic }) => mtuText(nic?.mtu, request.mtu) },
    { header: 'VERDICT', value: ({ verdict }) => verdict },
    {
      header: 'FINDING',
      value: ({ findings }) => checksOf(findings),
    },
  ];
  const where = request.vlan === undefined ? request.interface : `VLAN ${request.vlan} of ${request.interface}`;
  const given = addresses.first === undefined ? '' : `, ${addresses.first} to ${addresses.last ?? ''}`;
  return [
    lines([`Network ${request.namespace}/${request.name}: ${request.type} on ${where}, MTU ${request.mtu}`]),
    lines([`Addresses: ${addresses.cidr}${given}: ${addresses.usable} to give, ${addresses.needed} needed now`]),
    '\n',
    renderTable(plan.nodes, columns, table),
    '\n',
    ...plan.changes.map(changeText),
    findingsText(shared(plan)),
  ].join('');
}

/** The checks that say something grave of a node, by their names; what they say stands below the table. */
function checksOf(findings: readonly Finding[]): string {
  const grave = findings
    .filter(({ severity }) => severity !== 'info')
    .map(({ check }) => check.replace(/^network\//, ''));
  return [...new Set(grave)].join(', ') || '-';
}

/** Findings that many nodes have alike are told once. */
function shared({ findings, nodes }: NetworkPlan): Finding[] {
  const told = new Set<string>();
  const ofNodes = nodes
    .flatMap((node) => node.findings)
    .filter((one) => {
      const key = one.severity === 'info' ? one.check : `${one.check} ${one.subject.name}`;
      return told.has(key) ? false : told.add(key);
    });
  return [...findings, ...ofNodes];
}

function speedText(mbps: number | undefined): string | undefined {
  return mbps === undefined ? undefined : mbps >= 1000 ? `${mbps / 1000} Gbit/s` : `${mbps} Mbit/s`;
}

function mtuText(now: number | undefined, wanted: number): string | undefined {
  if (now === undefined) return undefined;
  return now === wanted ? String(now) : `${now} -> ${wanted}`;
}

function changeText({ object, action, changes }: ObjectChange): string {
  const name = object.namespace === undefined ? object.name : `${object.namespace}/${object.name}`;
  const head = { create: '+ create', change: '~ change', keep: '= keep' }[action];
  return lines([
    `${head} ${object.kind} ${name}`,
    ...changes.map(({ path, before, after }) => `    ${path}: ${valueText(before)} -> ${valueText(after)}`),
  ]);
}

function valueText(value: unknown): string {
  return value === undefined ? '(not set)' : JSON.stringify(value);
}

export function findingsText(findings: readonly Finding[]): string {
  if (findings.length === 0) return '';
  return `\n${lines(findings.flatMap(explained).map((line) => line.slice(2)))}`;
}

/** What verify found, for people. */
export function reportText(report: NetworkReport): string {
  const { network, attachment, handlers, findings } = report;
  const columns: Column<HandlerRow>[] = [
    { header: 'NODE', value: ({ node }) => node },
    { header: 'VIRT-HANDLER', value: ({ pod }) => pod },
    { header: 'READY', value: ({ ready }) => (ready ? 'yes' : 'no') },
    { header: 'ADDRESS', value: ({ address }) => address },
    { header: 'MTU', value: ({ mtu }) => mtu },
  ];
  const grave = findings.filter(({ severity }) => severity !== 'info').length;
  const head =
    network === undefined
      ? []
      : [
          lines([
            `Migration network: ${attachment === undefined ? network : `${attachment.namespace}/${attachment.name}`}`,
          ]),
          '\n',
          renderTable(handlers, columns, table),
        ];
  const verdict = grave === 0 ? 'Nothing is wrong with it.' : `${grave} ${grave === 1 ? 'finding' : 'findings'}.`;
  const shown = findingsText(findings);
  return [...head, head.length === 0 ? shown.slice(1) : shown, '\n', lines([verdict])].join('');
}

/** How a run ended, for people. */
export function outcomeText(outcome: NetworkOutcome, name: string): string {
  const { failed, undone, left, handlers, migration } = outcome;
  const why = failed === undefined ? '' : `: ${failed.message}`;
  switch (outcome.outcome) {
    case 'applied':
      return lines([
        ...handlers.map(({ node, address }) => `${node}: ${address}`),
        ...(migration === undefined
          ? []
          : [`${migration.vm} migrated from ${migration.from} to ${migration.to} (${migration.targetNodeAddress})`]),
        'The migration network is in use.',
      ]);
    case 'removed':
      return lines([...undone.map((sentence) => `- ${sentence}`), 'The migration network is gone.']);
    case 'rolled-back':
      return lines([
        `Failed${why}`,
        ...(undone.length === 0 ? [] : ['Undone:']),
        ...undone.map((sentence) => `- ${sentence}`),
        'The cluster is as it was.',
      ]);
    case 'interrupted':
      return lines([
        'Interrupted; nothing was undone.',
        `Go on: ${name} network apply --resume. Take it back: ${name} network remove.`,
      ]);
    default:
      return lines([
        `Failed, and could not be taken back whole${why}`,
        ...undone.map((sentence) => `- undone: ${sentence}`),
        ...left.map((sentence) => `- left: ${sentence}`),
        `Once what is in the way is gone: ${name} network remove.`,
      ]);
  }
}

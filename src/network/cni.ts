import type { Evidence, Finding } from '../model/finding.ts';
import { at, subjectOf } from '../model/finding.ts';
import type { NetworkAttachmentDefinition } from '../model/objects.ts';
import { type AddressRange, contains, parseAddress, parseCidr, parseCidrOrAddress, rangeOf } from './addresses.ts';
import { finding } from './finding.ts';

type Fields = Record<string, unknown>;

/** A NetworkAttachmentDefinition's CNI configuration, as far as it can be read. */
export interface CniConfig {
  /** What is wrong with the JSON itself, in JSON.parse's words; then nothing else is known. */
  broken?: string;
  /** The plugin that makes the interface; of a list of plugins, the first. */
  plugin: Fields;
  /** The plugin's `ipam`; undefined if there is none. */
  ipam: Fields | undefined;
}

/** Reads the configuration of a NetworkAttachmentDefinition; what does not fit is left for the linter (lint.ts). */
export function readCni({ spec }: Pick<NetworkAttachmentDefinition, 'spec'>): CniConfig {
  let json: unknown;
  try {
    json = JSON.parse(spec?.config ?? '');
  } catch (error) {
    return { broken: error instanceof Error ? error.message : String(error), plugin: {}, ipam: undefined };
  }
  if (!isFields(json)) return { broken: 'it is not a JSON object', plugin: {}, ipam: undefined };
  const { plugins, ...outer } = json;
  const [first] = Array.isArray(plugins) ? (plugins as unknown[]) : [];
  const plugin = isFields(first) ? { ...outer, ...first } : outer;
  return { plugin, ipam: isFields(plugin['ipam']) ? plugin['ipam'] : undefined };
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

/** The host's interface or bridge that a plugin stands on. */
export function hostInterfaceOf({ plugin }: CniConfig): string | undefined {
  return textOf(plugin['master']) ?? textOf(plugin['device']) ?? textOf(plugin['bridge']);
}

/** The ranges that whereabouts gives addresses of, by its own rules (v0.9 pkg/config); those it can't read are left out. */
export function rangesOf({ ipam }: CniConfig): AddressRange[] {
  if (ipam?.['type'] !== 'whereabouts') return [];
  const more = Array.isArray(ipam['ipRanges']) ? (ipam['ipRanges'] as unknown[]).filter(isFields) : [];
  const written = textOf(ipam['range']) === undefined ? more : [ipam, ...more];
  return written.flatMap((one) => {
    const range = whereaboutsRange(one);
    return range === undefined ? [] : [range];
  });
}

function whereaboutsRange(written: Fields): AddressRange | undefined {
  const text = textOf(written['range']) ?? '';
  const exclude = Array.isArray(written['exclude']) ? (written['exclude'] as unknown[]) : [];
  const out = exclude.flatMap((one) => (typeof one === 'string' ? (parseCidrOrAddress(one) ?? []) : []));
  // `192.168.2.225-192.168.2.230/28` is a network with a first and a last address.
  const dash = text.indexOf('-');
  const cidr = parseCidr(text.slice(dash + 1));
  if (cidr === undefined) return undefined;
  const whole = rangeOf(cidr, out);
  const start = dash > 0 ? text.slice(0, dash) : textOf(written['range_start']);
  const end = dash > 0 ? text.slice(dash + 1).split('/')[0] : textOf(written['range_end']);
  const within = (value: string | undefined, otherwise: bigint): bigint => {
    const address = parseAddress(value ?? '');
    // A start or end outside of the network is ignored.
    return address !== undefined && contains(cidr, address) ? address.value : otherwise;
  };
  return { ...whole, first: within(start, whole.first), last: within(end, whole.last) };
}

/** A value inside the JSON of `.spec.config`. */
export function inConfig(attachment: NetworkAttachmentDefinition, path: string, value: unknown): Evidence {
  return at(attachment, `.spec.config | ${path}`, value);
}

/** Collects findings about one attachment, each with a value inside its config as evidence. */
export function collector(attachment: NetworkAttachmentDefinition): {
  findings: Finding[];
  say: (
    check: string,
    severity: Finding['severity'],
    message: string,
    remedy: string,
    path: string,
    value: unknown,
  ) => void;
} {
  const findings: Finding[] = [];
  return {
    findings,
    say: (check, severity, message, remedy, path, value) =>
      void findings.push(
        finding(check, severity, subjectOf(attachment), message, remedy, inConfig(attachment, path, value)),
      ),
  };
}

import { type CniConfig, type Fields, isFields, textOf } from '../model/cni.ts';
import type { Evidence, Finding } from '../model/finding.ts';
import { at, subjectOf } from '../model/finding.ts';
import type { NetworkAttachmentDefinition } from '../model/objects.ts';
import { type AddressRange, contains, parseAddress, parseCidr, parseCidrOrAddress, rangeOf } from './addresses.ts';
import { finding } from './finding.ts';

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

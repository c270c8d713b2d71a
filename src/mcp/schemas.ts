import { z } from 'zod';
import type { Finding } from '../model/finding.ts';
import { formatBytes } from '../model/quantity.ts';
import { fit } from './budget.ts';

/** A name of Kubernetes: nothing that would leave its segment of a path. */
export const NAME = /^[A-Za-z0-9]([-A-Za-z0-9_.:]*[A-Za-z0-9])?$/;

export const objectName = () => z.string().max(253).regex(NAME, 'must be the name of a Kubernetes object');

export const namespace = () => objectName().describe('Default: all namespaces.').optional();

export const labelSelector = () =>
  z.string().max(1000).describe('Kubernetes label selector, e.g. app=web,tier!=db.').optional();

export const paging = (limit: number, most: number) => ({
  limit: z.int().min(1).max(most).default(limit).describe('Most items of this page.'),
  offset: z.int().min(0).max(1_000_000).default(0).describe('Where the page begins; "next" of the page before.'),
});

/** Beside the items of a page. */
export const pageInfo = {
  total: z.int(),
  next: z.int().optional().describe('Offset of the next page; absent on the last.'),
};

const subject = z.object({ kind: z.string(), namespace: z.string().optional(), name: z.string() });

export const evidence = z.object({ field: z.string() }).describe('object, field, value');

export const finding = z.object({
  check: z.string(),
  severity: z.enum(['blocker', 'warning', 'info']),
  message: z.string(),
  remedy: z.string(),
  evidence: z.array(evidence).optional(),
});

export const subjectSchema = subject;

/** More pieces of evidence than these prove nothing more. */
const EVIDENCE = 5;

/** A finding as tools tell it, with its evidence or without. */
export function findingOf(each: Finding, withEvidence: boolean): z.infer<typeof finding> {
  const { check, severity, message, remedy } = each;
  return {
    check,
    severity,
    message,
    remedy,
    ...(withEvidence && { evidence: each.evidence.slice(0, EVIDENCE).map(proof) }),
  };
}

/** Of evidence, the value as it stands in the object, unless it is long; one that is not set is null. */
export function proof<T extends { value: unknown }>(each: T): T {
  return { ...each, value: fit(each.value ?? null, 600) };
}

/** `next page: offset 20 of 95`. */
export function pageText({ total, next }: { total: number; next?: number | undefined }): string[] {
  return next === undefined ? [] : [`There are ${total}; the next page: offset ${next}.`];
}

export function bytesText(bytes: number | undefined): string {
  return bytes === undefined ? '?' : formatBytes(bytes);
}

/** `blocker`: the VM cannot do this; `warning`: it can, but something is likely to go wrong or to wait; `info`: worth knowing. */
export type Severity = 'blocker' | 'warning' | 'info';

/** What a finding or a move is about. */
export interface Subject {
  kind: string;
  namespace?: string;
  name: string;
}

/** One observed fact: which field of which object had which value. */
export interface Evidence {
  object: Subject;
  /** JSONPath-like, as kubectl explains it: `.spec.accessModes`. */
  field: string;
  value: unknown;
}

/** Evidence: a field of an object (or of what a subject names) and its value. */
export function at(
  object: { kind: string; metadata: { name: string; namespace?: string } } | Subject,
  field: string,
  value: unknown,
): Evidence {
  if (!('metadata' in object)) return { object, field, value: value ?? null };
  return { object: subjectOf(object), field, value: value ?? null };
}

/** An object as findings name it. */
export function subjectOf({
  kind,
  metadata,
}: {
  kind: string;
  metadata: { name: string; namespace?: string };
}): Subject {
  const { name, namespace } = metadata;
  return { kind, ...(namespace !== undefined && { namespace }), name };
}

/** What a check says. */
export interface Finding {
  /** The check's id, e.g. `storage/shared-volumes`. */
  check: string;
  severity: Severity;
  subject: Subject;
  /** One sentence: what is the case. */
  message: string;
  /** The same in a few words, for a table; absent where the message is short. */
  summary?: string;
  evidence: Evidence[];
  /** One or two sentences: what to do about it. */
  remedy: string;
  /** Of a blocker: whether the VM can still be moved by a restart (`cold`) or not at all (`nothing`). */
  allows?: 'cold' | 'nothing';
}

/** `live`: can live-migrate; `cold`: only by a restart; `blocked`: neither. */
export type Verdict = 'live' | 'cold' | 'blocked';

/** The verdict that follows from a VM's findings. */
export function verdictOf(findings: Finding[]): Verdict {
  const blockers = findings.filter((finding) => finding.severity === 'blocker');
  if (blockers.length === 0) return 'live';
  return blockers.every((finding) => finding.allows === 'cold') ? 'cold' : 'blocked';
}

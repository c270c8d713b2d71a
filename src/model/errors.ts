/** Exit codes of the command line (design.md, Faces). */
export const exit = {
  ok: 0,
  findings: 1,
  usage: 2,
  partial: 3,
  failedSafe: 4,
  failedAttention: 5,
  timeout: 6,
  forbidden: 7,
  refused: 8,
  interrupted: 130,
} as const;

export type ExitCode = (typeof exit)[keyof typeof exit];

/** Every error Ferry can end with: its stable code and the exit code it has. Add a line here, then throw it. */
export const errorCatalogue = {
  FERRY_E_USAGE: exit.usage,
  FERRY_E_NO_KUBECONFIG: exit.usage,
  FERRY_E_BAD_KUBECONFIG: exit.usage,
  FERRY_E_UNREACHABLE: exit.failedSafe,
  FERRY_E_TLS: exit.failedSafe,
  FERRY_E_UNAUTHORIZED: exit.forbidden,
  FERRY_E_FORBIDDEN: exit.forbidden,
  FERRY_E_API: exit.failedSafe,
  FERRY_E_TIMEOUT: exit.timeout,
  FERRY_E_NOT_FOUND: exit.usage,
  FERRY_E_AMBIGUOUS: exit.usage,
  FERRY_E_BAD_SNAPSHOT: exit.usage,
  FERRY_E_NO_KUBEVIRT: exit.usage,
  FERRY_E_REFUSED: exit.refused,
  FERRY_E_UNCONFIRMED: exit.refused,
  // What was confirmed is not what would be done now.
  FERRY_E_STALE: exit.refused,
  FERRY_E_LAB_RUNNING: exit.refused,
  FERRY_E_LAB_NOT_RUNNING: exit.usage,
  FERRY_E_LAB_PORT: exit.failedSafe,
  FERRY_E_LAB_START: exit.failedSafe,
  FERRY_E_FILE: exit.usage,
  // A change was made, and something undid it.
  FERRY_E_PUT_BACK: exit.failedAttention,
  FERRY_E_INTERRUPTED: exit.interrupted,
  // A bug: nobody knows what it left undone.
  FERRY_E_INTERNAL: exit.failedAttention,
} as const satisfies Record<string, ExitCode>;

export type ErrorCode = keyof typeof errorCatalogue;

/** An error that a face shows as one sentence of what happened and one of what to do; never a stack trace. */
export class FerryError extends Error {
  readonly code: ErrorCode;
  readonly hint: string;

  constructor(code: ErrorCode, message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'FerryError';
    this.code = code;
    this.hint = hint;
  }

  get exitCode(): ExitCode {
    return errorCatalogue[this.code];
  }
}

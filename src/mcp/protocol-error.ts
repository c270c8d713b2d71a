import { ProtocolError, ProtocolErrorCode, ResourceNotFoundError } from '@modelcontextprotocol/server';
import { explain } from '../cluster/explain.ts';
import type { ErrorCode } from '../model/errors.ts';
import { cleanText } from './clean.ts';

/** What the caller can mend by asking otherwise. */
const ASKED_WRONGLY = new Set<ErrorCode>([
  'FERRY_E_USAGE',
  'FERRY_E_AMBIGUOUS',
  'FERRY_E_REFUSED',
  'FERRY_E_NOT_FOUND',
]);

/** An error as a request other than a tool's call ends with it: in Ferry's words, with the code, and what to do as `data`. */
export function protocolError(error: unknown, uri?: string): { code: ErrorCode; error: ProtocolError } {
  const { code, message, hint } = explain(error);
  const text = cleanText(`${message} (${code})${hint === '' ? '' : `\n${hint}`}`);
  if (code === 'FERRY_E_NOT_FOUND' && uri !== undefined) return { code, error: new ResourceNotFoundError(uri, text) };
  const number = ASKED_WRONGLY.has(code) ? ProtocolErrorCode.InvalidParams : ProtocolErrorCode.InternalError;
  return { code, error: new ProtocolError(number, text, { code }) };
}

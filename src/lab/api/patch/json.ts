import { applyPatch, type Operation } from 'rfc6902';
import { ApiError, badRequest, unprocessable } from '../status.ts';

/** RFC 6902. As recorded: any operation that fails, tests included, is a 422 that does not say why. */
export function jsonPatch<T>(value: T, patch: unknown): T {
  if (!Array.isArray(patch)) {
    throw badRequest('error decoding patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch');
  }
  if (patch.length > 10_000) {
    throw new ApiError(413, `The allowed maximum operations in a JSON patch is 10000, got ${patch.length}`, {
      reason: 'RequestEntityTooLarge',
    });
  }
  const result = structuredClone(value);
  for (const operation of patch as Operation[]) {
    // Go's jsonpatch refuses to remove or replace what is not there; so does this library.
    const [failure] = applyPatch(result, [operation]);
    if (failure !== null && failure !== undefined) throw unprocessable();
  }
  return result;
}

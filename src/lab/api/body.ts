import { parse } from 'yaml';
import type { KubeObject } from '../../model/objects.ts';
import { apiVersion, type Kind, schemaOf } from './kinds/kind.ts';
import { decodeProtobuf, UnknownProtobuf } from './protobuf.ts';
import type { ApiRequest } from './request.ts';
import { isObject, prune } from './schema/structural.ts';
import { badRequest, unsupportedMediaType } from './status.ts';

const PROTOBUF = 'application/vnd.kubernetes.protobuf';

/** The media type of the body, without parameters. */
export function contentType(request: ApiRequest): string {
  return (request.headers['content-type'] ?? 'application/json').split(';')[0]?.trim() ?? '';
}

/** The body as a value: JSON, or YAML where that is allowed. Throws 400 with Go's text. */
export function decode(request: ApiRequest, kind: string): unknown {
  const type = contentType(request);
  if (type === PROTOBUF) return fromProtobuf(request.body);
  const text = request.body.toString();
  if (type.endsWith('yaml')) {
    try {
      return parse(text) as unknown;
    } catch (error) {
      throw badRequest(
        `error decoding YAML: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)}`,
      );
    }
  }
  if (!type.endsWith('json') && type !== '*/*') {
    throw unsupportedMediaType(['application/json', 'application/yaml']);
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const why = `couldn't get version/kind; json parse error: ${goJsonError(text, error)}`;
    throw badRequest(`the object provided is unrecognized (must be of type ${kind}): ${why} (${text.slice(0, 32)})`);
  }
}

function fromProtobuf(body: Buffer): unknown {
  try {
    return decodeProtobuf(body);
  } catch (error) {
    if (error instanceof UnknownProtobuf) throw unsupportedMediaType(['application/json', 'application/yaml']);
    throw badRequest(
      `the body of the request could not be decoded: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/** What Go's encoding/json says about the same text, as closely as the position allows. */
function goJsonError(text: string, error: unknown): string {
  const message = error instanceof Error ? error.message : '';
  const position = /position (\d+)/.exec(message)?.[1];
  const bad = position === undefined ? undefined : text[Number(position)];
  if (bad === undefined) return 'unexpected end of JSON input';
  if (/property name/i.test(message)) return `invalid character '${bad}' looking for beginning of object key string`;
  if (/after property value/i.test(message)) return `invalid character '${bad}' after object key:value pair`;
  if (/after array element/i.test(message)) return `invalid character '${bad}' after array element`;
  if (/after JSON/i.test(message)) return `invalid character '${bad}' after top-level value`;
  return `invalid character '${bad}' looking for beginning of value`;
}

/** The body as an object of `kind` in `version`: its type is checked, the name is not. */
export function decodeObject(request: ApiRequest, kind: Kind, version: string): KubeObject {
  const value = decode(request, kind.kind);
  if (!isObject(value))
    throw badRequest(`the object provided is unrecognized (must be of type ${kind.kind}): ${goType(value)}`);
  return typed(value, kind, version);
}

/** Checks apiVersion and kind, which built-in kinds may leave out. */
export function typed(value: Record<string, unknown>, kind: Kind, version: string): KubeObject {
  const wanted = apiVersion(kind.group, version);
  const { apiVersion: given } = value;
  if (kind.custom && value['kind'] === undefined) {
    throw badRequest(
      `the object provided is unrecognized (must be of type ${kind.kind}): Object 'Kind' is missing in '${JSON.stringify(value)}'`,
    );
  }
  if (given !== undefined && given !== wanted) {
    throw badRequest(
      `the API version in the data (${typeof given === 'string' ? given : JSON.stringify(given)}) does not match the expected API version (${wanted})`,
    );
  }
  const other = value['kind'] === kind.kind ? undefined : value['kind'];
  if (other !== undefined) {
    const name = typeof other === 'string' ? other : JSON.stringify(other);
    throw badRequest(
      `${name} in version "${version}" cannot be handled as a ${kind.kind}: no kind "${name}" is registered for version "${wanted}"`,
    );
  }
  const { apiVersion: _version, kind: _kind, metadata, ...rest } = value;
  const meta = isObject(metadata) ? metadata : {};
  return { apiVersion: wanted, kind: kind.kind, metadata: meta as unknown as KubeObject['metadata'], ...rest };
}

/** Drops unknown fields; with fieldValidation=Strict that is a 400, with Warn a warning each. */
export function withoutUnknown(
  object: KubeObject,
  kind: Kind,
  version: string,
  query: URLSearchParams,
): { object: KubeObject; warnings: string[] } {
  const unknown: string[] = [];
  const pruned = prune(object, schemaOf(kind, version), unknown);
  const said = unknown.map((path) => `unknown field ${JSON.stringify(path)}`);
  if (said.length > 0 && query.get('fieldValidation') === 'Strict') {
    throw badRequest(
      `${kind.kind} in version "${version}" cannot be handled as a ${kind.kind}: strict decoding error: ${said.join(', ')}`,
    );
  }
  return { object: pruned, warnings: query.get('fieldValidation') === 'Ignore' ? [] : said };
}

function goType(value: unknown): string {
  const of = Array.isArray(value) ? 'array' : typeof value;
  return `couldn't get version/kind; json parse error: json: cannot unmarshal ${of} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`;
}

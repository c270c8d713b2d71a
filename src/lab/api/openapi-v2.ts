import type { Api } from './api.ts';
import { apiVersion } from './kinds/kind.ts';
import { acceptOf } from './negotiation.ts';
import type { ApiRequest, ApiResponse } from './request.ts';

// OpenAPI v2, as much as kubectl needs of it: every kubectl asks it whether the server knows fieldValidation when it
// applies a List, those up to 1.28 for everything they create. They want the protobuf form (gnostic's
// openapiv2/OpenAPIv2.proto, whose field numbers these are).

const PROTOBUF = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';

const PARAMETER = { name: 'fieldValidation', in: 'query', type: 'string' };

interface Patchable {
  path: string;
  gvk: { group: string; version: string; kind: string };
}

function patchable(api: Api): Patchable[] {
  return api.kinds.all.flatMap(({ group, versions, kind, namespaced, plural }) =>
    versions.map((version) => ({
      path: `${group === '' ? '/api' : '/apis'}/${apiVersion(group, version)}/${namespaced ? 'namespaces/{namespace}/' : ''}${plural}/{name}`,
      gvk: { group, version, kind },
    })),
  );
}

/** GET /openapi/v2, in protobuf to those who ask for it. */
export function openapiV2(api: Api, request: ApiRequest): ApiResponse {
  const paths = patchable(api);
  const wantsProtobuf = acceptOf(request.headers.accept).some(({ type }) => type.includes('proto-openapi.spec.v2'));
  if (wantsProtobuf) {
    const bytes = documentBytes(api.kubernetes, paths);
    return {
      status: 200,
      headers: { 'content-type': PROTOBUF },
      stream: (out) => {
        out.write(bytes);
        out.end();
      },
    };
  }
  const patch = ({ gvk }: Patchable): object => ({
    parameters: [PARAMETER],
    responses: { 200: { description: 'OK' } },
    'x-kubernetes-group-version-kind': gvk,
  });
  return {
    status: 200,
    body: {
      swagger: '2.0',
      info: { title: 'Kubernetes', version: api.kubernetes },
      paths: Object.fromEntries(paths.map((each) => [each.path, { patch: patch(each) }])),
    },
  };
}

/** A length-delimited field: text, bytes or messages. */
function field(number: number, ...parts: (string | Buffer)[]): Buffer {
  const content = Buffer.concat(parts.map((part) => Buffer.from(part)));
  return Buffer.concat([varint((number << 3) | 2), varint(content.length), content]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest >>>= 7) bytes.push((rest & 127) | 128);
  return Buffer.from([...bytes, rest]);
}

function documentBytes(version: string, paths: Patchable[]): Buffer {
  // Parameter > NonBodyParameter > QueryParameterSubSchema { in, name, type }
  const query = field(3, field(2, PARAMETER.in), field(4, PARAMETER.name), field(6, PARAMETER.type));
  const parameters = field(8, field(1, field(2, query)));
  const items = paths.map(({ path, gvk }) => {
    const extension = field(13, field(1, 'x-kubernetes-group-version-kind'), field(2, field(2, JSON.stringify(gvk))));
    return field(2, field(1, path), field(2, field(7, parameters, extension)));
  });
  return Buffer.concat([field(1, '2.0'), field(2, field(1, 'Kubernetes'), field(2, version)), field(8, ...items)]);
}

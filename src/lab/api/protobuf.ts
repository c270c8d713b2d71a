// Just enough of protobuf for the access reviews that kubectl and client-go send as `application/vnd.kubernetes.protobuf`:
// the `k8s\0` envelope (runtime.Unknown: typeMeta = 1 {apiVersion = 1, kind = 2}, raw = 2) around one message.

/** Fields of a message by number: length-delimited ones as bytes, others as numbers. */
type Message = Map<number, (Buffer | number)[]>;

/** A message as JSON: which field is which, strings unless a nested shape is given. */
interface Shape {
  [field: number]: string | [string, Shape] | { list: string };
}

const resourceAttributes: Shape = {
  1: 'namespace',
  2: 'verb',
  3: 'group',
  4: 'version',
  5: 'resource',
  6: 'subresource',
  7: 'name',
};
const nonResourceAttributes: Shape = { 1: 'path', 2: 'verb' };

/** k8s.io/api/authorization/v1/generated.proto: the spec is field 2 of each review. */
const shapes: Record<string, Shape> = {
  SelfSubjectAccessReview: {
    2: ['spec', { 1: ['resourceAttributes', resourceAttributes], 2: ['nonResourceAttributes', nonResourceAttributes] }],
  },
  SubjectAccessReview: {
    2: [
      'spec',
      {
        1: ['resourceAttributes', resourceAttributes],
        2: ['nonResourceAttributes', nonResourceAttributes],
        3: 'user',
        4: { list: 'groups' },
      },
    ],
  },
  SelfSubjectRulesReview: { 2: ['spec', { 1: 'namespace' }] },
  SelfSubjectReview: {},
};

/** The object in a protobuf body, as it would be in JSON. Throws on kinds other than reviews, and on malformed bytes. */
export function decodeProtobuf(bytes: Buffer): Record<string, unknown> {
  if (bytes.subarray(0, 4).toString('latin1') !== 'k8s\u0000') throw new Error('no k8s envelope');
  const envelope = read(bytes.subarray(4));
  const [type] = envelope.get(1) ?? [];
  const [raw = Buffer.alloc(0)] = envelope.get(2) ?? [];
  if (!Buffer.isBuffer(type) || !Buffer.isBuffer(raw)) throw new Error('malformed envelope');
  const { apiVersion, kind } = json(read(type), { 1: 'apiVersion', 2: 'kind' });
  const shape = shapes[String(kind)];
  if (shape === undefined) throw new Error(`kind ${String(kind)} is not understood as protobuf`);
  return { apiVersion, kind, ...json(read(raw), shape) };
}

function json(message: Message, shape: Shape): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [number, name] of Object.entries(shape)) {
    const values = (message.get(Number(number)) ?? []).filter((value) => Buffer.isBuffer(value));
    const [first] = values;
    if (first === undefined) continue;
    if (typeof name === 'string') {
      if (first.length > 0) result[name] = first.toString();
    } else if (Array.isArray(name)) result[name[0]] = json(read(first), name[1]);
    else result[name.list] = values.map((value) => value.toString());
  }
  return result;
}

function read(bytes: Buffer): Message {
  const message: Message = new Map();
  let offset = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[offset++];
      if (byte === undefined || shift > 63) throw new Error('truncated protobuf');
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  const take = (length: number): Buffer => {
    if (offset + length > bytes.length) throw new Error('truncated protobuf');
    const part = bytes.subarray(offset, offset + length);
    offset += length;
    return part;
  };
  while (offset < bytes.length) {
    const tag = varint();
    const wire = tag & 7;
    let value: Buffer | number;
    if (wire === 0) value = varint();
    else if (wire === 1) value = take(8);
    else if (wire === 2) value = take(varint());
    else if (wire === 5) value = take(4);
    else throw new Error(`protobuf wire type ${wire}`);
    const field = Math.floor(tag / 8);
    message.set(field, [...(message.get(field) ?? []), value]);
  }
  return message;
}

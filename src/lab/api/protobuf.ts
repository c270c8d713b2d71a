// Protobuf as kubectl and client-go send it for built-in kinds (`application/vnd.kubernetes.protobuf`): the `k8s\0`
// envelope (runtime.Unknown: typeMeta = 1 {apiVersion = 1, kind = 2}, raw = 2) around one message. Bodies of the kinds
// in protobuf-shapes.ts are understood; answers are always JSON, which those clients accept.

import { type Shape, shapes, type Type } from './protobuf-shapes.ts';

/** Fields of a message by number: length-delimited ones as bytes, others as numbers. */
type Message = Map<number, (Buffer | number)[]>;

/** The kind is not one that is understood as protobuf. */
export class UnknownProtobuf extends Error {}

/** The object in a protobuf body, as it would be in JSON. Throws UnknownProtobuf, or an Error on malformed bytes. */
export function decodeProtobuf(bytes: Buffer): Record<string, unknown> {
  if (bytes.subarray(0, 4).toString('latin1') !== 'k8s\u0000') throw new Error('no k8s envelope');
  const envelope = read(bytes.subarray(4));
  const [type] = envelope.get(1) ?? [];
  const [raw = Buffer.alloc(0)] = envelope.get(2) ?? [];
  if (!Buffer.isBuffer(type) || !Buffer.isBuffer(raw)) throw new Error('malformed envelope');
  const { apiVersion, kind } = message(read(type), { 1: ['apiVersion', 'string'], 2: ['kind', 'string'] });
  const shape = typeof kind === 'string' ? shapes[kind] : undefined;
  if (shape === undefined) throw new UnknownProtobuf(String(kind));
  return { apiVersion, kind, ...message(read(raw), shape) };
}

function message(fields: Message, shape: Shape): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [number, [name, type]] of Object.entries(shape)) {
    const values = fields.get(Number(number));
    if (values === undefined) continue;
    const value = decode(values, type);
    if (value !== undefined) result[name] = value;
  }
  return result;
}

function decode(values: (Buffer | number)[], type: Type): unknown {
  if (typeof type === 'object' && 'list' in type) return values.map((value) => single(value, type.list));
  if (typeof type === 'object' && 'map' in type) {
    const entries = values.map((value) =>
      message(read(bytesOf(value)), { 1: ['key', 'string'], 2: ['value', type.map] }),
    );
    return Object.fromEntries(entries.map(({ key = '', value = '' }) => [key, value]));
  }
  const last = values.at(-1);
  if (last === undefined) return undefined;
  const value = single(last, type);
  // Go writes empty strings, which JSON would leave out.
  return value === '' ? undefined : value;
}

function single(value: Buffer | number, type: Type): unknown {
  if (typeof type === 'object') return 'fields' in type ? message(read(bytesOf(value)), type.fields) : undefined;
  switch (type) {
    case 'integer':
      return typeof value === 'number' ? value : undefined;
    case 'boolean':
      return value !== 0;
    case 'bytes':
      return bytesOf(value).toString('base64');
    case 'quantity':
      return message(read(bytesOf(value)), { 1: ['text', 'string'] })['text'] ?? '0';
    case 'intOrString': {
      const {
        kind,
        integer = 0,
        text = '',
      } = message(read(bytesOf(value)), {
        1: ['kind', 'integer'],
        2: ['integer', 'integer'],
        3: ['text', 'string'],
      });
      return kind === 1 ? text : integer;
    }
    case 'time': {
      const { at } = message(read(bytesOf(value)), { 1: ['at', 'integer'] });
      return typeof at === 'number' ? new Date(at * 1000).toISOString().replace('.000Z', 'Z') : undefined;
    }
    default:
      return bytesOf(value).toString();
  }
}

function bytesOf(value: Buffer | number): Buffer {
  if (typeof value === 'number') throw new Error('malformed protobuf');
  return value;
}

function read(bytes: Buffer): Message {
  const fields: Message = new Map();
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
    fields.set(field, [...(fields.get(field) ?? []), value]);
  }
  return fields;
}

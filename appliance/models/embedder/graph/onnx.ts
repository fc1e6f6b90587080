import { MessageWriter } from './protobuf.ts';
import type { StoredTensor } from './safetensors.ts';

/** What an input or output is: float32 or int64, and its axes by number or by name. */
export interface Port {
  type: 'float' | 'int64';
  axes: readonly (number | string)[];
}

type Attribute = number | readonly number[] | { float: number };

/** Numbers of the ONNX format (onnx.proto). */
const TYPE = { float: 1, int64: 7 } as const;
const ATTRIBUTE = { float: 1, int: 2, ints: 7 } as const;
const EXTERNAL = 1;
const IR_VERSION = 8;
const OPSET = 17;

/**
 * Builds an ONNX graph whose large tensors stay where they are, in the weights file beside it: the graph names file,
 * offset and length. So the weights lie on the disk once, and the runtime maps them. Names are given by the caller or
 * counted, so equal calls make equal bytes.
 */
export class GraphBuilder {
  readonly #nodes: Uint8Array[] = [];
  readonly #tensors: Uint8Array[] = [];
  readonly #inputs: Uint8Array[] = [];
  readonly #outputs: Uint8Array[] = [];
  readonly #constants = new Map<string, string>();
  readonly #location: string;

  /** `location`: name of the weights file, in the folder of the graph. */
  constructor(location: string) {
    this.#location = location;
  }

  input(name: string, port: Port): string {
    this.#inputs.push(valueInfo(name, port));
    return name;
  }

  output(name: string, port: Port): void {
    this.#outputs.push(valueInfo(name, port));
  }

  /** A tensor of the weights file. */
  weight(name: string, { shape, offset, length }: StoredTensor): string {
    const tensor = new MessageWriter().ints(1, shape).int(2, TYPE.float).text(8, name);
    for (const [key, value] of [
      ['location', this.#location],
      ['offset', String(offset)],
      ['length', String(length)],
    ] as const) {
      tensor.message(13, new MessageWriter().text(1, key).text(2, value));
    }
    this.#tensors.push(tensor.int(14, EXTERNAL).done());
    return name;
  }

  /** Numbers that stand in the graph itself; equal ones once. Without `shape` it is a single number. */
  constant(type: Port['type'], values: readonly number[], shape: readonly number[] = []): string {
    const key = JSON.stringify([type, values, shape]);
    const known = this.#constants.get(key);
    if (known !== undefined) return known;
    const name = `constant_${this.#constants.size}`;
    this.#constants.set(key, name);
    this.#tensors.push(
      new MessageWriter().ints(1, shape).int(2, TYPE[type]).text(8, name).bytes(9, littleEndian(type, values)).done(),
    );
    return name;
  }

  /** A step of one output, which is returned; `name` is its own and its output's. */
  node(
    operator: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
    name = `${operator}_${this.#nodes.length}`,
  ): string {
    const node = new MessageWriter();
    for (const input of inputs) node.text(1, input);
    node.text(2, name).text(3, name).text(4, operator);
    for (const [key, value] of Object.entries(attributes)) node.message(5, attribute(key, value));
    this.#nodes.push(node.done());
    return name;
  }

  /** The whole file. */
  done(name: string): Uint8Array {
    const graph = new MessageWriter();
    for (const node of this.#nodes) graph.bytes(1, node);
    graph.text(2, name);
    for (const tensor of this.#tensors) graph.bytes(5, tensor);
    for (const input of this.#inputs) graph.bytes(11, input);
    for (const output of this.#outputs) graph.bytes(12, output);
    return new MessageWriter()
      .int(1, IR_VERSION)
      .text(2, 'frostbyte')
      .message(7, graph)
      .message(8, new MessageWriter().text(1, '').int(2, OPSET))
      .done();
  }
}

function attribute(name: string, value: Attribute): MessageWriter {
  const written = new MessageWriter().text(1, name);
  if (typeof value === 'number') return written.int(3, value).int(20, ATTRIBUTE.int);
  if ('float' in value) return written.float(2, value.float).int(20, ATTRIBUTE.float);
  for (const one of value) written.int(8, one);
  return written.int(20, ATTRIBUTE.ints);
}

function valueInfo(name: string, { type, axes }: Port): Uint8Array {
  const shape = new MessageWriter();
  for (const axis of axes) {
    const dimension = new MessageWriter();
    shape.message(1, typeof axis === 'number' ? dimension.int(1, axis) : dimension.text(2, axis));
  }
  const tensor = new MessageWriter().int(1, TYPE[type]).message(2, shape);
  return new MessageWriter().text(1, name).message(2, new MessageWriter().message(1, tensor)).done();
}

function littleEndian(type: Port['type'], values: readonly number[]): Uint8Array {
  const size = type === 'float' ? 4 : 8;
  const bytes = Buffer.alloc(values.length * size);
  for (const [i, value] of values.entries()) {
    if (type === 'float') bytes.writeFloatLE(value, i * size);
    else bytes.writeBigInt64LE(BigInt(value), i * size);
  }
  return bytes;
}

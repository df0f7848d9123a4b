// One binary message of the live channel, unpacked without copying.
// [u32 little-endian header_bytes][JSON header, space padded][arrays, each padded to 8 bytes]

const VIEWS = { u8: Uint8Array, f32: Float32Array, i32: Int32Array };
const TEXT = new TextDecoder();

/**
 * Unpack one binary message.
 * Every array is a typed view into `buffer` (nothing is copied) with its shape as `.shape`.
 * @param {ArrayBuffer} buffer
 * @returns {{header: object, arrays: Object<string, (Uint8Array|Float32Array|Int32Array)
 *   & {shape: number[]}>}}
 * @throws {RangeError} when the message is shorter than its header says
 */
export function unpack(buffer) {
  const headerBytes = new DataView(buffer).getUint32(0, true);
  const header = JSON.parse(TEXT.decode(new Uint8Array(buffer, 4, headerBytes)));
  const start = 4 + headerBytes;
  const arrays = {};
  for (const [name, [dtype, shape, offset]] of Object.entries(header.arrays ?? {})) {
    const length = shape.reduce((product, size) => product * size, 1);
    const view = new VIEWS[dtype](buffer, start + offset, length);
    view.shape = shape;
    arrays[name] = view;
  }
  return { header, arrays };
}

/** Bytes of one picture in a stack (n, h, w) or (n, w): everything after the first axis. */
export const itemSize = (array) => array.shape.slice(1).reduce((a, b) => a * b, 1);

export { copyBytes, equalBytes, readInt32, utf8Bytes, utf8Text, writeInt32 } from './bytes.js';
export { adler32, crc32 } from './checksums.js';
export { MarshallingError } from './marshalling-error.js';
export type { RecordReaderOptions } from './record-reader.js';
export { DEFAULT_MAX_LENGTH_BYTES, RecordReader } from './record-reader.js';
export { RecordWriter } from './record-writer.js';

export { copyBytes, equalBytes, readInt32, utf8Bytes, utf8Text, writeInt32 } from './bytes.js';

import { RecordWriter, utf8Bytes, writeSetDataTxn, writeTxnHeader } from '@zk/jute';
import { OpCode, SYSTEM_PATHS, hex64 } from '@zk/model';

export const member = (id: number, role = 'participant'): string => `server.${id}=s${id}:2888:3888:${role}`;

/** The text of a configuration; `4o` is an observer. */
export function configText(members: string, version: bigint): string {
  const lines = members
    .split(' ')
    .map((text) => member(parseInt(text, 10), text.endsWith('o') ? 'observer' : undefined));
  return [...lines, `version=${hex64(version)}`].join('\n');
}

/** A transaction that makes those the members, with its zxid as the version. */
export function reconfigTxn(zxid: bigint, members: string): Uint8Array {
  const writer = new RecordWriter();
  writeTxnHeader(writer, { clientId: 1n, cxid: 1, zxid, time: 0n, type: OpCode.reconfig });
  writeSetDataTxn(writer, { path: SYSTEM_PATHS.config, data: utf8Bytes(configText(members, zxid)), version: -1 });
  return writer.bytes();
}

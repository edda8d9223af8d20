/**
 * The Stats of znodes, and what else only some znodes have: this file alone knows which of them have a Stat record (see
 * fields.ts). A znode gets one with its first change, its first child, or its owner, and keeps it until it is deleted.
 */
import { writeInt32 } from '@zk/jute';
import { Field, Flag, KIND_SHIFT, STAT_WORDS, Word, ZNODE_WORDS, ZnodeKind } from './fields.js';
import { CHUNK_MASK, CHUNK_SHIFT, RecordChunks } from './record-chunks.js';
import { ZnodeRecords } from './znode-records.js';

// Names of this module: the engine folds these constants, where an imported name is two loads each time.
const F = Field;
const W = Word;
const FLAG = Flag;
const KIND = ZnodeKind;

const TTL_HI_MASK = 0xff;
const TWO_POW_32 = 0x1_0000_0000;

export class ZnodeStats extends ZnodeRecords {
  /** @internal */
  readonly stats = new RecordChunks(STAT_WORDS);
  private readonly statChunks = this.stats.chunks;

  version(id: number): number {
    return this.changedField(id, F.version);
  }

  /** As stored: children ever created. */
  cversion(id: number): number {
    return this.changedField(id, F.cversion);
  }

  aversion(id: number): number {
    return this.changedField(id, F.aversion);
  }

  /** The ephemeralOwner as stored. */
  ownerHi(id: number): number {
    return this.changedField(id, F.ownerHi);
  }

  ownerLo(id: number): number {
    return this.changedField(id, F.ownerLo);
  }

  mtimeMs(id: number): number {
    return this.fieldOr(id, F.mtimeHi, W.ctimeHi) * TWO_POW_32 + (this.fieldOr(id, F.mtimeLo, W.ctimeLo) >>> 0);
  }

  mzxidHi(id: number): number {
    return this.fieldOr(id, F.mzxidHi, W.czxidHi);
  }

  mzxidLo(id: number): number {
    return this.fieldOr(id, F.mzxidLo, W.czxidLo);
  }

  pzxidHi(id: number): number {
    return this.fieldOr(id, F.pzxidHi, W.czxidHi);
  }

  pzxidLo(id: number): number {
    return this.fieldOr(id, F.pzxidLo, W.czxidLo);
  }

  /** Time to live of a TTL node. */
  ttlMs(id: number): number {
    return (this.ownerHi(id) & TTL_HI_MASK) * TWO_POW_32 + (this.ownerLo(id) >>> 0);
  }

  /** Copies the words of all {@link Field}s to the start of `out`. */
  copyFields(id: number, out: Int32Array): void {
    const chunk = this.chunks[id >>> CHUNK_SHIFT]!;
    const at = (id & CHUNK_MASK) * ZNODE_WORDS;
    if ((chunk[at + W.flagsAndName]! & FLAG.stat) === 0) fillNewStat(chunk, at, out, 0);
    else {
      const stat = chunk[at + W.stat]!;
      const words = this.statWords(stat);
      const from = this.statAt(stat);
      for (let i = 0; i < STAT_WORDS; i++) out[i] = words[from + i]!;
    }
    out[F.crcPathData] = chunk[at + W.crcPathData]!;
    out[F.crc] = chunk[at + W.crc]!;
  }

  /** Writes the 68 bytes of the Stat a client sees (spec: server semantics, section 8). */
  writeStat(id: number, out: Uint8Array, at: number): void {
    const chunk = this.chunks[id >>> CHUNK_SHIFT]!;
    const record = (id & CHUNK_MASK) * ZNODE_WORDS;
    if ((chunk[record + W.flagsAndName]! & FLAG.stat) === 0) {
      writeNewStat(chunk, record, out, at);
      return;
    }
    const stat = chunk[record + W.stat]!;
    writeChangedStat(chunk, record, this.statWords(stat), this.statAt(stat), out, at);
  }

  /** Writes the 60 bytes of the Stat as a snapshot has it (spec: disk format, section 4). */
  writePersistedStat(id: number, out: Uint8Array, at: number): void {
    const chunk = this.chunks[id >>> CHUNK_SHIFT]!;
    const record = (id & CHUNK_MASK) * ZNODE_WORDS;
    if ((chunk[record + W.flagsAndName]! & FLAG.stat) === 0) {
      writeNewTimes(chunk, record, out, at);
      for (let zero = at + 32; zero < at + 52; zero += 4) writeInt32(out, zero, 0);
      writeInt32(out, at + 52, chunk[record + W.czxidHi]!);
      writeInt32(out, at + 56, chunk[record + W.czxidLo]!);
      return;
    }
    const stat = chunk[record + W.stat]!;
    const words = this.statWords(stat);
    const from = this.statAt(stat);
    for (let i = 0; i < STAT_WORDS; i++) writeInt32(out, at + 4 * i, words[from + i]!);
  }

  /** The words of a Stat record begin at {@link statAt} in this chunk; valid until the next record is added. @internal */
  statWords(stat: number): Int32Array {
    return this.statChunks[stat >>> CHUNK_SHIFT]!;
  }

  /** @internal */
  statAt(stat: number): number {
    return (stat & CHUNK_MASK) * STAT_WORDS;
  }

  /** The Stat of a znode that has no Stat record and that nothing has happened to but its creation. */
  protected setCreated(id: number, czxidHi: number, czxidLo: number, ctimeHi: number, ctimeLo: number): void {
    const chunk = this.chunks[id >>> CHUNK_SHIFT]!;
    const at = (id & CHUNK_MASK) * ZNODE_WORDS;
    chunk[at + W.czxidHi] = czxidHi;
    chunk[at + W.czxidLo] = czxidLo;
    chunk[at + W.ctimeHi] = ctimeHi;
    chunk[at + W.ctimeLo] = ctimeLo;
  }

  /** Sets the {@link STAT_WORDS} at the start of `words` as the Stat; leaves the CRCs to the caller. */
  protected assignStat(id: number, words: Int32Array): void {
    if (isAsCreated(words) && !this.hasFlag(id, FLAG.stat)) {
      this.setCreated(id, words[F.czxidHi]!, words[F.czxidLo]!, words[F.ctimeHi]!, words[F.ctimeLo]!);
      return;
    }
    const stat = this.ensureStat(id);
    const to = this.statAt(stat);
    const target = this.statWords(stat);
    for (let i = 0; i < STAT_WORDS; i++) target[to + i] = words[i]!;
  }

  /** The Stat record of a znode, which from now on has one. References to chunks of Stat records are no longer valid. */
  protected ensureStat(id: number): number {
    const chunk = this.chunks[id >>> CHUNK_SHIFT]!;
    const at = (id & CHUNK_MASK) * ZNODE_WORDS;
    return (chunk[at + W.flagsAndName]! & FLAG.stat) === 0 ? this.addStat(chunk, at) : chunk[at + W.stat]!;
  }

  private addStat(chunk: Int32Array, at: number): number {
    const stat = this.stats.allocate();
    fillNewStat(chunk, at, this.statWords(stat), this.statAt(stat));
    chunk[at + W.stat] = stat;
    chunk[at + W.firstChild] = -1;
    chunk[at + W.childCount] = 0;
    chunk[at + W.descendants] = 0;
    chunk[at + W.flagsAndName]! |= FLAG.stat;
    return stat;
  }

  /** A field that is 0 without a Stat record. */
  private changedField(id: number, field: number): number {
    if (!this.hasFlag(id, FLAG.stat)) return 0;
    const stat = this.word(id, W.stat);
    return this.statWords(stat)[this.statAt(stat) + field]!;
  }

  /** A field that is this word of the short record without a Stat record. */
  private fieldOr(id: number, field: number, word: number): number {
    return this.hasFlag(id, FLAG.stat) ? this.changedField(id, field) : this.word(id, word);
  }
}

/** The Stat of a znode without a Stat record, as the words of one. */
function fillNewStat(chunk: Int32Array, record: number, out: Int32Array, at: number): void {
  out[at + F.czxidHi] = out[at + F.mzxidHi] = out[at + F.pzxidHi] = chunk[record + W.czxidHi]!;
  out[at + F.czxidLo] = out[at + F.mzxidLo] = out[at + F.pzxidLo] = chunk[record + W.czxidLo]!;
  out[at + F.ctimeHi] = out[at + F.mtimeHi] = chunk[record + W.ctimeHi]!;
  out[at + F.ctimeLo] = out[at + F.mtimeLo] = chunk[record + W.ctimeLo]!;
  out[at + F.version] = out[at + F.cversion] = out[at + F.aversion] = 0;
  out[at + F.ownerHi] = out[at + F.ownerLo] = 0;
}

/** czxid, mzxid, ctime and mtime of a znode without a Stat record. */
function writeNewTimes(chunk: Int32Array, record: number, out: Uint8Array, at: number): void {
  const zxidHi = chunk[record + W.czxidHi]!;
  const zxidLo = chunk[record + W.czxidLo]!;
  const timeHi = chunk[record + W.ctimeHi]!;
  const timeLo = chunk[record + W.ctimeLo]!;
  writeInt32(out, at, zxidHi);
  writeInt32(out, at + 4, zxidLo);
  writeInt32(out, at + 8, zxidHi);
  writeInt32(out, at + 12, zxidLo);
  writeInt32(out, at + 16, timeHi);
  writeInt32(out, at + 20, timeLo);
  writeInt32(out, at + 24, timeHi);
  writeInt32(out, at + 28, timeLo);
}

/** The Stat a client sees of a znode without a Stat record. */
function writeNewStat(chunk: Int32Array, record: number, out: Uint8Array, at: number): void {
  writeNewTimes(chunk, record, out, at);
  for (let zero = at + 32; zero < at + 52; zero += 4) writeInt32(out, zero, 0);
  const dataLength = chunk[record + W.dataLength]!;
  writeInt32(out, at + 52, dataLength < 0 ? 0 : dataLength);
  writeInt32(out, at + 56, 0);
  writeInt32(out, at + 60, chunk[record + W.czxidHi]!);
  writeInt32(out, at + 64, chunk[record + W.czxidLo]!);
}

/** The same with one. Written out: a loop with its tests inside takes half as long again. */
function writeChangedStat(
  chunk: Int32Array,
  record: number,
  words: Int32Array,
  from: number,
  out: Uint8Array,
  at: number,
): void {
  writeInt32(out, at, words[from + F.czxidHi]!);
  writeInt32(out, at + 4, words[from + F.czxidLo]!);
  writeInt32(out, at + 8, words[from + F.mzxidHi]!);
  writeInt32(out, at + 12, words[from + F.mzxidLo]!);
  writeInt32(out, at + 16, words[from + F.ctimeHi]!);
  writeInt32(out, at + 20, words[from + F.ctimeLo]!);
  writeInt32(out, at + 24, words[from + F.mtimeHi]!);
  writeInt32(out, at + 28, words[from + F.mtimeLo]!);
  writeInt32(out, at + 32, words[from + F.version]!);
  const childCount = chunk[record + W.childCount]!;
  writeInt32(out, at + 36, 2 * words[from + F.cversion]! - childCount);
  writeInt32(out, at + 40, words[from + F.aversion]!);
  const hidesOwner = (chunk[record + W.flagsAndName]! & FLAG.kindMask) >>> KIND_SHIFT >= KIND.container;
  writeInt32(out, at + 44, hidesOwner ? 0 : words[from + F.ownerHi]!);
  writeInt32(out, at + 48, hidesOwner ? 0 : words[from + F.ownerLo]!);
  const dataLength = chunk[record + W.dataLength]!;
  writeInt32(out, at + 52, dataLength < 0 ? 0 : dataLength);
  writeInt32(out, at + 56, childCount);
  writeInt32(out, at + 60, words[from + F.pzxidHi]!);
  writeInt32(out, at + 64, words[from + F.pzxidLo]!);
}

/** Whether a Stat is that of a znode right after its creation, without an owner. */
function isAsCreated(words: Int32Array): boolean {
  const zxidHi = words[F.czxidHi]!;
  const zxidLo = words[F.czxidLo]!;
  return (
    (words[F.version]! |
      words[F.cversion]! |
      words[F.aversion]! |
      words[F.ownerHi]! |
      words[F.ownerLo]! |
      (words[F.mzxidHi]! ^ zxidHi) |
      (words[F.mzxidLo]! ^ zxidLo) |
      (words[F.pzxidHi]! ^ zxidHi) |
      (words[F.pzxidLo]! ^ zxidLo) |
      (words[F.mtimeHi]! ^ words[F.ctimeHi]!) |
      (words[F.mtimeLo]! ^ words[F.ctimeLo]!)) ===
    0
  );
}

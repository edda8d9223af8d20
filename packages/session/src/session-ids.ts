/**
 * Session ids (spec: client protocol, section 3.5): the server's id in the top byte, 40 bits of start time in
 * milliseconds, 16 zero bits; from there the 64-bit value goes up by one per session. Ids of servers from 128 on are
 * therefore negative.
 */
export class SessionIdSource {
  private nextHi: number;
  private nextLo: number;

  /**
   * @param serverId its low 8 bits go into the ids; a standalone server is 1
   * @param startMs  its low 40 bits go into the ids. Take a clock that does not begin anew with the process: a repeated
   *   start time repeats ids, and with them passwords
   */
  constructor(serverId: number, startMs: number) {
    const time = Math.floor(startMs) % 2 ** 40;
    this.nextHi = ((serverId & 0xff) << 24) | Math.floor(time / 0x10000);
    this.nextLo = (time % 0x10000) << 16;
    this.skipReserved();
  }

  /** Words of the next id that {@link advance} has not passed. */
  get hi(): number {
    return this.nextHi;
  }

  get lo(): number {
    return this.nextLo;
  }

  advance(): void {
    this.nextLo = (this.nextLo + 1) | 0;
    if (this.nextLo === 0) this.nextHi = (this.nextHi + 1) | 0;
    this.skipReserved();
  }

  /** -2^63 marks containers among ephemeral owners; 0 asks for a new session. */
  private skipReserved(): void {
    if (this.nextLo === 0 && (this.nextHi === 0 || this.nextHi === -0x80000000)) this.nextLo = 1;
  }
}

import type { Zxid } from '@zk/model';
import type { ServerId } from '@zk/quorum';
import { LearnerLink, type SyncMode } from './learner-link.js';
import type { LinkId } from './messages.js';
import { packets } from './packets.js';
import type { PeerContext } from './peer-context.js';

/** A server that replaces its own connections so often within a minute is hardly one server. */
const TWIN_SIGNS = 3;
const TWIN_WINDOW_MS = 60_000;

/** The connections of those who learn from this peer, be it their leader or their observer master. */
export class LearnerLinks extends Map<LinkId, LearnerLink> {
  /** When the next ping is due: twice per tick. */
  pingAtMs: number;
  /** When servers replaced a connection of theirs that was still open, of late. */
  private readonly replacements = new Map<ServerId, number[]>();

  constructor(private readonly context: PeerContext) {
    super();
    this.pingAtMs = context.nowMs + context.options.tickTimeMs / 2;
  }

  /** Somebody has connected. */
  accept(link: LinkId): void {
    this.set(link, new LearnerLink(link, this.context.nowMs));
  }

  /** Something has come on a link, or is on its way. @returns undefined for a link that was given up */
  heard(link: LinkId): LearnerLink | undefined {
    const learner = this.get(link);
    if (learner !== undefined) learner.lastHeardMs = this.context.nowMs;
    return learner;
  }

  /** A learner takes what it is brought up to date with. Once it is up, only what it says itself tells that it lives. */
  progressed(link: LinkId): void {
    const learner = this.get(link);
    if (learner !== undefined && learner.stage !== 'up') learner.lastHeardMs = this.context.nowMs;
  }

  close(learner: LearnerLink, reason: string, isWarning = false): void {
    this.delete(learner.link);
    this.context.outputs.push({ kind: 'close', link: learner.link, reason, ...(isWarning && { isWarning }) });
  }

  closeAll(reason: string): void {
    for (const learner of [...this.values()]) this.close(learner, reason);
  }

  /** How many learners are being brought up to date in this way: from the first byte until they have acknowledged it all. */
  inFlight(mode: SyncMode): number {
    let count = 0;
    for (const { stage, syncMode } of this.values()) {
      if (syncMode === mode && (stage === 'syncing' || stage === 'new-leader')) count++;
    }
    return count;
  }

  /** Whether that is as many as may be at a time. Followers count, although nobody lets them wait. */
  isFull(mode: SyncMode): boolean {
    const { maxConcurrentSnapSyncs, maxConcurrentDiffSyncs } = this.context.options;
    return this.inFlight(mode) >= (mode === 'snap' ? maxConcurrentSnapSyncs : maxConcurrentDiffSyncs);
  }

  /** A server has one connection, and that is the newest. */
  closeOlderThan(newer: LearnerLink): void {
    const { server } = newer;
    if (server === undefined) return;
    for (const older of [...this.values()]) {
      if (older.server !== server || older === newer) continue;
      const isTwin = this.mayBeTwin(server);
      const doubt = isTwin ? ', and again: do two servers have that number in their myid?' : '';
      this.close(older, `server ${server} has connected again${doubt}`, isTwin);
    }
  }

  /** Two servers with one number take turns, each at the cost of the other. True for every so-manieth replacement. */
  private mayBeTwin(server: ServerId): boolean {
    const { nowMs } = this.context;
    const recent = (this.replacements.get(server) ?? []).filter((atMs) => nowMs - atMs < TWIN_WINDOW_MS);
    const isTwin = recent.push(nowMs) >= TWIN_SIGNS;
    this.replacements.set(server, isTwin ? [] : recent);
    return isTwin;
  }

  /** @returns whether a ping is due now; the next one is planned then */
  takePing(): boolean {
    const { nowMs, options } = this.context;
    if (nowMs < this.pingAtMs) return false;
    // Pings that were missed are not made up for.
    this.pingAtMs = Math.max(this.pingAtMs + options.tickTimeMs / 2, nowMs + 1);
    return true;
  }

  /** Gives up whoever has not been heard for too long. */
  closeSilent(): void {
    const { nowMs, options } = this.context;
    for (const learner of [...this.values()]) {
      const silence = learner.silence(nowMs, options);
      if (silence !== undefined) this.close(learner, silence);
    }
  }

  /** @param zxid the last one that was sent to them */
  ping(zxid: Zxid): void {
    const ping = packets.ping(zxid);
    for (const learner of this.values()) if (learner.isForwarding) this.context.send(learner.link, ping);
  }
}

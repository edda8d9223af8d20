import { NOBODY, type Candidate, type ServerId } from '@zk/quorum';
import type { PeerContext } from './peer-context.js';
import type { Notification, PeerState } from './wire.js';

/**
 * Fast leader election (spec: election, sections 3 to 5). Everybody tells everybody whom he would follow, first himself,
 * and changes his mind whenever he hears of somebody who knows more. Once a quorum is of one mind, and nothing better has
 * come for a while, that is the leader. Rounds keep the votes of one election apart from those of the next; a server that
 * comes late is told the result by those who are no longer looking.
 *
 * Nothing is safe because of this: a wrong leader is found out in discovery. It is about agreeing quickly.
 */

/** A vote as it is kept, with what is needed to compare it as Apache does. */
interface Vote extends Candidate {
  readonly round: bigint;
  readonly state: PeerState;
  readonly version: number;
}

export interface ElectionResult {
  readonly leader: ServerId;
  /** Those whose votes made it the leader, as far as this peer heard them. */
  readonly electors: ReadonlySet<ServerId>;
}

const NOTIFICATION_VERSION = 2;
/** A server that does not trust its empty disk votes with it and is not listened to. */
const UNTRUSTED = -1n;

export class Election {
  /** The state others are told. */
  state: PeerState = 'looking';
  round = 0n;
  private current: Vote;
  private proposal: Vote;
  private readonly received = new Map<ServerId, Vote>();
  private readonly established = new Map<ServerId, Vote>();
  private readonly unreachable = new Set<ServerId>();
  /** Who was told the proposal once more, because his vote was a worse one. */
  private readonly answered = new Set<ServerId>();
  /** The last answers to servers without a vote. */
  private readonly answers = new Map<ServerId, { vote: Vote; round: bigint; state: PeerState; atMs: number }>();
  private isRunning = false;
  private intervalMs: number;
  private repeatAtMs = Infinity;
  private finalizeAtMs = Infinity;

  constructor(private readonly context: PeerContext) {
    this.intervalMs = context.options.minNotificationMs;
    this.current = this.proposal = this.ownVote();
  }

  /** When {@link tick} has something to do; Infinity when never. */
  get wakeAtMs(): number {
    return this.finalizeAtMs === Infinity ? this.repeatAtMs : this.finalizeAtMs;
  }

  /** Whom this peer votes for or follows. */
  get vote(): Candidate {
    return this.isRunning ? this.proposal : this.current;
  }

  start(): ElectionResult | undefined {
    this.isRunning = true;
    this.context.membership.forgetHearsay();
    this.round++;
    this.received.clear();
    this.established.clear();
    this.intervalMs = this.context.options.minNotificationMs;
    this.finalizeAtMs = Infinity;
    this.propose(this.ownVote());
    this.repeatAtMs = this.context.nowMs + this.intervalMs;
    return this.checkQuorum();
  }

  /** A pending configuration became known: a server without a vote may have one in it. */
  reconsider(): ElectionResult | undefined {
    if (!this.isRunning || this.proposal.leader !== NOBODY) return undefined;
    this.propose(this.ownVote());
    return this.checkQuorum();
  }

  /** After synchronization with a leader the vote carries the new epoch. */
  setEpoch(epoch: number): void {
    this.current = { ...this.current, peerEpoch: BigInt(epoch) };
  }

  /** A configuration says who leads: the result of an election that nobody needs to hold. */
  appoint(leader: ServerId): ElectionResult {
    return this.adopt({ ...this.current, leader, zxid: this.context.appended, round: this.round });
  }

  setReachable(server: ServerId, isReachable: boolean): ElectionResult | undefined {
    if (isReachable) this.unreachable.delete(server);
    else this.unreachable.add(server);
    return this.isRunning && this.finalizeAtMs !== Infinity && this.isEverybodyHeard() ? this.conclude() : undefined;
  }

  tick(): ElectionResult | undefined {
    const { context } = this;
    if (!this.isRunning) return undefined;
    if (context.nowMs >= this.finalizeAtMs) return this.conclude();
    if (context.nowMs < this.repeatAtMs || this.finalizeAtMs !== Infinity) return undefined;
    this.send(this.proposal);
    this.askOracle();
    this.intervalMs = Math.min(2 * this.intervalMs, this.maxIntervalMs);
    this.repeatAtMs = context.nowMs + this.intervalMs;
    return undefined;
  }

  /** The other voter does not answer: somebody else is asked whether it is lost. */
  private askOracle(): void {
    const { id, isUntrusted, membership, oracle } = this.context;
    if (this.proposal.leader === id && !isUntrusted) oracle.ask(membership.verifiers);
  }

  /** @param isOtherLost this server alone decides, unless a better vote comes */
  oracleAnswered(isOtherLost: boolean): ElectionResult | undefined {
    if (!this.context.oracle.answered(isOtherLost) || !this.isRunning) return undefined;
    return this.finalizeAtMs === Infinity ? this.checkQuorum() : undefined;
  }

  /**
   * Nobody tells the result of an election to a server without a vote, nor the oracle's word to one that waits for it: they
   * have to ask, and are not to wait long.
   */
  private get maxIntervalMs(): number {
    const { membership, options, oracle } = this.context;
    if (this.hasVote && !oracle.decides(membership.verifiers)) return options.maxNotificationMs;
    return Math.min(options.maxNotificationMs, options.tickTimeMs);
  }

  receive(from: ServerId, notification: Notification): ElectionResult | undefined {
    this.unreachable.delete(from);
    const { membership } = this.context;
    if (!membership.isKnown(from)) {
      if (notification.state === 'looking') this.answerStranger(from);
      return undefined;
    }
    if (this.state !== 'looking') {
      if (notification.state === 'looking') this.reply(from, this.current, this.current.round);
      return undefined;
    }
    if (!this.isRunning) return undefined;
    // What a server without a vote has to say brings nobody on, and would be answered at once.
    if (notification.state === 'looking' && notification.round < this.round && this.hasVote) {
      this.reply(from, this.proposal, this.round);
    }
    if (!membership.isKnown(notification.leader)) return undefined;
    if (notification.state === 'looking') return this.receiveLooking(from, notification);
    if (notification.state === 'observing' || this.finalizeAtMs !== Infinity) return undefined;
    return this.receiveEstablished(from, notification);
  }

  private get hasVote(): boolean {
    return this.context.membership.isKnown(this.context.id);
  }

  /**
   * A server without a vote asks who leads. Two servers of which each takes the other for one would answer each other for
   * ever, so the same answer is not given twice at once.
   */
  private answerStranger(to: ServerId): void {
    const { context, current: vote, round, state } = this;
    const last = this.answers.get(to);
    const isSame = last !== undefined && last.vote === vote && last.round === round && last.state === state;
    if (isSame && context.nowMs - last.atMs < context.options.minNotificationMs / 2) return;
    this.answers.set(to, { vote, round, state, atMs: context.nowMs });
    this.reply(to, vote, round);
  }

  private receiveLooking(from: ServerId, notification: Notification): ElectionResult | undefined {
    const { context } = this;
    if (notification.zxid === UNTRUSTED || context.isUntrusted) return undefined;
    const isBetter = this.beats(notification, this.proposal);
    // While the election is being closed only a better vote opens it again, of whatever round.
    if (this.finalizeAtMs !== Infinity && !isBetter) {
      if (notification.round !== this.round) return undefined;
      this.received.set(from, voteOf(notification));
      return this.isEverybodyHeard() ? this.conclude() : undefined;
    }
    this.finalizeAtMs = Infinity;
    if (notification.round > this.round) {
      this.round = notification.round;
      this.received.clear();
      const own = this.ownVote();
      this.propose(this.beats(notification, own) ? notification : own);
    } else if (notification.round < this.round) {
      return this.checkQuorum();
    } else if (isBetter) {
      this.propose(notification);
    } else {
      this.tellAgain(from, notification);
    }
    this.received.set(from, voteOf(notification));
    return this.checkQuorum();
  }

  /**
   * Whoever has a worse vote may have been told of this one while he still had a leader, and did not listen. Once for each
   * proposal, so that two who disagree about weights do not answer each other for ever.
   */
  private tellAgain(to: ServerId, notification: Notification): void {
    if (this.answered.has(to) || !this.beats(this.proposal, notification)) return;
    this.answered.add(to);
    this.reply(to, this.proposal, this.round);
  }

  /** The sender has a leader: an established ensemble is joined rather than disturbed. */
  private receiveEstablished(from: ServerId, notification: Notification): ElectionResult | undefined {
    const vote = voteOf(notification);
    if (notification.round === this.round) {
      // Kept without a version, so that the test below compares nothing but the leader (as Apache does).
      this.received.set(from, { ...vote, version: 0 });
      if (this.isAgreed(this.received, vote) && this.isLeaderSure(this.received, vote)) return this.adopt(vote);
    }
    this.established.set(from, vote);
    if (this.isFollowed(vote) && this.isLeaderSure(this.established, vote)) {
      this.round = vote.round;
      return this.adopt(vote);
    }
    return undefined;
  }

  private checkQuorum(): ElectionResult | undefined {
    if (!this.isAgreed(this.received, this.proposal)) return undefined;
    if (this.isEverybodyHeard()) return this.conclude();
    this.finalizeAtMs = this.context.nowMs + this.context.options.finalizeWaitMs;
    return undefined;
  }

  /**
   * No better vote can come in this round when every voter has spoken in it, or cannot be reached: the wait, which is for
   * votes on their way, may be left out. The result is the one the wait would have led to.
   */
  private isEverybodyHeard(): boolean {
    for (const verifier of this.context.verifiers) {
      for (const voter of verifier.voters) {
        if (voter === this.context.id || this.unreachable.has(voter)) continue;
        if (this.received.get(voter)?.round !== this.round) return false;
      }
    }
    return true;
  }

  private conclude(): ElectionResult {
    return this.adopt({ ...this.proposal, round: this.round });
  }

  private adopt(vote: Vote): ElectionResult {
    const { context } = this;
    this.isRunning = false;
    this.repeatAtMs = this.finalizeAtMs = Infinity;
    this.current = vote;
    const electors = agreeingWith(this.received, vote);
    this.received.clear();
    this.state = vote.leader === context.id ? 'leading' : context.isObserver ? 'observing' : 'following';
    return { leader: vote.leader, electors };
  }

  /** Whether the candidate itself says that it leads; about oneself one knows only that the round is the same. */
  private isLeaderSure(votes: ReadonlyMap<ServerId, Vote>, { leader, round }: Vote): boolean {
    if (leader === this.context.id) return round === this.round;
    return votes.get(leader)?.state === 'leading';
  }

  private isAgreed(votes: ReadonlyMap<ServerId, Vote>, vote: Vote): boolean {
    return this.context.rules.decidesElection(this.context.verifiers, agreeingWith(votes, vote));
  }

  /**
   * Whether a quorum of any configuration follows that leader. If it is not the right one, it will not get far: that is
   * decided by epochs. Both quorums are asked for where a leader is made; here one that nobody else knows of would be in
   * the way.
   */
  private isFollowed(vote: Vote): boolean {
    const agreeing = agreeingWith(this.established, vote);
    const { membership, oracle, rules } = this.context;
    return membership.verifiers.some((verifier) =>
      rules.decidesElection([oracle.verifierUnder(vote.leader, verifier)], agreeing),
    );
  }

  private beats(challenger: Candidate, holder: Candidate): boolean {
    return this.context.rules.beats(this.context.config.verifier, challenger, holder);
  }

  private ownVote(): Vote {
    const { context, round } = this;
    const base = { round, state: 'looking', version: NOTIFICATION_VERSION } as const;
    const zxid = context.isUntrusted ? UNTRUSTED : context.rules.voteZxid(context.appended, context.committed);
    if (context.isObserver) return { ...base, leader: NOBODY, zxid: NOBODY, peerEpoch: NOBODY };
    const leader = this.hasVote ? context.id : NOBODY;
    return { ...base, leader, zxid, peerEpoch: BigInt(context.currentEpoch) };
  }

  private propose(candidate: Candidate): void {
    this.context.oracle.withdraw();
    const { leader, zxid, peerEpoch } = candidate;
    this.proposal = { leader, zxid, peerEpoch, round: this.round, state: 'looking', version: NOTIFICATION_VERSION };
    this.answered.clear();
    if (this.hasVote && !this.context.isUntrusted) this.received.set(this.context.id, this.proposal);
    this.send(this.proposal);
  }

  private send(vote: Vote): void {
    for (const voter of this.context.membership.known) {
      if (voter !== this.context.id) this.reply(voter, vote, this.round);
    }
  }

  private reply(to: ServerId, { leader, zxid, peerEpoch }: Candidate, round: bigint): void {
    const notification: Notification = {
      state: this.state,
      leader,
      zxid,
      round,
      peerEpoch,
      version: NOTIFICATION_VERSION,
      config: this.context.membership.announcement,
    };
    this.context.outputs.push({ kind: 'notify', to, notification });
  }
}

function voteOf({ leader, zxid, peerEpoch, round, state, version }: Notification): Vote {
  return { leader, zxid, peerEpoch, round, state, version };
}

function agreeingWith(votes: ReadonlyMap<ServerId, Vote>, vote: Vote): ReadonlySet<ServerId> {
  const agreeing = new Set<ServerId>();
  for (const [server, other] of votes) if (isSameVote(vote, other)) agreeing.add(server);
  return agreeing;
}

/** As Apache compares: votes of an established ensemble differ in zxid and round from server to server. */
function isSameVote(a: Vote, b: Vote): boolean {
  if (a.leader !== b.leader) return false;
  if (a.state === 'looking' || b.state === 'looking') {
    return a.zxid === b.zxid && a.round === b.round && a.peerEpoch === b.peerEpoch;
  }
  return (a.version === 0) !== (b.version === 0) || a.peerEpoch === b.peerEpoch;
}

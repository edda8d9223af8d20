import type { Clock, RandomSource } from '@zk/contracts';
import { readInt32 } from '@zk/jute';
import type { Client } from '@zk/request-pipeline';
import {
  type ConnectionRefusal,
  ConnectionLimits,
  ConnectionThrottle,
  LargeRequestGate,
  RequestThrottle,
} from './limits/index.js';
import type { ServerOptions } from './options.js';
import { Summary } from './summary.js';

/** Where the session id lies in a ConnectRequest: behind version, last zxid and timeout. */
const SESSION_ID_OFFSET = 16;

/** A large request whose write is on its way. */
interface LargeRequest {
  readonly client: Client;
  /** Finished writes of the client at which it is over. */
  readonly barrier: number;
  readonly lengthBytes: number;
}

/** Who may connect, how fast sessions may come, and how many large requests may be on their way. */
export class Admission {
  rejectedConnections = 0;
  readonly requests: RequestThrottle;
  private readonly limits: ConnectionLimits;
  readonly throttle: ConnectionThrottle;
  readonly largeRequests: LargeRequestGate;
  /** Tokens that were missing when a session was admitted. */
  readonly tokenDeficits = new Summary();
  private largeInFlight: LargeRequest[] = [];

  constructor(options: ServerOptions, clock: Clock, random: RandomSource) {
    this.limits = new ConnectionLimits({
      maxPerAddress: options.maxClientConnections,
      maxTotal: options.maxConnections,
    });
    this.throttle = new ConnectionThrottle(options.connectionThrottle, clock, random);
    this.requests = new RequestThrottle(options.requestThrottle);
    this.largeRequests = new LargeRequestGate({
      thresholdBytes: options.largeRequestThresholdBytes,
      maxBytes: options.largeRequestMaxBytes,
    });
  }

  /** Frames longer than this count as large. */
  get largeFrameBytes(): number {
    return this.largeRequests.thresholdBytes;
  }

  /** Counts a connection in, or says why not; {@link left} must follow when it ends. */
  enter(address: string): ConnectionRefusal | undefined {
    const refusal = this.limits.enter(address);
    if (refusal !== undefined) this.rejectedConnections++;
    return refusal;
  }

  left(address: string): void {
    this.limits.leave(address);
  }

  /** Whether the rate of sessions allows the one that this ConnectRequest asks for. */
  admitsSession(bytes: Uint8Array, start: number, end: number): boolean {
    const at = start + SESSION_ID_OFFSET;
    const isRenewal = at + 8 <= end && (readInt32(bytes, at) !== 0 || readInt32(bytes, at + 4) !== 0);
    if (!this.throttle.admit(isRenewal ? 'renew' : 'global')) {
      this.rejectedConnections++;
      return false;
    }
    this.tokenDeficits.add(this.throttle.deficit);
    return true;
  }

  /** Whether a frame of this length may be received now. */
  mayReceive(lengthBytes: number): boolean {
    return this.largeRequests.mayReceive(lengthBytes);
  }

  /** A frame was submitted: a large one counts until its write is finished. */
  submitted(client: Client, lengthBytes: number): void {
    if (!this.largeRequests.isLarge(lengthBytes) || !this.largeRequests.enter(lengthBytes)) return;
    this.largeInFlight.push({ client, barrier: client.writesIssued, lengthBytes });
  }

  /** Counts out large requests that are over. */
  endTurn(): void {
    if (this.largeInFlight.length === 0) return;
    const stillThere: LargeRequest[] = [];
    for (const request of this.largeInFlight) {
      if (request.client.writesDone >= request.barrier) this.largeRequests.leave(request.lengthBytes);
      else stillThere.push(request);
    }
    this.largeInFlight = stillThere;
  }
}

import { ErrorCode, InvariantViolation } from '@zk/model';
import type { Session } from '@zk/session';
import type { ClientPipelineOptions, ClientPipelineParts } from './client-pipeline-parts.js';
import { ClientPipeline } from './client-pipeline.js';
import type { Client } from './client.js';
import type { ConnectRequest } from './connect.js';

/**
 * The pipeline of a server that has no quorum and is allowed to say what it knows (spec: client protocol, section 15): it
 * takes clients that are content with that, and refuses every change. Its sessions are local ones.
 */
export class ReadOnlyPipeline extends ClientPipeline {
  protected override readonly isReadOnly = true;

  constructor(parts: ClientPipelineParts, options: ClientPipelineOptions) {
    super(parts, { ...options, localSessions: { areOn: true, areUpgraded: true } });
  }

  override get inFlight(): number {
    return 0;
  }

  protected override admit(client: Client, request: ConnectRequest): void {
    if (request.isReadOnlyOk) super.admit(client, request);
    else client.connection.closeNow();
  }

  /** Sessions of the ensemble cannot be looked after here: without a word, so that the client keeps looking for others. */
  protected override reattach(client: Client): void {
    client.connection.closeNow();
  }

  protected override write(client: Client, _session: Session, xid: number): void {
    this.reads.refuse(client, xid, ErrorCode.NOTREADONLY);
  }

  protected override sync(client: Client, xid: number): void {
    this.reads.refuse(client, xid, ErrorCode.NOTREADONLY);
  }

  /** The request for which it would be needed is refused anyway. */
  protected override upgrade(_client: Client, session: Session): void {
    session.isLocal = true;
  }

  protected override createSession(): void {
    onlyLocal();
  }

  protected override touch(): boolean {
    return onlyLocal();
  }

  protected override endSession(): void {
    onlyLocal();
  }

  protected override expire(): void {
    onlyLocal();
  }

  protected override forgetWrites(): void {
    // There are none.
  }
}

function onlyLocal(): never {
  throw new InvariantViolation('a read-only server has local sessions only');
}

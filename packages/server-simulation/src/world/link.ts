import type { Connection, ConnectionHandler } from '@zk/contracts';
import { Lane } from './lane.js';
import { LinkEnd, type LinkEndpoint } from './link-end.js';
import type { Medium } from './medium.js';

/** One connection, with its two ends. */
export class Link {
  readonly dialler: LinkEnd;
  readonly acceptor: LinkEnd;
  private readonly lanes: readonly [Lane, Lane];

  constructor(
    private readonly medium: Medium,
    from: LinkEndpoint,
    to: LinkEndpoint,
    /** Called when there is nobody any more whom a fault could reach. */
    private readonly forget: (link: Link) => void,
  ) {
    const roomBytes = medium.roomBytes();
    const lane = (writer: LinkEndpoint, reader: LinkEndpoint, end: () => LinkEnd): Lane =>
      new Lane(medium, roomBytes, {
        isBlocked: () => medium.isBlocked(writer.address, reader.address),
        onArrival: () => end().arrived(),
      });
    const there = lane(from, to, () => this.acceptor);
    const back = lane(to, from, () => this.dialler);
    this.lanes = [there, back];
    this.dialler = this.newEnd(there, back, from, to, () => this.acceptor);
    this.acceptor = this.newEnd(back, there, to, from, () => this.dialler);
  }

  accept(accept: (connection: Connection) => ConnectionHandler | undefined): void {
    const handler = accept(this.acceptor);
    if (handler === undefined) this.acceptor.destroy();
    else this.acceptor.attach(handler);
  }

  open(open: (connection: Connection) => ConnectionHandler): void {
    this.dialler.attach(open(this.dialler));
  }

  touches(address: string): boolean {
    return this.ends.some((end) => end.localAddress === address);
  }

  get isHoldingBack(): boolean {
    return this.lanes.some((lane) => lane.isHoldingBack);
  }

  /** What was held back is on its way again. */
  release(): void {
    for (const lane of this.lanes) lane.release();
  }

  /** It breaks; each end hears of it in its own time, and what is on its way is lost. */
  cut(): void {
    this.forget(this);
    for (const end of this.ends) end.broken();
  }

  /** The process at one end is gone. */
  vanish(address: string, isSilent: boolean): void {
    for (const end of this.ends) if (end.localAddress === address) end.vanish(isSilent);
  }

  private newEnd(
    outgoing: Lane,
    incoming: Lane,
    local: LinkEndpoint,
    remote: LinkEndpoint,
    other: () => LinkEnd,
  ): LinkEnd {
    const { medium } = this;
    let isRoomTold = false;
    const onRoom = (): void => {
      if (incoming.heldBytes === 0 || isRoomTold) return;
      isRoomTold = true;
      remote.life.in(medium.delayMs(), () => {
        isRoomTold = false;
        if (end.hasLeft) other().refused();
        else other().hasRoom();
      });
    };
    const onClosed = (): void => {
      if (this.ends.every((end) => end.isClosed)) this.forget(this);
    };
    const end = new LinkEnd({ medium, outgoing, incoming, onRoom, onClosed }, local, remote);
    return end;
  }

  private get ends(): readonly [LinkEnd, LinkEnd] {
    return [this.dialler, this.acceptor];
  }
}

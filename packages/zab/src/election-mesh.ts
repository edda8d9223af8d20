import type { ServerId } from '@zk/quorum';
import { ElectionStream } from './streams.js';
import {
  type InitialMessage,
  type Notification,
  encodeInitialMessage,
  encodeNotification,
  keepsDialled,
} from './wire.js';

/**
 * The connections on which elections are held (spec: election, section 1). Two servers keep one connection, the one that
 * the larger id dialled; the smaller one dials only to be called back. Of messages that wait for a connection the newest is
 * enough. When a connection comes to be and nothing waits, the last message is sent once more, so that whoever was away
 * hears the latest. A connection that breaks is not dialled again before there is something to say.
 */

/** A connection, numbered by the driver. */
export type MeshConnection = number;

export type MeshOutput =
  /** Answered by `dialled` or `dialFailed`. Addresses are those the server gave itself; empty: look it up. */
  | { readonly kind: 'dial'; readonly to: ServerId; readonly addresses: readonly string[] }
  | { readonly kind: 'write'; readonly connection: MeshConnection; readonly bytes: Uint8Array }
  /** What was written is sent first. */
  | { readonly kind: 'end'; readonly connection: MeshConnection; readonly reason: string }
  | { readonly kind: 'notification'; readonly from: ServerId; readonly notification: Notification }
  | { readonly kind: 'reachable'; readonly server: ServerId; readonly isReachable: boolean };

interface Neighbour {
  connection: MeshConnection | undefined;
  waiting: Notification | undefined;
  last: Notification | undefined;
  isDialling: boolean;
}

/** An observer that does not say which one it is, as before 3.5. */
const ANONYMOUS: ServerId = (1n << 63n) - 1n;

export interface ElectionMeshOptions {
  readonly id: ServerId;
  /** `host:port` of this server's election addresses. */
  readonly addresses: readonly string[];
  readonly isMultiAddress?: boolean;
}

export class ElectionMesh {
  private outputs: MeshOutput[] = [];
  private readonly neighbours = new Map<ServerId, Neighbour>();
  /** Whose a connection is; undefined before the initial message came. */
  private readonly owners = new Map<MeshConnection, ServerId | undefined>();
  private readonly streams = new Map<MeshConnection, ElectionStream>();
  private nextAnonymous = -1n;

  constructor(private readonly options: ElectionMeshOptions) {}

  send(to: ServerId, notification: Notification): readonly MeshOutput[] {
    const neighbour = this.neighbour(to);
    neighbour.waiting = notification;
    if (neighbour.connection === undefined) this.dial(to, []);
    else this.flush(neighbour);
    return this.take();
  }

  dialled(to: ServerId, connection: MeshConnection): readonly MeshOutput[] {
    const { id, isMultiAddress } = this.options;
    this.neighbour(to).isDialling = false;
    this.outputs.push({ kind: 'reachable', server: to, isReachable: true });
    const bytes = encodeInitialMessage({ server: id, addresses: this.options.addresses }, isMultiAddress);
    this.outputs.push({ kind: 'write', connection, bytes });
    if (keepsDialled(id, to)) this.keep(to, connection, false);
    else this.outputs.push({ kind: 'end', connection, reason: 'to be called back' });
    return this.take();
  }

  dialFailed(to: ServerId): readonly MeshOutput[] {
    this.neighbour(to).isDialling = false;
    this.outputs.push({ kind: 'reachable', server: to, isReachable: false });
    return this.take();
  }

  accepted(connection: MeshConnection): readonly MeshOutput[] {
    this.owners.set(connection, undefined);
    this.streams.set(connection, this.stream(connection, true));
    return this.take();
  }

  /** Bytes of a connection that this mesh has not ended. They are not kept. */
  received(connection: MeshConnection, bytes: Uint8Array, start: number, end: number): readonly MeshOutput[] {
    const reason = this.streams.get(connection)?.push(bytes, start, end);
    if (reason !== undefined) this.end(connection, reason);
    return this.take();
  }

  closed(connection: MeshConnection): readonly MeshOutput[] {
    this.forget(connection);
    return this.take();
  }

  /** Ends everything, as when the configuration changed. */
  close(): readonly MeshOutput[] {
    for (const connection of [...this.owners.keys()]) this.end(connection, 'the election is over');
    this.neighbours.clear();
    return this.take();
  }

  private take(): readonly MeshOutput[] {
    const { outputs } = this;
    this.outputs = [];
    return outputs;
  }

  private stream(connection: MeshConnection, expectsInitial: boolean): ElectionStream {
    return new ElectionStream(
      {
        onInitial: (message) => this.introduced(connection, message),
        onNotification: (notification) => {
          const from = this.owners.get(connection);
          if (from !== undefined) this.outputs.push({ kind: 'notification', from, notification });
        },
      },
      expectsInitial,
    );
  }

  /** Who dialled has said who it is. */
  private introduced(connection: MeshConnection, { server, addresses }: InitialMessage): void {
    const { id } = this.options;
    const from = server === ANONYMOUS ? this.nextAnonymous-- : server;
    if (from === id) return this.end(connection, `a server with this server's id, ${id}`);
    this.outputs.push({ kind: 'reachable', server: from, isReachable: true });
    if (server === ANONYMOUS || keepsDialled(from, id)) return this.keep(from, connection, true);
    // It has nothing better than what it dialled for: an older connection of it is broken.
    const older = this.neighbour(from).connection;
    if (older !== undefined) this.end(older, 'the other end has lost it');
    this.end(connection, 'is called back');
    this.dial(from, addresses);
  }

  private keep(server: ServerId, connection: MeshConnection, wasAccepted: boolean): void {
    const neighbour = this.neighbour(server);
    if (neighbour.connection !== undefined) this.end(neighbour.connection, 'replaced by a newer one');
    neighbour.connection = connection;
    this.owners.set(connection, server);
    if (!wasAccepted) this.streams.set(connection, this.stream(connection, false));
    neighbour.waiting ??= neighbour.last;
    this.flush(neighbour);
  }

  private flush(neighbour: Neighbour): void {
    const { connection, waiting } = neighbour;
    if (connection === undefined || waiting === undefined) return;
    neighbour.waiting = undefined;
    neighbour.last = waiting;
    const message = encodeNotification(waiting);
    const bytes = new Uint8Array(4 + message.length);
    new DataView(bytes.buffer).setInt32(0, message.length);
    bytes.set(message, 4);
    this.outputs.push({ kind: 'write', connection, bytes });
  }

  private dial(to: ServerId, addresses: readonly string[]): void {
    const neighbour = this.neighbour(to);
    if (neighbour.isDialling) return;
    neighbour.isDialling = true;
    this.outputs.push({ kind: 'dial', to, addresses });
  }

  private end(connection: MeshConnection, reason: string): void {
    this.forget(connection);
    this.outputs.push({ kind: 'end', connection, reason });
  }

  private forget(connection: MeshConnection): void {
    const server = this.owners.get(connection);
    this.owners.delete(connection);
    this.streams.delete(connection);
    if (server === undefined) return;
    const neighbour = this.neighbour(server);
    if (neighbour.connection === connection) neighbour.connection = undefined;
  }

  private neighbour(server: ServerId): Neighbour {
    let neighbour = this.neighbours.get(server);
    if (neighbour === undefined) {
      neighbour = { connection: undefined, waiting: undefined, last: undefined, isDialling: false };
      this.neighbours.set(server, neighbour);
    }
    return neighbour;
  }
}

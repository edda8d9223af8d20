import type { Clock, Connection, ConnectionHandler, Scheduler, Timer, Transport } from '@zk/contracts';
import { asError } from './as-error.js';
import type { ServerAddress } from './connection-string.js';
import type { ConnectionMachine } from './machine/connection-machine.js';
import type { MachineOutputs } from './machine/machine-ports.js';
import type { ClientLogger, Resolver } from './options.js';
import { probeServer } from './probe.js';

interface Attempt {
  readonly abort: AbortController;
  connection: Connection | undefined;
  isClosed: boolean;
}

/** The connection machine's hands: sockets, names, timers. It decides nothing. */
export class Driver implements MachineOutputs {
  private machine!: ConnectionMachine;
  private timer: Timer | undefined;
  private current: Connection | undefined;
  private readonly attempts = new Map<number, Attempt>();
  private readonly turnEnded = (): void => this.machine.turnEnded();
  private readonly tick = (): void => this.machine.tick();

  constructor(
    private readonly transport: Transport,
    private readonly lookUp: Resolver,
    private readonly clock: Clock,
    private readonly scheduler: Scheduler,
    private readonly logger: ClientLogger,
  ) {}

  drive(machine: ConnectionMachine): void {
    this.machine = machine;
  }

  resolve(attempt: number, host: string): void {
    // Within an async function, for a look-up of the caller's may throw at the call, or give nothing.
    const addressesOf = async (): Promise<readonly string[]> => [...(await this.lookUp(host))];
    addressesOf().then(
      (addresses) => this.machine.resolved(attempt, addresses),
      (error: unknown) => this.machine.failed(attempt, asError(error)),
    );
  }

  dial(number: number, address: string, server: ServerAddress): void {
    const attempt: Attempt = { abort: new AbortController(), connection: undefined, isClosed: false };
    this.attempts.set(number, attempt);
    const options = { host: address, port: server.port, serverName: server.host, signal: attempt.abort.signal };
    const open = (connection: Connection): ConnectionHandler => {
      attempt.connection = connection;
      return this.handler(number, attempt);
    };
    this.transport.dial(options, open).then(
      (connection) => {
        if (attempt.isClosed) {
          this.machine.failed(number, new Error('the connection closed as soon as it was open'));
          return;
        }
        if (this.attempts.get(number) !== attempt) {
          connection.destroy();
          return;
        }
        attempt.connection = connection;
        this.current = connection;
        this.machine.dialed(number);
      },
      (error: unknown) => {
        this.attempts.delete(number);
        this.machine.failed(number, asError(error));
      },
    );
  }

  hangUp(number: number, isInOrder: boolean): void {
    const attempt = this.attempts.get(number);
    if (attempt === undefined) return;
    this.attempts.delete(number);
    attempt.abort.abort(new Error('the attempt was given up'));
    if (attempt.connection === this.current) this.current = undefined;
    if (isInOrder) attempt.connection?.end();
    else attempt.connection?.destroy();
  }

  write(bytes: Uint8Array, end: number): boolean {
    return this.current === undefined || this.current.write(bytes, 0, end);
  }

  wakeAt(monotonicMs: number): void {
    this.timer?.cancel();
    this.timer = undefined;
    if (monotonicMs === Infinity) return;
    const delayMs = Math.max(0, monotonicMs - this.clock.monotonicMs());
    this.timer = this.scheduler.after(delayMs, this.tick);
  }

  callAtTurnEnd(): void {
    this.scheduler.atTurnEnd(this.turnEnded);
  }

  probe(server: ServerAddress): void {
    probeServer(this.transport, this.lookUp, this.scheduler, server).then(
      (isWritable) => this.machine.probed(server, isWritable),
      (error: unknown) => {
        this.logger.debug(
          { host: server.host, port: server.port, err: error },
          'could not ask a server whether it takes writes',
        );
        this.machine.probed(server, false);
      },
    );
  }

  private handler(number: number, attempt: Attempt): ConnectionHandler {
    const { machine } = this;
    return {
      onData: (bytes, start, end) => machine.received(number, bytes, start, end),
      onDrain: () => machine.drained(number),
      onClose: (error) => {
        attempt.isClosed = true;
        if (this.attempts.get(number) === attempt) this.attempts.delete(number);
        machine.closed(number, error);
      },
    };
  }
}

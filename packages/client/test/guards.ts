/** A guard against a failure that other clients have, and how to take it out: the test must fail then. */
export interface Guard {
  /** What happens without it. */
  readonly failure: string;
  /** Below the package. */
  readonly file: string;
  /** Text that occurs once. */
  readonly find: string;
  readonly replace: string;
  readonly spec: string;
  /** Beginning, or part, of the name of the test. */
  readonly test: string;
}

const MACHINE = 'src/machine/connection-machine.spec.ts';
const CONNECTIONS = 'test/faults/connections.spec.ts';
const SESSIONS = 'test/faults/sessions.spec.ts';
const REQUESTS = 'test/faults/requests.spec.ts';
const WATCHES = 'test/faults/watches.spec.ts';

/** In the form that `npm run guards` reads. */
export const clientGuards: readonly Guard[] = [
  {
    failure: 'a half-open connection hangs for good',
    file: 'src/machine/heartbeat.ts',
    find: 'return nowMs - this.lastReceivedMs >= this.readTimeoutMs;',
    replace: 'return false;',
    spec: CONNECTIONS,
    test: 'a half-open connection is given up',
  },
  {
    failure: 'a server that accepts and then says nothing is waited for without end',
    file: 'src/machine/connection-machine.ts',
    find: 'if (nowMs < this.connector.dueMs) return;',
    replace: 'if (nowMs < this.connector.dueMs || this.connector.isDialed) return;',
    spec: MACHINE,
    test: 'gives up an attempt in which the server says nothing',
  },
  {
    failure: 'expiry is never told while all servers are down',
    file: 'src/machine/session-keeper.ts',
    find: 'return nowMs >= current.endMs;',
    replace: 'return false;',
    spec: SESSIONS,
    test: 'expiry is known without a server',
  },
  {
    failure: 'a session comes back after its end was told',
    file: 'src/machine/connection-machine.ts',
    find: 'if (this.connector.isDialed) {\n      this.dialogue',
    replace: 'if (false) {\n      this.dialogue',
    spec: MACHINE,
    test: 'abandons a handshake that would bring a session back',
  },
  {
    failure: 'a busy process takes its own silence for the server’s',
    file: 'src/machine/connection-machine.ts',
    find: 'if (isLate && this.isConnected) {',
    replace: 'if (false) {',
    spec: MACHINE,
    test: 'a process that was busy reads what has arrived',
  },
  {
    failure: 'a machine that slept goes on with a session that is over',
    file: 'src/machine/session.ts',
    find: 'this.sleptMs += jumpMs;',
    replace: '',
    spec: SESSIONS,
    test: 'a machine that slept',
  },
  {
    failure: 'a name is looked up once: dead after servers have moved',
    file: 'src/driver.ts',
    find: 'await this.lookUp(host)',
    replace: 'await ((this as unknown as { first?: Promise<readonly string[]> }).first ??= this.lookUp(host))',
    spec: CONNECTIONS,
    test: 'names are looked up anew',
  },
  {
    failure: 'watches are set again in one packet, which is too long for the server',
    file: 'src/watches/watch-packets.ts',
    find: 'MAX_PACKET_BYTES = 128 * 1024',
    replace: 'MAX_PACKET_BYTES = Infinity',
    spec: WATCHES,
    test: 'many thousand watches are set again',
  },
  {
    failure: 'transaction ids run over after 2^31 requests',
    file: 'src/machine/request-queue.ts',
    find: 'this.lastXid >= LAST_XID ? 1 : this.lastXid + 1',
    replace: 'this.lastXid + 1',
    spec: REQUESTS,
    test: 'the transaction ids start again',
  },
  {
    failure: 'a watch that nobody wants stays on the server',
    file: 'src/watches/one-shot-watches.ts',
    find: 'this.forgetOnServer(watch.table, watch.path);',
    replace: '',
    spec: WATCHES,
    test: 'the last one who cancels removes the watch',
  },
  {
    failure: 'a cancelled read leaves a watch on the server',
    file: 'src/watches/one-shot-watches.ts',
    find: 'if (isOnServer) this.registry',
    replace: 'if (false) this.registry',
    spec: WATCHES,
    test: 'a cancelled read leaves no watch behind',
  },
  {
    failure: 'a subscriber is not told that events may be missing',
    file: 'src/watches/watch-registry.ts',
    find: "watch.reset(isSameSession ? 'reconnected' : 'newSession');",
    replace: 'watch.hasBeenSet = true;',
    spec: WATCHES,
    test: 'persistent watches survive reconnects and sessions',
  },
  {
    failure: 'a lost reply to a create makes two znodes',
    file: 'src/operations/create.ts',
    find: 'if (isMaybeApplied(error)) isUncertain = true;',
    replace: '',
    spec: REQUESTS,
    test: 'a protected create survives the loss of its reply',
  },
  {
    failure: 'an ephemeral is created in another session than the caller knows of',
    file: 'src/operations/create.ts',
    find: 'if (isEphemeral && core.session !== session) throw',
    replace: 'if (false) throw',
    spec: REQUESTS,
    test: 'an ephemeral of a session that is over',
  },
  {
    failure: 'a create that was cancelled leaves an orphan',
    file: 'src/operations/create.ts',
    find: 'if (isUncertain || isMaybeApplied(error)) removeOrphan',
    replace: 'if (false) removeOrphan',
    spec: REQUESTS,
    test: 'a protected create that was cancelled',
  },
  {
    failure: 'a guaranteed delete ends with its call',
    file: 'src/operations/delete.ts',
    find: 'if (options.guaranteed && isOpen(error)) {',
    replace: 'if (false) {',
    spec: REQUESTS,
    test: 'a guaranteed delete goes on',
  },
  {
    failure: 'a cancelled write claims that it was not applied',
    file: 'src/machine/request-errors.ts',
    find: "return request.stage === 'sent' && !request.kind.isRepeatable;",
    replace: 'return false;',
    spec: REQUESTS,
    test: 'a write that was cancelled after it was sent',
  },
  {
    failure: 'a write of a session that is over is carried out in the next one',
    file: 'src/machine/request-queue.ts',
    find: "if (request.stage !== 'settled' && request.kind.isRepeatable && !request.isOfSession) return true;",
    replace: "if (request.stage !== 'settled') return true;",
    spec: SESSIONS,
    test: 'what was asked for in a session that is lost',
  },
  {
    failure: 'credentials are forgotten with the connection',
    file: 'src/machine/authentication.ts',
    find: 'for (const credential of this.credentials) this.send(credential, out);',
    replace: '',
    spec: CONNECTIONS,
    test: 'credentials are shown again',
  },
  {
    failure: 'the queue grows without bound while there is no server',
    file: 'src/machine/request-queue.ts',
    find: 'this.waitingCount >= limits.maxQueued ||',
    replace: '',
    spec: REQUESTS,
    test: 'more than may wait is refused',
  },
];

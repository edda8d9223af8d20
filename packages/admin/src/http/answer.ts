import { once } from 'node:events';
import type { ServerResponse } from 'node:http';

/** What is sent back. */
export interface Answer {
  readonly status: number;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string | AsyncIterable<Uint8Array>;
}

/** Bytes of answers that may wait for clients that read slowly; beyond, commands are refused until they have left. */
const MAX_WAITING_BYTES = 32 * 1024 * 1024;

/** Sends answers, and knows how much of them still waits. */
export class AnswerSender {
  private waitingBytes = 0;

  get isOverloaded(): boolean {
    return this.waitingBytes > MAX_WAITING_BYTES;
  }

  /** Resolves when everything was handed over, or the client is gone. @throws what the stream of the answer throws */
  async send(response: ServerResponse, { status, contentType, headers = {}, body }: Answer): Promise<void> {
    const type = contentType === undefined ? {} : { 'Content-Type': contentType };
    if (typeof body !== 'string') {
      response.writeHead(status, { ...type, ...headers });
      await pipe(body, response);
      return;
    }
    const bytes = Buffer.from(body, 'utf8');
    this.waitingBytes += bytes.length;
    response.once('close', () => (this.waitingBytes -= bytes.length));
    response.writeHead(status, { ...type, ...headers, 'Content-Length': String(bytes.length) });
    response.end(bytes);
  }
}

/** One piece at a time: the next is made when the client has taken the one before. */
async function pipe(pieces: AsyncIterable<Uint8Array>, response: ServerResponse): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  for await (const piece of pieces) {
    if (response.destroyed) return;
    // A copy: the memory belongs to whoever reads the snapshot.
    if (!response.write(Uint8Array.from(piece))) await drained(response, gone.signal);
  }
  response.end();
}

async function drained(response: ServerResponse, gone: AbortSignal): Promise<void> {
  await once(response, 'drain', { signal: gone }).catch((error: unknown) => {
    if (!gone.aborted) throw error;
  });
}

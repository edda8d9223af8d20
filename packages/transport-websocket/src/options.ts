/** What both ends understand, in a browser too. */
export interface WebSocketOptions {
  /** Path of the address, in front of which a proxy may have put more; default `/`. */
  readonly path?: string;
  /** Dials `wss:`; default: whether `tls` is given. In a browser: whether the page itself came over https. */
  readonly secure?: boolean;
  /**
   * How long a connection that was told to end may go without progress before it is cut off; default 3,000.
   */
  readonly closeTimeoutMs?: number;
}

export const DEFAULT_PATH = '/';
export const DEFAULT_CLOSE_TIMEOUT_MS = 3_000;

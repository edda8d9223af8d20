/** What an authentication scheme knows about the other end of a connection. */
export interface PeerInfo {
  readonly remoteAddress: string;
  /** Subject of a verified client certificate, in RFC 2253 form. */
  readonly certificateSubject?: string;
}

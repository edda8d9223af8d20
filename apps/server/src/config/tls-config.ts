/** A file with certificates, and with a key where it is a key store. */
export interface StoreConfig {
  readonly file: string;
  /** undefined: by the file's name. */
  readonly type: 'PEM' | 'PKCS12' | 'JKS' | undefined;
  /** A secret. */
  readonly password: string | undefined;
  readonly passwordFile: string | undefined;
}

export interface TlsConfig {
  /** undefined only in a configuration that was refused. */
  readonly keyStore: StoreConfig | undefined;
  /** undefined: the certificates that come with Node. */
  readonly trustStore: StoreConfig | undefined;
  readonly clientAuth: 'none' | 'want' | 'need';
  readonly verifiesClientNames: boolean;
  readonly allowsReverseLookup: boolean;
  readonly protocols: readonly string[];
  /** undefined: Node's. */
  readonly cipherSuites: readonly string[] | undefined;
  readonly handshakeTimeoutMs: number;
  /** undefined: no limit. */
  readonly maxHandshakes: number | undefined;
  readonly reload: boolean;
}

/** TLS of the admin server. */
export interface AdminTlsSettings extends TlsConfig {
  /** Whether plain HTTP is served on the same port, too. */
  readonly allowsPlainText: boolean;
  readonly needsClientCertificate: boolean;
}

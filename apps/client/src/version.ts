/** The version of this program. A test compares it with package.json. */
export const VERSION = '0.1.0';

/** The version of Apache ZooKeeper whose shell it stands in for. */
export const COMPATIBLE_VERSION = '3.9.5';

export function versionText(): string {
  return `${COMPATIBLE_VERSION}-zk-${VERSION} (Node.js ${process.version})`;
}

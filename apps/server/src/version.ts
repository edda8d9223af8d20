/** This product's version; a spec compares it with package.json. */
export const PRODUCT_VERSION = '0.1.0';

/** The Apache ZooKeeper whose protocol, files and habits this server follows. */
export const COMPATIBLE_VERSION = '3.9.5';

/** The line `version` prints. ZooKeeper's version comes first: scripts take the first number they find. */
export function versionLine(): string {
  return `ZooKeeper, version ${COMPATIBLE_VERSION} (zk ${PRODUCT_VERSION}, Node.js ${process.version})`;
}

/** The release of Apache ZooKeeper whose protocols and formats this server speaks. Tools parse it. */
export const COMPATIBLE_VERSION = '3.9.5';

/** This product's own version. */
export const PRODUCT_VERSION = '0.1.0';

/** The version as four-letter words show it; the shape is Apache's, since monitoring tools match it. */
export const VERSION_LINE = `${COMPATIBLE_VERSION}-zk-${PRODUCT_VERSION}, built on 2026-11-21 00:00 UTC`;

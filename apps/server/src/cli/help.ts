import { COMPATIBLE_VERSION } from '../version.js';

export const USAGE_LINE =
  'Usage: zk-server [--config <conf-dir>] {start|start-foreground|stop|version|restart|status|print-cmd}';

export const DESCRIPTION =
  `A server for ZooKeeper ${COMPATIBLE_VERSION} clients, alone or in an ensemble. ` +
  'It is run as one runs zkServer.sh.';

export const HELP_AFTER = `
The configuration file
  Named by the argument, else by ZOOCFG, else zoo.cfg; in the directory of --config, else of ZOOCFGDIR, else in
  ., conf or /etc/zookeeper. With --data-dir no file is needed. Instead of a file: port datadir [ticktime] [maxcnxns].

Settings, highest precedence first
  flags         --port 2181   --set tickTime=2000   -Dzookeeper.snapCount=50000   -Djute.maxbuffer=4194304
  environment   ZK_TICKTIME=2000 (ZK_ and the key, every dot or dash as _), then -D words in SERVER_JVMFLAGS, JVMFLAGS
  file          tickTime=2000
  default       see docs/configuration.md
  Also read: ZOOPIDFILE, ZOO_LOG_DIR, ZOO_DATADIR_AUTOCREATE_DISABLE, ZK_LOG_LEVEL, ZK_LOG_FORMAT.

Exit codes
  0 done   1 unexpected error   2 invalid command line or configuration   3 data directory not usable
  12 the leader committed something else than it proposed   14 election port cannot be bound

Examples
  zk-server start-foreground --data-dir ./data --address 127.0.0.1     try it
  zk-server start /etc/zookeeper/zoo.cfg                               run it in the background
  zk-server status /etc/zookeeper/zoo.cfg                              prints "Mode: standalone"
  zk-server stop /etc/zookeeper/zoo.cfg
`;

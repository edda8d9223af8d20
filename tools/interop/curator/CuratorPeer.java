import java.util.List;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.imps.CuratorFrameworkState;
import org.apache.curator.retry.RetryOneTime;
import org.apache.zookeeper.Watcher.Event.KeeperState;
import org.apache.zookeeper.ZooKeeper;

/** Curator's framework and recipes against the server at args[0]. */
public final class CuratorPeer {
    private static final int CONNECTION_TIMEOUT_MS = 10_000;

    private CuratorPeer() {}

    public static void main(String[] args) throws Exception {
        Harness.address = args[0];
        CuratorFramework client = open();
        Harness.notesLosses = true;
        Harness.beforeRepeat = client::blockUntilConnected;
        new Framework(client).run();
        new Locks(client).run();
        new Leaders(client).run();
        new Counters(client).run();
        new Caches(client).run();
        new Presence(client).run();
        new Queues(client).run();
        client.close();
        System.out.println("done");
        System.exit(0);
    }

    static CuratorFramework open() throws Exception {
        CuratorFramework client = CuratorFrameworkFactory.newClient(
            Harness.address, Harness.SESSION_TIMEOUT_MS, CONNECTION_TIMEOUT_MS, new RetryOneTime(100));
        client.getConnectionStateListenable().addListener((source, state) -> {
            if (!state.isConnected()) {
                Harness.noteLoss(() -> isOut(source));
            }
        });
        client.start();
        client.blockUntilConnected();
        return client;
    }

    /** Of a client that is closed nobody tells whether it is connected. */
    private static boolean isOut(CuratorFramework client) {
        boolean isOpen = client.getState() == CuratorFrameworkState.STARTED;
        return isOpen && !client.getZookeeperClient().isConnected();
    }

    /** Ends a client's session on the server, as an expiry would: somebody else attaches to it and closes it. */
    static void endSession(CuratorFramework client) throws Exception {
        ZooKeeper mine = client.getZookeeperClient().getZooKeeper();
        long id = mine.getSessionId();
        byte[] password = mine.getSessionPasswd();
        // Its client may take the session back in between, so that the close does not reach it.
        Harness.eventually("the end of the session", 60_000, () -> isOverWhenClosed(id, password));
    }

    /** Attaches to a session and closes it; whether it was over before. */
    private static boolean isOverWhenClosed(long id, byte[] password) throws Exception {
        Harness.Events events = new Harness.Events();
        ZooKeeper other = new ZooKeeper(Harness.address, Harness.SESSION_TIMEOUT_MS, events, id, password);
        try {
            Harness.eventually("an answer about the session", 30_000,
                () -> events.states.contains(KeeperState.SyncConnected) || events.states.contains(KeeperState.Expired));
            return events.states.contains(KeeperState.Expired);
        } finally {
            other.close();
        }
    }

    static void closeAll(List<? extends AutoCloseable> closeables) throws Exception {
        for (AutoCloseable closeable : closeables) {
            closeable.close();
        }
    }
}

import java.util.List;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.retry.RetryOneTime;
import org.apache.zookeeper.ZooKeeper;

/** Curator's framework and recipes against the server at args[0]. */
public final class CuratorPeer {
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
        CuratorFramework client = CuratorFrameworkFactory.newClient(Harness.address, 6_000, 5_000, new RetryOneTime(100));
        client.getConnectionStateListenable().addListener((source, state) -> {
            if (!state.isConnected()) {
                Harness.noteLoss(1);
            }
        });
        client.start();
        client.blockUntilConnected();
        return client;
    }

    /** Ends a client's session on the server, as an expiry would: somebody else attaches to it and closes it. */
    static void endSession(CuratorFramework client) throws Exception {
        ZooKeeper mine = client.getZookeeperClient().getZooKeeper();
        Harness.Events events = new Harness.Events();
        ZooKeeper other = new ZooKeeper(Harness.address, 6_000, events, mine.getSessionId(), mine.getSessionPasswd());
        events.connected.await();
        other.close();
    }

    static void closeAll(List<? extends AutoCloseable> closeables) throws Exception {
        for (AutoCloseable closeable : closeables) {
            closeable.close();
        }
    }
}

import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.api.transaction.CuratorTransactionResult;
import org.apache.curator.framework.api.transaction.OperationType;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.Watcher.Event.EventType;
import org.apache.zookeeper.data.Stat;

/** The framework's own operations, which the recipes are made of. */
final class Framework {
    private final CuratorFramework client;

    Framework(CuratorFramework client) {
        this.client = client;
    }

    void run() {
        Harness.check("create with parents, read, change, delete with children", () -> {
            String path = Harness.fresh();
            client.create().creatingParentsIfNeeded().forPath(path + "/a/b", Harness.bytes("x"));
            Harness.equal("x", new String(client.getData().forPath(path + "/a/b")));
            Stat stat = client.setData().withVersion(0).forPath(path + "/a/b", Harness.bytes("y"));
            Harness.equal("version", 1, stat.getVersion());
            Harness.fails(Code.BADVERSION, () -> client.setData().withVersion(0).forPath(path + "/a/b", null));
            client.delete().deletingChildrenIfNeeded().forPath(path);
            Harness.equal(null, client.checkExists().forPath(path));
        });
        Harness.check("parents made as containers go with their last child", () -> {
            String path = Harness.fresh();
            client.create().creatingParentContainersIfNeeded().forPath(path + "/a");
            client.delete().guaranteed().forPath(path + "/a");
            Harness.eventually("removal of the container", 10_000, () -> client.checkExists().forPath(path) == null);
        });
        Harness.check("a protected sequential create carries its own mark", () -> {
            String path = Harness.fresh();
            client.create().forPath(path);
            String name = client.create().withProtection().withMode(CreateMode.EPHEMERAL_SEQUENTIAL).forPath(path + "/p-");
            Harness.isTrue("name " + name, name.matches(path + "/_c_[0-9a-f-]{36}-p-0000000000"));
        });
        Harness.check("create or set, in one call", () -> {
            String path = Harness.fresh();
            client.create().orSetData().forPath(path, Harness.bytes("1"));
            client.create().orSetData().forPath(path, Harness.bytes("2"));
            Harness.equal("2", new String(client.getData().forPath(path)));
        });
        Harness.check("a znode with a time to live, through Curator", () -> {
            String path = Harness.fresh();
            client.create().withTtl(400).withMode(CreateMode.PERSISTENT_WITH_TTL).forPath(path);
            Harness.eventually("removal", 10_000, () -> client.checkExists().forPath(path) == null);
        });
        Harness.check("compressed data comes back as it was", () -> {
            String path = Harness.fresh();
            String text = "again and ".repeat(2_000);
            client.create().compressed().forPath(path, Harness.bytes(text));
            Harness.equal(text, new String(client.getData().decompressed().forPath(path)));
            Harness.isTrue("it is short", client.getData().forPath(path).length < 1_000);
        });
        Harness.check("operations in the background answer", () -> {
            CountDownLatch done = new CountDownLatch(100);
            String path = Harness.fresh();
            client.create().forPath(path);
            for (int i = 0; i < 100; i++) {
                client.create().inBackground((c, event) -> {
                    if (event.getResultCode() == 0) {
                        done.countDown();
                    }
                }).forPath(path + "/" + i);
            }
            Harness.isTrue("all created", done.await(10, TimeUnit.SECONDS));
            Harness.equal("children", 100, client.getChildren().forPath(path).size());
        });
        Harness.check("a namespace prefixes every path", () -> {
            CuratorFramework inside = client.usingNamespace("curator-space");
            String path = Harness.fresh();
            inside.create().forPath(path);
            Harness.isTrue("outside", client.checkExists().forPath("/curator-space" + path) != null);
        });
        Harness.check("a transaction's results carry paths and stats", () -> {
            String path = Harness.fresh();
            List<CuratorTransactionResult> results = client.transaction().forOperations(
                client.transactionOp().create().forPath(path),
                client.transactionOp().create().withMode(CreateMode.PERSISTENT_SEQUENTIAL).forPath(path + "/s-"),
                client.transactionOp().setData().forPath(path, Harness.bytes("2")),
                client.transactionOp().delete().forPath(path + "/s-0000000000"));
            Harness.equal("kind", OperationType.CREATE, results.get(1).getType());
            Harness.equal("path", path + "/s-0000000000", results.get(1).getResultPath());
            Harness.equal("version", 1, results.get(2).getResultStat().getVersion());
        });
        Harness.check("a transaction that fails leaves nothing", () -> {
            String path = Harness.fresh();
            Harness.fails(Code.NONODE, () -> client.transaction().forOperations(
                client.transactionOp().create().forPath(path),
                client.transactionOp().delete().forPath(path + "/none")));
            Harness.equal(null, client.checkExists().forPath(path));
        });
        Harness.check("watches set through Curator, one-time and persistent", () -> {
            String path = Harness.fresh();
            Harness.Events once = new Harness.Events();
            Harness.Events always = new Harness.Events();
            client.checkExists().usingWatcher(once).forPath(path);
            client.watchers().add().usingWatcher(always).forPath(path);
            client.create().forPath(path);
            client.setData().forPath(path, Harness.bytes("x"));
            once.expect(EventType.NodeCreated, path);
            always.expect(EventType.NodeCreated, path);
            always.expect(EventType.NodeDataChanged, path);
            client.watchers().removeAll().forPath(path);
            always.expect(EventType.PersistentWatchRemoved, path);
            once.expectNothing();
        });
        Harness.check("a client whose session has ended gets another one", () -> {
            CuratorFramework other = CuratorPeer.open();
            long before = other.getZookeeperClient().getZooKeeper().getSessionId();
            CuratorPeer.endSession(other);
            Harness.eventually("a new session", 15_000, () -> {
                try {
                    other.checkExists().forPath("/");
                    return other.getZookeeperClient().getZooKeeper().getSessionId() != before;
                } catch (KeeperException notYet) {
                    return false;
                }
            });
            other.close();
        });
    }
}

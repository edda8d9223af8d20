import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.apache.zookeeper.AddWatchMode;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.StatsTrack;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.Watcher.Event.EventType;
import org.apache.zookeeper.ZooDefs.Ids;
import org.apache.zookeeper.ZooDefs.OpCode;
import org.apache.zookeeper.admin.ZooKeeperAdmin;
import org.apache.zookeeper.cli.DelQuotaCommand;
import org.apache.zookeeper.cli.SetQuotaCommand;
import org.apache.zookeeper.proto.CreateRequest;
import org.apache.zookeeper.proto.CreateTTLRequest;
import org.apache.zookeeper.proto.DeleteRequest;
import org.apache.zookeeper.proto.GetDataRequest;

/** Large and bad input, quotas, chroot, configuration. */
final class Limits extends Group {
    void run() {
        sizes();
        badInput();
        quotas();
        chroot();
        configuration();
    }

    private void sizes() {
        Harness.check("data near the limit of a request comes back unharmed", () -> {
            for (int size : new int[] {1, 4_095, 4_096, 65_536, 500_000, 1_048_000}) {
                byte[] data = new byte[size];
                new Random(size).nextBytes(data);
                String path = Harness.fresh();
                zk.create(path, data, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
                Harness.isTrue("the same " + size + " bytes", Arrays.equals(data, zk.getData(path, false, null)));
                Harness.equal("dataLength", size, zk.exists(path, false).getDataLength());
                zk.delete(path, -1);
            }
        });
        Harness.check("a request over the limit ends the connection, and the server goes on", () -> {
            Harness.Client other = Harness.connect();
            String path = Harness.fresh();
            Harness.fails(Code.CONNECTIONLOSS,
                () -> other.create(path, new byte[1_100_000], Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT));
            Harness.equal(null, zk.exists(path, false));
            other.close();
        });
        Harness.check("a znode with 5,000 children lists them all", () -> {
            String path = zk.create(Harness.fresh(), null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
            List<String> expected = new ArrayList<>();
            for (int batch = 0; batch < 50; batch++) {
                List<Op> ops = new ArrayList<>();
                for (int i = 0; i < 100; i++) {
                    String name = String.format("child-with-a-rather-long-name-%05d", batch * 100 + i);
                    expected.add(name);
                    ops.add(Op.create(path + "/" + name, null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT));
                }
                zk.multi(ops);
            }
            List<String> names = new ArrayList<>(zk.getChildren(path, false));
            Collections.sort(names);
            Harness.equal(expected, names);
            Harness.equal("numChildren", 5_000, zk.exists(path, false).getNumChildren());
        });
        Harness.check("a path of forty levels and a name of 10,000 characters work", () -> {
            String path = Harness.fresh();
            zk.create(path, null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
            String deep = path;
            for (int i = 0; i < 40; i++) {
                deep += "/level" + i;
                zk.create(deep, null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
            }
            Harness.equal("below", 40, zk.getAllChildrenNumber(path));
            String name = path + "/" + "n".repeat(10_000);
            Harness.equal(name, zk.create(name, null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT));
        });
    }

    private int create(String path) throws Exception {
        return zk.submit(OpCode.create, new CreateRequest(path, null, Ids.OPEN_ACL_UNSAFE, 0), null);
    }

    private void badInput() {
        Harness.check("malformed paths are BADARGUMENTS on the wire, or NONODE where the parent is looked up first", () -> {
            String base = zk.create(Harness.fresh(), null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
            List<String> bad = List.of("nothing", "", "/.", "/\uf000", base + "/", base + "/.", base + "/..", base + "/a\u0000b",
                base + "/a\u0001b", base + "/\ufff0");
            for (String path : bad) {
                Harness.equal("code of \"" + path + "\"", Code.BADARGUMENTS.intValue(), create(path));
            }
            for (String path : List.of(base + "//b", base + "/./b", base + "/../b")) {
                Harness.equal("code of \"" + path + "\"", Code.NONODE.intValue(), create(path));
            }
        });
        Harness.check("malformed paths of a read and of a delete", () -> {
            Harness.equal("getData", Code.NONODE.intValue(), zk.submit(OpCode.getData, new GetDataRequest("/a/", false), null));
            Harness.equal("delete of the root", Code.BADARGUMENTS.intValue(), zk.submit(OpCode.delete, new DeleteRequest("/", -1), null));
            Harness.equal("delete without a slash", Code.BADARGUMENTS.intValue(), zk.submit(OpCode.delete, new DeleteRequest("x", -1), null));
        });
        Harness.check("unknown flags of a create are BADARGUMENTS", () -> {
            for (int flags : new int[] {7, 99, -1}) {
                Harness.equal("flags " + flags, Code.BADARGUMENTS.intValue(),
                    zk.submit(OpCode.create, new CreateRequest(Harness.fresh(), null, Ids.OPEN_ACL_UNSAFE, flags), null));
            }
        });
        Harness.check("a time to live out of range is BADARGUMENTS", () -> {
            for (long ttl : new long[] {0, -5, 0x10000000000L}) {
                Harness.equal("ttl " + ttl, Code.BADARGUMENTS.intValue(), zk.submit(OpCode.createTTL,
                    new CreateTTLRequest(Harness.fresh(), null, Ids.OPEN_ACL_UNSAFE, 5, ttl), null));
            }
        });
        Harness.check("an unknown kind of request is UNIMPLEMENTED and ends the connection", () -> {
            Harness.Client other = Harness.connect();
            other.events.states.clear();
            Harness.equal(Code.UNIMPLEMENTED.intValue(), other.submit(4_711, null, null));
            other.events.expectState(Watcher.Event.KeeperState.Disconnected, 10_000);
            other.close();
        });
        Harness.check("the connection is as good as before after all of that", () -> {
            String path = Harness.fresh();
            Harness.equal("create", 0, create(path));
            zk.delete(path, 0);
        });
    }

    private void quotas() {
        Harness.check("a hard quota on the number of znodes is enforced", () -> {
            String path = zk.create(Harness.fresh(), null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
            StatsTrack limits = new StatsTrack();
            limits.setCountHardLimit(3);
            SetQuotaCommand.createQuota(zk, path, limits);
            zk.create(path + "/a", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
            zk.create(path + "/b", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
            Harness.fails(Code.QUOTAEXCEEDED, () -> zk.create(path + "/c", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT));
            zk.delete(path + "/a", -1);
            zk.create(path + "/c", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
            String stats = new String(zk.getData("/zookeeper/quota" + path + "/zookeeper_stats", false, null));
            Harness.equal("count in the stats", 3L, new StatsTrack(stats).getCount());
            DelQuotaCommand.delQuota(zk, path, null);
            zk.create(path + "/d", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
        });
        Harness.check("a hard quota on bytes is enforced on create and setData", () -> {
            String path = zk.create(Harness.fresh(), new byte[10], Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
            StatsTrack limits = new StatsTrack();
            limits.setByteHardLimit(100);
            SetQuotaCommand.createQuota(zk, path, limits);
            zk.create(path + "/a", new byte[50], Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
            Harness.fails(Code.QUOTAEXCEEDED, () -> zk.create(path + "/b", new byte[50], Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT));
            Harness.fails(Code.QUOTAEXCEEDED, () -> zk.setData(path + "/a", new byte[95], -1));
            zk.setData(path + "/a", new byte[90], -1);
            String stats = new String(zk.getData("/zookeeper/quota" + path + "/zookeeper_stats", false, null));
            Harness.equal("bytes in the stats", 100L, new StatsTrack(stats).getBytes());
        });
        Harness.check("a soft quota warns only", () -> {
            String path = zk.create(Harness.fresh(), null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
            StatsTrack limits = new StatsTrack();
            limits.setCount(1);
            SetQuotaCommand.createQuota(zk, path, limits);
            zk.create(path + "/a", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
        });
    }

    private void chroot() {
        Harness.check("a chroot hides itself from every answer and event", () -> {
            String root = zk.create(Harness.fresh(), null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
            Harness.Client client = Harness.connect(Harness.address + root, Harness.SESSION_TIMEOUT_MS);
            Harness.equal("create", "/a", client.create("/a", Harness.bytes("d"), Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT));
            Harness.isTrue("outside", zk.exists(root + "/a", false) != null);
            Harness.equal("sequential", "/s-0000000001",
                client.create("/s-", null, Ids.OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL_SEQUENTIAL));
            Harness.equal("children of the root", 2, client.getChildren("/", false).size());
            Harness.Events events = new Harness.Events();
            client.getData("/a", events, null);
            client.addWatch("/", events, AddWatchMode.PERSISTENT_RECURSIVE);
            client.multi(List.of(
                Op.create("/m", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT), Op.setData("/a", null, 0)));
            events.expect(EventType.NodeCreated, "/m");
            events.expect(EventType.NodeDataChanged, "/a");
            client.delete("/a", -1);
            Harness.equal("all below", 2, client.getAllChildrenNumber("/"));
            client.close();
        });
        Harness.check("a chroot that does not exist says NONODE until it is made", () -> {
            String root = Harness.fresh();
            Harness.Client client = Harness.connect(Harness.address + root, Harness.SESSION_TIMEOUT_MS);
            Harness.fails(Code.NONODE, () -> client.create("/a", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT));
            client.create("/", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
            client.create("/a", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
            client.close();
        });
    }

    private void configuration() {
        Harness.check("getConfig reads the configuration znode", () -> {
            byte[] config = zk.getConfig(false, null);
            List<String> lines = config == null ? List.of() : new String(config).lines().toList();
            Harness.equal("lines", Harness.IS_ENSEMBLE, !lines.isEmpty());
            if (Harness.IS_ENSEMBLE) {
                Harness.equal("the last line", "version=0", lines.get(lines.size() - 1));
                Harness.isTrue("the first server", lines.get(0).matches("server.1=.*:participant;.*"));
            }
        });
        Harness.check("reconfig is refused when it is not enabled", () -> {
            Harness.Events events = new Harness.Events();
            ZooKeeperAdmin admin = new ZooKeeperAdmin(Harness.address, 10_000, events);
            events.connected.await();
            Harness.fails(Code.RECONFIGDISABLED,
                () -> admin.reconfigure("server.9=127.0.0.1:1:2:participant;3", null, null, -1, null));
            Harness.fails(Code.RECONFIGDISABLED,
                () -> admin.reconfigure(null, null, "server.1=127.0.0.1:1:2:participant;3", -1, null));
            admin.close();
        });
    }
}

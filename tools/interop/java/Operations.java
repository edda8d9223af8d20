import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.OpResult;
import org.apache.zookeeper.ZooDefs.Ids;
import org.apache.zookeeper.data.Stat;

/** Creating, reading, changing and deleting, with every field of the stat. */
final class Operations extends Group {
    void run() {
        creation();
        changes();
        children();
        modes();
        sequences();
        asynchronous();
    }

    private String make(String data) throws Exception {
        return zk.create(Harness.fresh(), Harness.bytes(data), Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
    }

    private void creation() {
        Harness.check("create returns the path, and getData the data", () -> {
            String path = Harness.fresh();
            Harness.equal(path, zk.create(path, Harness.bytes("one"), Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT));
            Harness.equal("one", new String(zk.getData(path, false, null)));
        });
        Harness.check("a new znode's stat: zxids agree, versions are zero, times are the server's now", () -> {
            String path = make("12345");
            Stat stat = zk.exists(path, false);
            Harness.isTrue("czxid is positive", stat.getCzxid() > 0);
            Harness.equal("mzxid", stat.getCzxid(), stat.getMzxid());
            Harness.equal("pzxid", stat.getCzxid(), stat.getPzxid());
            Harness.equal("mtime", stat.getCtime(), stat.getMtime());
            Harness.isTrue("ctime is near now", Math.abs(System.currentTimeMillis() - stat.getCtime()) < 10_000);
            Harness.equal("version", 0, stat.getVersion());
            Harness.equal("cversion", 0, stat.getCversion());
            Harness.equal("aversion", 0, stat.getAversion());
            Harness.equal("ephemeralOwner", 0L, stat.getEphemeralOwner());
            Harness.equal("dataLength", 5, stat.getDataLength());
            Harness.equal("numChildren", 0, stat.getNumChildren());
        });
        Harness.check("create with a stat returns the stat that exists then reports", () -> {
            String path = Harness.fresh();
            Stat created = new Stat();
            zk.create(path, Harness.bytes("x"), Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT, created);
            Harness.equal(zk.exists(path, false), created);
        });
        Harness.check("getData, getChildren and getACL fill in the same stat as exists", () -> {
            String path = make("x");
            Stat expected = zk.exists(path, false);
            Stat data = new Stat();
            Stat list = new Stat();
            Stat acl = new Stat();
            zk.getData(path, false, data);
            zk.getChildren(path, false, list);
            zk.getACL(path, acl);
            Harness.equal("getData", expected, data);
            Harness.equal("getChildren", expected, list);
            Harness.equal("getACL", expected, acl);
        });
        Harness.check("null data stays null, empty data stays empty", () -> {
            String none = zk.create(Harness.fresh(), null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
            String empty = zk.create(Harness.fresh(), new byte[0], Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
            Harness.equal("null data", null, zk.getData(none, false, null));
            Harness.equal("empty data", 0, zk.getData(empty, false, null).length);
            Harness.equal("dataLength of null", 0, zk.exists(none, false).getDataLength());
        });
        Harness.check("paths outside ASCII and the basic plane survive", () -> {
            String path = make("x");
            String child = path + "/caf\u00e9-\u65e5\u672c-\uD83D\uDE00";
            try {
                zk.create(child, Harness.bytes("y"), Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
                Harness.equal(List.of(child.substring(path.length() + 1)), zk.getChildren(path, false));
            } catch (IllegalArgumentException refusedByClient) {
                child = path + "/caf\u00e9-\u65e5\u672c";
                zk.create(child, Harness.bytes("y"), Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
                Harness.equal(List.of(child.substring(path.length() + 1)), zk.getChildren(path, false));
            }
        });
        Harness.check("creating what exists is NODEEXISTS, below nothing NONODE", () -> {
            String path = make("x");
            Harness.fails(Code.NODEEXISTS, () -> zk.create(path, null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT));
            Harness.fails(Code.NONODE, () -> zk.create(path + "/a/b", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT));
            Harness.fails(Code.NODEEXISTS, () -> zk.create("/", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT));
        });
        Harness.check("reading what does not exist is NONODE, and exists returns null", () -> {
            String path = Harness.fresh();
            Harness.fails(Code.NONODE, () -> zk.getData(path, false, null));
            Harness.fails(Code.NONODE, () -> zk.getChildren(path, false));
            Harness.fails(Code.NONODE, () -> zk.getACL(path, null));
            Harness.fails(Code.NONODE, () -> zk.setData(path, null, -1));
            Harness.fails(Code.NONODE, () -> zk.delete(path, -1));
            Harness.fails(Code.NONODE, () -> zk.setACL(path, Ids.OPEN_ACL_UNSAFE, -1));
            Harness.equal(null, zk.exists(path, false));
        });
    }

    private void changes() {
        Harness.check("setData returns a stat with version, mzxid and mtime moved, the rest as before", () -> {
            String path = make("x");
            Stat before = zk.exists(path, false);
            Stat after = zk.setData(path, Harness.bytes("longer"), 0);
            Harness.equal("version", 1, after.getVersion());
            Harness.isTrue("mzxid grows", after.getMzxid() > before.getMzxid());
            Harness.isTrue("mtime does not go back", after.getMtime() >= before.getMtime());
            Harness.equal("czxid", before.getCzxid(), after.getCzxid());
            Harness.equal("ctime", before.getCtime(), after.getCtime());
            Harness.equal("pzxid", before.getPzxid(), after.getPzxid());
            Harness.equal("cversion", 0, after.getCversion());
            Harness.equal("aversion", 0, after.getAversion());
            Harness.equal("dataLength", 6, after.getDataLength());
            Harness.equal(zk.exists(path, false), after);
        });
        Harness.check("setData and delete keep to the version they are given", () -> {
            String path = make("x");
            Harness.fails(Code.BADVERSION, () -> zk.setData(path, Harness.bytes("y"), 1));
            zk.setData(path, Harness.bytes("y"), -1);
            Harness.equal("version", 2, zk.setData(path, Harness.bytes("z"), 1).getVersion());
            Harness.fails(Code.BADVERSION, () -> zk.delete(path, 1));
            zk.delete(path, 2);
            Harness.equal(null, zk.exists(path, false));
        });
        Harness.check("setData can store null over data", () -> {
            String path = make("x");
            zk.setData(path, null, -1);
            Harness.equal(null, zk.getData(path, false, null));
        });
        Harness.check("setACL moves aversion only", () -> {
            String path = make("x");
            Stat before = zk.exists(path, false);
            Stat after = zk.setACL(path, Ids.OPEN_ACL_UNSAFE, 0);
            Harness.equal("aversion", 1, after.getAversion());
            Harness.equal("version", 0, after.getVersion());
            Harness.equal("mzxid", before.getMzxid(), after.getMzxid());
            Harness.equal("mtime", before.getMtime(), after.getMtime());
            Harness.fails(Code.BADVERSION, () -> zk.setACL(path, Ids.OPEN_ACL_UNSAFE, 0));
            Harness.equal("aversion again", 2, zk.setACL(path, Ids.OPEN_ACL_UNSAFE, -1).getAversion());
        });
        Harness.check("a recreated znode starts again with new zxids", () -> {
            String path = make("x");
            long first = zk.exists(path, false).getCzxid();
            zk.setData(path, Harness.bytes("y"), -1);
            zk.delete(path, -1);
            zk.create(path, null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
            Stat stat = zk.exists(path, false);
            Harness.isTrue("czxid grows", stat.getCzxid() > first);
            Harness.equal("version", 0, stat.getVersion());
        });
        Harness.check("deleting a znode with children is NOTEMPTY", () -> {
            String path = make("x");
            zk.create(path + "/a", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
            Harness.fails(Code.NOTEMPTY, () -> zk.delete(path, -1));
        });
        Harness.check("the root and the quota branch cannot be deleted", () -> {
            Harness.fails(Code.BADARGUMENTS, () -> zk.delete("/zookeeper", -1));
            Harness.fails(Code.BADARGUMENTS, () -> zk.delete("/", -1));
        });
        Harness.check("the data of the root can be set and its version counts", () -> {
            int version = zk.exists("/", false).getVersion();
            Harness.equal(version + 1, zk.setData("/", Harness.bytes("root"), -1).getVersion());
            zk.setData("/", new byte[0], -1);
        });
    }

    private void children() {
        Harness.check("children move the parent's cversion, pzxid and numChildren, and nothing else", () -> {
            String path = make("x");
            Stat before = zk.exists(path, false);
            Stat child = new Stat();
            zk.create(path + "/a", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT, child);
            Stat one = zk.exists(path, false);
            Harness.equal("cversion", 1, one.getCversion());
            Harness.equal("pzxid", child.getCzxid(), one.getPzxid());
            Harness.equal("numChildren", 1, one.getNumChildren());
            Harness.equal("mzxid", before.getMzxid(), one.getMzxid());
            Harness.equal("version", 0, one.getVersion());
            zk.setData(path + "/a", Harness.bytes("y"), -1);
            Harness.equal("after a change of the child's data", one, zk.exists(path, false));
            zk.delete(path + "/a", -1);
            Stat none = zk.exists(path, false);
            Harness.equal("cversion after the delete", 2, none.getCversion());
            Harness.isTrue("pzxid grows with the delete", none.getPzxid() > one.getPzxid());
            Harness.equal("numChildren after the delete", 0, none.getNumChildren());
        });
        Harness.check("getChildren lists the direct children only", () -> {
            String path = make("x");
            for (String name : List.of("c", "a", "b", "a/deep")) {
                zk.create(path + "/" + name, null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
            }
            List<String> names = new ArrayList<>(zk.getChildren(path, false));
            Collections.sort(names);
            Harness.equal(List.of("a", "b", "c"), names);
        });
        Harness.check("getAllChildrenNumber counts the whole subtree", () -> {
            String path = make("x");
            for (String name : List.of("a", "a/b", "a/b/c", "d")) {
                zk.create(path + "/" + name, null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
            }
            Harness.equal("of the node", 4, zk.getAllChildrenNumber(path));
            Harness.equal("of a child", 2, zk.getAllChildrenNumber(path + "/a"));
            Harness.equal("of a leaf", 0, zk.getAllChildrenNumber(path + "/d"));
            Harness.fails(Code.NONODE, () -> zk.getAllChildrenNumber(path + "/none"));
        });
        Harness.check("the root has the zookeeper branch with config and quota", () -> {
            Harness.isTrue("/zookeeper is listed", zk.getChildren("/", false).contains("zookeeper"));
            List<String> names = new ArrayList<>(zk.getChildren("/zookeeper", false));
            Collections.sort(names);
            Harness.equal(List.of("config", "quota"), names);
        });
    }

    private void modes() {
        Harness.check("an ephemeral names its owner, has no children, and getEphemerals lists it", () -> {
            String path = make("x");
            zk.create(path + "/e", null, Ids.OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL);
            Harness.equal("owner", zk.getSessionId(), zk.exists(path + "/e", false).getEphemeralOwner());
            Harness.fails(Code.NOCHILDRENFOREPHEMERALS,
                () -> zk.create(path + "/e/c", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT));
            Harness.equal("under the prefix", List.of(path + "/e"), zk.getEphemerals(path));
            Harness.isTrue("among all", zk.getEphemerals().contains(path + "/e"));
            zk.delete(path + "/e", -1);
            Harness.equal("after the delete", List.of(), zk.getEphemerals(path));
        });
        Harness.check("a session's ephemerals go with it at once when it is closed", () -> {
            Harness.Client other = Harness.connect();
            String path = make("x");
            other.create(path + "/e", null, Ids.OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL);
            other.create(path + "/p", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
            other.close();
            zk.sync(path);
            Harness.equal(List.of("p"), zk.getChildren(path, false));
            Harness.equal("cversion of the parent", 3, zk.exists(path, false).getCversion());
        });
        Harness.check("a container looks ordinary and goes after its last child", () -> {
            String path = Harness.fresh();
            Stat stat = new Stat();
            zk.create(path, null, Ids.OPEN_ACL_UNSAFE, CreateMode.CONTAINER, stat);
            Harness.equal("ephemeralOwner", 0L, stat.getEphemeralOwner());
            Harness.equal("ephemeralOwner as read", 0L, zk.exists(path, false).getEphemeralOwner());
            Thread.sleep(900);
            Harness.isTrue("a container that never had a child stays", zk.exists(path, false) != null);
            zk.create(path + "/c", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
            zk.delete(path + "/c", -1);
            Harness.eventually("removal of the container", 10_000, () -> zk.exists(path, false) == null);
        });
        Harness.check("a znode with a time to live goes when it has rested that long, and not with a child", () -> {
            String path = Harness.fresh();
            // At once: its time may be over before a second request comes.
            List<OpResult> created = zk.multi(List.of(
                Op.create(path, null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT_WITH_TTL, 500),
                Op.create(path + "/c", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT)));
            Stat stat = ((OpResult.CreateResult) created.get(0)).getStat();
            Harness.equal("ephemeralOwner", 0L, stat.getEphemeralOwner());
            Thread.sleep(1_200);
            Harness.isTrue("it stays while it has a child", zk.exists(path, false) != null);
            zk.delete(path + "/c", -1);
            Harness.eventually("removal after its time", 10_000, () -> zk.exists(path, false) == null);
        });
        Harness.check("a sequential znode with a long time to live stays", () -> {
            String path = make("x");
            Stat stat = new Stat();
            String name = zk.create(path + "/t-", null, Ids.OPEN_ACL_UNSAFE,
                CreateMode.PERSISTENT_SEQUENTIAL_WITH_TTL, stat, 3_600_000);
            Harness.equal("ephemeralOwner", 0L, stat.getEphemeralOwner());
            Harness.equal(path + "/t-0000000000", name);
            Harness.isTrue("it is there", zk.exists(name, false) != null);
        });
    }

    private void sequences() {
        Harness.check("sequence numbers have ten digits and count the children ever created", () -> {
            String path = make("x");
            Harness.equal(path + "/s-0000000000", sequential(path + "/s-"));
            Harness.equal(path + "/s-0000000001", sequential(path + "/s-"));
            zk.create(path + "/plain", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
            Harness.equal(path + "/0000000003", sequential(path + "/"));
            zk.delete(path + "/plain", -1);
            zk.delete(path + "/0000000003", -1);
            String next = sequential(path + "/other-");
            Harness.equal("after two deletes", path + "/other-0000000004", next);
        });
        Harness.check("sequential and ephemeral together", () -> {
            String path = make("x");
            String name = zk.create(path + "/e", null, Ids.OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL_SEQUENTIAL);
            Harness.equal(path + "/e0000000000", name);
            Harness.equal("owner", zk.getSessionId(), zk.exists(name, false).getEphemeralOwner());
            zk.delete(name, -1);
        });
    }

    private String sequential(String prefix) throws Exception {
        return zk.create(prefix, null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT_SEQUENTIAL);
    }

    private void asynchronous() {
        Harness.check("a thousand asynchronous requests are answered in order", () -> {
            String path = make("x");
            int count = 1_000;
            List<Integer> order = Collections.synchronizedList(new ArrayList<>());
            List<Integer> codes = Collections.synchronizedList(new ArrayList<>());
            CountDownLatch rest = new CountDownLatch(2 * count);
            for (int i = 0; i < count; i++) {
                zk.setData(path, Harness.bytes("v" + i), i, (code, p, context, stat) -> {
                    order.add((Integer) context);
                    codes.add(code);
                    rest.countDown();
                }, 2 * i);
                String expected = "v" + i;
                zk.getData(path, false, (code, p, context, data, stat) -> {
                    order.add((Integer) context);
                    codes.add(Arrays.equals(data, Harness.bytes(expected)) ? code : 99);
                    rest.countDown();
                }, 2 * i + 1);
            }
            Harness.isTrue("all answered", rest.await(60, TimeUnit.SECONDS));
            for (int i = 0; i < 2 * count; i++) {
                Harness.equal("order", i, order.get(i));
                Harness.equal("code of request " + i, 0, codes.get(i));
            }
        });
        Harness.check("sync answers with the path it was given", () -> {
            String path = make("x");
            AtomicReference<String> answer = new AtomicReference<>();
            CountDownLatch done = new CountDownLatch(1);
            zk.sync(path, (code, p, context) -> {
                answer.set(code + " " + p);
                done.countDown();
            }, null);
            Harness.isTrue("answered", done.await(10, TimeUnit.SECONDS));
            Harness.equal("0 " + path, answer.get());
        });
        Harness.check("two clients see each other's writes after a sync", () -> {
            Harness.Client other = Harness.connect();
            String path = make("x");
            for (int i = 0; i < 50; i++) {
                zk.setData(path, Harness.bytes("n" + i), -1);
                other.sync(path);
                Harness.equal("n" + i, new String(other.getData(path, false, null)));
            }
            other.close();
        });
    }
}

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.OpResult;
import org.apache.zookeeper.WatchedEvent;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.data.Id;
import org.apache.zookeeper.data.Stat;

/** What a program written for the Java client of ZooKeeper 3.4 does: `OldClientPeer SERVERS`. */
final class OldClientPeer {
    private static final int TIMEOUT_MS = 10_000;
    private static final int MANY = 1_000;
    private static String servers;
    private static int names;

    public static void main(String[] args) {
        servers = args[0];
        Checks.check("a znode has what it was given, and the stat that belongs to it", OldClientPeer::data);
        Checks.check("sequential znodes are numbered, ephemerals have their owner", OldClientPeer::modes);
        Checks.check("what cannot be done is refused with its own error", OldClientPeer::refusals);
        Checks.check("watches see data, children, creation and deletion, once", OldClientPeer::watches);
        Checks.check("a transaction is done as a whole", OldClientPeer::transaction);
        Checks.check("or not at all, and says which of its operations failed", OldClientPeer::refusedTransaction);
        Checks.check("a digest keeps others out", OldClientPeer::access);
        Checks.check("a session moves to another client by id and password", OldClientPeer::takeover);
        Checks.check("an ephemeral ends with its session", OldClientPeer::ephemeral);
        Checks.check("a chroot is the root", OldClientPeer::chroot);
        Checks.check("a thousand requests are answered in order", OldClientPeer::many);
        System.out.println("done");
    }

    /** A client, and what its watches saw. */
    private static final class Client implements AutoCloseable {
        final BlockingQueue<String> events = new LinkedBlockingQueue<>();
        final Watcher watcher = event -> {
            if (event.getType() != Watcher.Event.EventType.None) {
                events.add(event.getType() + " " + event.getPath());
            }
        };
        final ZooKeeper handle;

        Client(String chroot, long id, byte[] password) throws Exception {
            CountDownLatch connected = new CountDownLatch(1);
            Watcher first = (WatchedEvent event) -> {
                if (event.getState() == Watcher.Event.KeeperState.SyncConnected) {
                    connected.countDown();
                }
            };
            handle = id == 0
                ? new ZooKeeper(servers + chroot, TIMEOUT_MS, first)
                : new ZooKeeper(servers + chroot, TIMEOUT_MS, first, id, password);
            Checks.isTrue("connected", connected.await(TIMEOUT_MS, TimeUnit.MILLISECONDS));
        }

        Client() throws Exception {
            this("", 0, null);
        }

        String create(String path, CreateMode mode) throws Exception {
            return handle.create(path, Checks.bytes("data"), ZooDefs.Ids.OPEN_ACL_UNSAFE, mode);
        }

        void expect(String event) throws Exception {
            Checks.equal("event", event, events.poll(TIMEOUT_MS, TimeUnit.MILLISECONDS));
        }

        @Override
        public void close() throws Exception {
            handle.close();
        }
    }

    /** A path that no other check uses, nor another try of the same. */
    private static String fresh() {
        return "/old-" + System.nanoTime() + "-" + names++;
    }

    private static void data() throws Exception {
        try (Client client = new Client()) {
            String path = client.create(fresh(), CreateMode.PERSISTENT);
            Stat stat = client.handle.setData(path, Checks.bytes("more of it"), 0);
            Stat read = new Stat();
            Checks.equal("more of it", new String(client.handle.getData(path, false, read)));
            Checks.equal("stat", stat, read);
            Checks.equal("version", 1, read.getVersion());
            Checks.equal("length", 10, read.getDataLength());
            Checks.isTrue("zxids grow", read.getCzxid() < read.getMzxid() && read.getCzxid() == read.getPzxid());
        }
    }

    private static void modes() throws Exception {
        try (Client client = new Client()) {
            String parent = client.create(fresh(), CreateMode.PERSISTENT);
            Checks.equal(parent + "/n-0000000000", client.create(parent + "/n-", CreateMode.PERSISTENT_SEQUENTIAL));
            String last = client.create(parent + "/n-", CreateMode.EPHEMERAL_SEQUENTIAL);
            Checks.equal(parent + "/n-0000000001", last);
            Checks.equal(client.handle.getSessionId(), client.handle.exists(last, false).getEphemeralOwner());
            List<String> children = new ArrayList<>(client.handle.getChildren(parent, false));
            Collections.sort(children);
            Checks.equal(Arrays.asList("n-0000000000", "n-0000000001"), children);
        }
    }

    private static void refusals() throws Exception {
        try (Client client = new Client()) {
            String path = client.create(fresh(), CreateMode.PERSISTENT);
            client.create(path + "/child", CreateMode.EPHEMERAL);
            refused(KeeperException.Code.NODEEXISTS, () -> client.create(path, CreateMode.PERSISTENT));
            refused(KeeperException.Code.NOTEMPTY, () -> client.handle.delete(path, -1));
            refused(KeeperException.Code.BADVERSION, () -> client.handle.setData(path, new byte[0], 7));
            refused(KeeperException.Code.NONODE, () -> client.handle.getData(path + "/none", false, null));
            refused(KeeperException.Code.NOCHILDRENFOREPHEMERALS, () ->
                client.create(path + "/child/one", CreateMode.PERSISTENT));
        }
    }

    private static void refused(KeeperException.Code code, Checks.Body body) throws Exception {
        try {
            body.run();
        } catch (KeeperException problem) {
            Checks.equal("error", code, problem.code());
            return;
        }
        throw new AssertionError("there was no error, expected " + code);
    }

    private static void watches() throws Exception {
        try (Client client = new Client(); Client other = new Client()) {
            String path = fresh();
            client.handle.exists(path, client.watcher);
            other.create(path, CreateMode.PERSISTENT);
            client.expect("NodeCreated " + path);
            client.handle.getData(path, client.watcher, null);
            other.handle.setData(path, new byte[0], -1);
            other.handle.setData(path, new byte[0], -1);
            client.expect("NodeDataChanged " + path);
            client.handle.getChildren(path, client.watcher);
            other.create(path + "/child", CreateMode.PERSISTENT);
            client.expect("NodeChildrenChanged " + path);
            client.handle.exists(path + "/child", client.watcher);
            other.handle.delete(path + "/child", -1);
            client.expect("NodeDeleted " + path + "/child");
            Checks.equal("further events", 0, client.events.size());
        }
    }

    private static void transaction() throws Exception {
        try (Client client = new Client()) {
            String path = fresh();
            List<OpResult> results = client.handle.multi(Arrays.asList(
                Op.create(path, new byte[0], ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT),
                Op.setData(path, Checks.bytes("set"), 0),
                Op.check(path, 1)));
            Checks.equal(path, ((OpResult.CreateResult) results.get(0)).getPath());
            Checks.equal(1, ((OpResult.SetDataResult) results.get(1)).getStat().getVersion());
        }
    }

    private static void refusedTransaction() throws Exception {
        try (Client client = new Client()) {
            String path = fresh();
            List<Op> operations = Arrays.asList(
                Op.create(path, new byte[0], ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT),
                Op.check(path, 5),
                Op.delete(path, -1));
            try {
                client.handle.multi(operations);
                throw new AssertionError("it was done");
            } catch (KeeperException.BadVersionException refusal) {
                List<Integer> errors = new ArrayList<>();
                for (OpResult result : refusal.getResults()) {
                    errors.add(((OpResult.ErrorResult) result).getErr());
                }
                Checks.equal("errors", Arrays.asList(0, -103, -2), errors);
            }
            Checks.equal("the znode", null, client.handle.exists(path, false));
        }
    }

    private static void access() throws Exception {
        try (Client owner = new Client(); Client other = new Client()) {
            owner.handle.addAuthInfo("digest", Checks.bytes("old:secret"));
            String path = owner.handle.create(fresh(), Checks.bytes("mine"), ZooDefs.Ids.CREATOR_ALL_ACL, CreateMode.PERSISTENT);
            refused(KeeperException.Code.NOAUTH, () -> other.handle.getData(path, false, null));
            other.handle.addAuthInfo("digest", Checks.bytes("old:secret"));
            other.handle.sync(path, (code, where, context) -> { }, null);
            Checks.equal("mine", new String(other.handle.getData(path, false, null)));
            Stat stat = new Stat();
            List<ACL> acl = other.handle.getACL(path, stat);
            acl.add(new ACL(ZooDefs.Perms.READ, new Id("world", "anyone")));
            Checks.equal("ACL version", 1, other.handle.setACL(path, acl, stat.getAversion()).getAversion());
        }
    }

    private static void takeover() throws Exception {
        Client first = new Client();
        String path = first.create(fresh(), CreateMode.EPHEMERAL);
        try (Client second = new Client("", first.handle.getSessionId(), first.handle.getSessionPasswd())) {
            Checks.equal(first.handle.getSessionId(), second.handle.exists(path, false).getEphemeralOwner());
        }
        try (Client third = new Client()) {
            third.handle.sync(path, (code, where, context) -> { }, null);
            Checks.equal("the ephemeral of a session that was closed", null, third.handle.exists(path, false));
        }
    }

    private static void ephemeral() throws Exception {
        try (Client client = new Client()) {
            Client other = new Client();
            String path = other.create(fresh(), CreateMode.EPHEMERAL);
            client.handle.sync(path, (code, where, context) -> { }, null);
            Checks.isTrue("it is there", client.handle.exists(path, client.watcher) != null);
            other.close();
            client.expect("NodeDeleted " + path);
        }
    }

    private static void chroot() throws Exception {
        try (Client client = new Client()) {
            String root = client.create(fresh(), CreateMode.PERSISTENT);
            try (Client inside = new Client(root, 0, null)) {
                Checks.equal("/inner", inside.create("/inner", CreateMode.PERSISTENT));
                Checks.equal(Arrays.asList("inner"), inside.handle.getChildren("/", inside.watcher));
                inside.create("/other", CreateMode.PERSISTENT);
                inside.expect("NodeChildrenChanged /");
            }
            Checks.isTrue("outside", client.handle.exists(root + "/inner", false) != null);
        }
    }

    private static void many() throws Exception {
        try (Client client = new Client()) {
            String parent = client.create(fresh(), CreateMode.PERSISTENT);
            BlockingQueue<String> answers = new LinkedBlockingQueue<>();
            for (int number = 0; number < MANY; number++) {
                client.handle.create(parent + "/n-", new byte[100], ZooDefs.Ids.OPEN_ACL_UNSAFE,
                    CreateMode.PERSISTENT_SEQUENTIAL, (code, path, context, name) -> answers.add(code + name), null);
            }
            for (int number = 0; number < MANY; number++) {
                String answer = answers.poll(TIMEOUT_MS, TimeUnit.MILLISECONDS);
                Checks.equal(String.format("0%s/n-%010d", parent, number), answer);
            }
        }
    }
}

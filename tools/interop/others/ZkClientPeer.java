import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.I0Itec.zkclient.IZkDataListener;
import org.I0Itec.zkclient.ZkClient;
import org.I0Itec.zkclient.exception.ZkBadVersionException;
import org.I0Itec.zkclient.exception.ZkNodeExistsException;

/** ZkClient, which keeps its listeners over broken connections: `ZkClientPeer SERVERS`. */
final class ZkClientPeer {
    private static final int TIMEOUT_MS = 10_000;
    private static String servers;
    private static int names;

    public static void main(String[] args) {
        servers = args[0];
        Checks.check("objects are written and read, with their versions", ZkClientPeer::objects);
        Checks.check("a whole branch is created and deleted", ZkClientPeer::branch);
        Checks.check("listeners hear of every change of data, and of the deletion", ZkClientPeer::dataListener);
        Checks.check("listeners hear of children, and of their parent's creation", ZkClientPeer::childListener);
        Checks.check("an ephemeral goes when its client closes", ZkClientPeer::ephemeral);
        Checks.check("changes by compare-and-set are all counted", ZkClientPeer::updates);
        System.out.println("done");
    }

    private static ZkClient open() {
        return new ZkClient(servers, TIMEOUT_MS, TIMEOUT_MS);
    }

    private static String fresh() {
        return "/zkclient-" + System.nanoTime() + "-" + names++;
    }

    private static void objects() {
        ZkClient client = open();
        String path = fresh();
        client.createPersistent(path, "first");
        Checks.equal("first", client.readData(path));
        client.writeData(path, List.of("second").toString(), 0);
        Checks.equal("[second]", client.readData(path));
        try {
            client.writeData(path, "third", 0);
            throw new AssertionError("an old version was taken");
        } catch (ZkBadVersionException expected) {
            client.close();
        }
    }

    private static void branch() {
        ZkClient client = open();
        String path = fresh();
        client.createPersistent(path + "/a/b/c", true);
        Checks.equal(1, client.countChildren(path + "/a"));
        try {
            client.createPersistent(path + "/a");
            throw new AssertionError("it was made twice");
        } catch (ZkNodeExistsException expected) {
            Checks.isTrue("deleted", client.deleteRecursive(path));
        }
        Checks.equal(false, client.exists(path));
        client.close();
    }

    private static void dataListener() throws Exception {
        ZkClient client = open();
        ZkClient other = open();
        String path = fresh();
        other.createPersistent(path, "0");
        BlockingQueue<Object> heard = new LinkedBlockingQueue<>();
        client.subscribeDataChanges(path, new IZkDataListener() {
            @Override
            public void handleDataChange(String where, Object data) {
                heard.add(data);
            }

            @Override
            public void handleDataDeleted(String where) {
                heard.add("deleted");
            }
        });
        for (String text : List.of("1", "2", "3")) {
            other.writeData(path, text);
            expect(text, heard);
        }
        other.delete(path);
        expect("deleted", heard);
        other.close();
        client.close();
    }

    private static void childListener() throws Exception {
        ZkClient client = open();
        ZkClient other = open();
        String path = fresh();
        BlockingQueue<Object> heard = new LinkedBlockingQueue<>();
        client.subscribeChildChanges(path, (parent, children) -> heard.add(String.valueOf(children)));
        other.createPersistent(path);
        expect("[]", heard);
        other.createPersistent(path + "/one");
        expect("[one]", heard);
        other.deleteRecursive(path);
        expect("null", heard);
        other.close();
        client.close();
    }

    /** Until it is heard: what comes before it is an earlier state, told again. */
    private static void expect(Object wanted, BlockingQueue<Object> heard) throws Exception {
        Object last;
        do {
            last = heard.poll(TIMEOUT_MS, TimeUnit.MILLISECONDS);
            Checks.isTrue("heard of " + wanted, last != null);
        } while (!last.equals(wanted));
    }

    private static void ephemeral() throws Exception {
        ZkClient client = open();
        ZkClient other = open();
        String path = fresh();
        other.createPersistent(path);
        String name = other.createEphemeralSequential(path + "/e-", "mine");
        Checks.equal(path + "/e-0000000000", name);
        Checks.isTrue("it is there", client.waitUntilExists(name, TimeUnit.MILLISECONDS, TIMEOUT_MS));
        other.close();
        Checks.eventually("its end", TIMEOUT_MS, () -> !client.exists(name));
        client.close();
    }

    private static void updates() throws Exception {
        ZkClient one = open();
        ZkClient other = open();
        String path = fresh();
        one.createPersistent(path, 0);
        // Of another server, which may hear of it later; so may the first one of the last update.
        Checks.eventually("it is there", TIMEOUT_MS, () -> other.exists(path));
        Thread thread = new Thread(() -> count(other, path));
        thread.start();
        count(one, path);
        thread.join();
        Checks.eventually("all updates", TIMEOUT_MS, () -> one.<Integer>readData(path) == 100);
        other.close();
        one.close();
    }

    private static void count(ZkClient client, String path) {
        for (int number = 0; number < 50; number++) {
            client.<Integer>updateDataSerialized(path, value -> value + 1);
        }
    }
}

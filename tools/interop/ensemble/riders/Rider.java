import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Watcher.Event.KeeperState;
import org.apache.zookeeper.ZooDefs.Ids;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.Stat;

/**
 * Stays connected while servers are exchanged: appends numbers to a znode until the znode ROOT/end is there, then says
 * whether all is as it was told. Prints `ready` when its znodes are there, and `lost MS` and `gap FROM TO`, in
 * milliseconds since 1970, for what it noticed.
 *
 * usage: Rider HOST:PORT,... ROOT
 */
public final class Rider {
    private static final int SESSION_TIMEOUT_MS = 20_000;
    private static final long NOTICED_GAP_MS = 1_000;
    private final AtomicInteger expirations = new AtomicInteger();
    private final AtomicBoolean isConnected = new AtomicBoolean();
    private final List<Integer> acknowledged = new ArrayList<>();
    private final List<Integer> unknown = new ArrayList<>();
    private final String list;
    private final String ephemeral;
    private final String end;
    private final ZooKeeper zk;
    private long lastWriteMs;
    /** Whether the last write may have been done, or may still be. */
    private boolean isInDoubt;

    private Rider(String hosts, String root) throws Exception {
        list = root + "/java";
        ephemeral = root + "/java-is-here";
        end = root + "/end";
        zk = new ZooKeeper(hosts, SESSION_TIMEOUT_MS, event -> noteState(event.getState()));
    }

    public static void main(String[] args) throws Exception {
        Rider rider = new Rider(args[0], args[1]);
        rider.ride();
        rider.judge();
        System.out.println("done");
        System.exit(0);
    }

    private synchronized void noteState(KeeperState state) {
        boolean wasConnected = isConnected.getAndSet(state == KeeperState.SyncConnected);
        if (state == KeeperState.Disconnected && wasConnected) {
            System.out.println("lost " + System.currentTimeMillis());
        }
        if (state == KeeperState.Expired) {
            expirations.incrementAndGet();
        }
        notifyAll();
    }

    private void ride() throws Exception {
        awaitConnection();
        zk.create(list, new byte[0], Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
        zk.create(ephemeral, new byte[0], Ids.OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL);
        System.out.println("ready");
        lastWriteMs = System.currentTimeMillis();
        for (int number = 1; ; number++) {
            try {
                if (zk.exists(end, false) != null) {
                    return;
                }
                append(number);
            } catch (KeeperException.BadVersionException refused) {
                // It was read where the write in doubt had not arrived yet.
                if (!isInDoubt) {
                    throw refused;
                }
                isInDoubt = false;
            } catch (KeeperException.ConnectionLossException lost) {
                awaitConnection();
            }
            Thread.sleep(10);
        }
    }

    private void append(int number) throws Exception {
        Stat stat = new Stat();
        String before = new String(zk.getData(list, false, stat), StandardCharsets.UTF_8);
        byte[] after = (before + number + " ").getBytes(StandardCharsets.UTF_8);
        try {
            zk.setData(list, after, stat.getVersion());
        } catch (KeeperException.ConnectionLossException lost) {
            unknown.add(number);
            isInDoubt = true;
            throw lost;
        }
        isInDoubt = false;
        acknowledged.add(number);
        long now = System.currentTimeMillis();
        if (now - lastWriteMs >= NOTICED_GAP_MS) {
            System.out.println("gap " + lastWriteMs + " " + now);
        }
        lastWriteMs = now;
    }

    private synchronized void awaitConnection() throws InterruptedException {
        while (!isConnected.get() && expirations.get() == 0) {
            wait(100);
        }
    }

    /** Repeats a question until there is a connection that answers it. */
    private <T> T read(Callable<T> question) throws Exception {
        for (;;) {
            try {
                return question.call();
            } catch (KeeperException.ConnectionLossException lost) {
                awaitConnection();
                Thread.sleep(10);
            }
        }
    }

    private void judge() throws Exception {
        List<Integer> found = new ArrayList<>();
        byte[] numbers = read(() -> zk.getData(list, false, null));
        for (String number : new String(numbers, StandardCharsets.UTF_8).split(" ")) {
            found.add(Integer.valueOf(number));
        }
        found.removeAll(unknown);
        say("the Java client finds what was acknowledged, once and in order", found.equals(acknowledged));
        say("the Java client wrote all the time", acknowledged.size() > 50);
        say("the Java client's session was never lost", expirations.get() == 0);
        Stat stat = read(() -> zk.exists(ephemeral, false));
        say("the Java client's ephemeral is still its own", stat != null && stat.getEphemeralOwner() == zk.getSessionId());
        zk.close();
    }

    private static void say(String sentence, boolean isTrue) {
        System.out.println((isTrue ? "ok " : "not ok ") + sentence);
    }
}

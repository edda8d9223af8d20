import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.jute.Record;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.WatchedEvent;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.proto.ReplyHeader;
import org.apache.zookeeper.proto.RequestHeader;

/** What all checks with a ZooKeeper handle share. */
final class Harness extends Checks {
    static final int SESSION_TIMEOUT_MS = 20_000;
    private static final AtomicInteger NAMES = new AtomicInteger();
    static String address;

    private Harness() {}

    static void fails(KeeperException.Code expected, Body body) throws Exception {
        try {
            body.run();
        } catch (KeeperException problem) {
            if (problem.code() == expected) {
                return;
            }
            throw problem;
        }
        throw new AssertionError("success instead of " + expected);
    }

    /** A path that no other check uses. */
    static String fresh() {
        return "/java-" + NAMES.incrementAndGet() + "-" + System.nanoTime();
    }

    static Client connect() throws Exception {
        return connect(address, SESSION_TIMEOUT_MS);
    }

    static Client connect(String connectString, int timeoutMs) throws Exception {
        Events events = new Events();
        Client client = new Client(connectString, timeoutMs, events);
        if (!events.connected.await(15, TimeUnit.SECONDS)) {
            throw new IOException("no connection within 15 s");
        }
        return client;
    }

    /** A ZooKeeper handle that can also send requests the public methods refuse to send. */
    static final class Client extends ZooKeeper {
        final Events events;

        Client(String connectString, int timeoutMs, Events events) throws Exception {
            super(connectString, timeoutMs, events);
            this.events = events;
        }

        Client(String connectString, int timeoutMs, Events events, long id, byte[] password) throws Exception {
            super(connectString, timeoutMs, events, id, password);
            this.events = events;
        }

        int submit(int type, Record request, Record response) throws Exception {
            RequestHeader header = new RequestHeader();
            header.setType(type);
            ReplyHeader reply = cnxn.submitRequest(header, request, response, null);
            return reply.getErr();
        }

        void breakConnection() throws Exception {
            foreseeLoss();
            getTestable().closeSocket();
            // The client waits for its next ping or request before it looks at its socket.
            exists("/", false, (rc, path, context, stat) -> { }, null);
        }

        /** Waits until the event thread has delivered everything that the server sent before now. */
        void settle() throws Exception {
            CountDownLatch seen = new CountDownLatch(1);
            exists("/", false, (rc, path, context, stat) -> seen.countDown(), null);
            isTrue("the connection answers", seen.await(10, TimeUnit.SECONDS));
        }
    }

    /** Collects watch events; session events are kept apart. */
    static final class Events implements Watcher {
        final CountDownLatch connected = new CountDownLatch(1);
        final BlockingQueue<WatchedEvent> events = new LinkedBlockingQueue<>();
        final BlockingQueue<Event.KeeperState> states = new LinkedBlockingQueue<>();
        private volatile boolean isOut;

        @Override
        public void process(WatchedEvent event) {
            if (event.getType() == Event.EventType.None) {
                states.add(event.getState());
                isOut = event.getState() == Event.KeeperState.Disconnected;
                if (isOut) {
                    noteLoss(() -> isOut);
                }
                if (event.getState() == Event.KeeperState.SyncConnected) {
                    connected.countDown();
                }
                return;
            }
            events.add(event);
        }

        WatchedEvent expect(Event.EventType type, String path) throws Exception {
            WatchedEvent event = events.poll(10, TimeUnit.SECONDS);
            isTrue("no event within 10 s, expected " + type + " " + path, event != null);
            equal("event", type + " " + path, event.getType() + " " + event.getPath());
            return event;
        }

        void expectState(Event.KeeperState state, long limitMs) throws Exception {
            List<Event.KeeperState> seen = new ArrayList<>();
            long deadline = System.nanoTime() + limitMs * 1_000_000L;
            while (System.nanoTime() < deadline) {
                Event.KeeperState next = states.poll(50, TimeUnit.MILLISECONDS);
                if (next == state) {
                    return;
                }
                if (next != null) {
                    seen.add(next);
                }
            }
            throw new AssertionError("state " + state + " did not come, but " + seen);
        }

        void expectNothing() {
            equal("further events", List.of(), new ArrayList<>(events));
        }
    }
}

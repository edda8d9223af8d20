import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
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

/** Prints one line per check, and holds what all checks share. */
final class Harness {
    static final int SESSION_TIMEOUT_MS = 20_000;
    /** One of several servers, which lose their leader meanwhile: a check that this interrupts is tried again. */
    static final boolean IS_ENSEMBLE = System.getenv("ZK_INTEROP_ENSEMBLE") != null;
    private static final int ATTEMPTS = IS_ENSEMBLE ? 4 : 1;
    private static final AtomicInteger NAMES = new AtomicInteger();
    static String address;

    interface Body {
        void run() throws Exception;
    }

    private Harness() {}

    static void check(String sentence, Body body) {
        long from = System.nanoTime();
        int attempt = 1;
        while (!passes(sentence, body, attempt == ATTEMPTS)) {
            if (attempt++ == ATTEMPTS) {
                break;
            }
        }
        System.out.println("  took " + (System.nanoTime() - from) / 1_000_000 + " ms");
    }

    private static boolean passes(String sentence, Body body, boolean isLast) {
        try {
            body.run();
            System.out.println("ok " + sentence);
            return true;
        } catch (Throwable problem) {
            String detail = problem instanceof AssertionError ? problem.getMessage() : problem.toString();
            String verdict = isLast ? "not ok " : "again ";
            System.out.println(verdict + sentence + ": " + String.valueOf(detail).replace('\n', ' '));
            problem.printStackTrace(System.err);
            if (!isLast) {
                rest();
            }
            return false;
        }
    }

    /** Until an ensemble that has lost its leader serves again. */
    private static void rest() {
        try {
            Thread.sleep(3_000);
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        }
    }

    static void equal(Object expected, Object actual) {
        equal("value", expected, actual);
    }

    static void equal(String what, Object expected, Object actual) {
        if (!Objects.equals(expected, actual)) {
            throw new AssertionError(what + " is " + actual + ", expected " + expected);
        }
    }

    static void isTrue(String what, boolean condition) {
        if (!condition) {
            throw new AssertionError(what);
        }
    }

    static void fails(KeeperException.Code expected, Body body) throws Exception {
        KeeperException.Code code = KeeperException.Code.OK;
        try {
            body.run();
        } catch (KeeperException problem) {
            code = problem.code();
        }
        equal("error code", expected, code);
    }

    /** A path that no other check uses. */
    static String fresh() {
        return "/java-" + NAMES.incrementAndGet() + "-" + System.nanoTime();
    }

    static byte[] bytes(String text) {
        return text.getBytes(java.nio.charset.StandardCharsets.UTF_8);
    }

    static Client connect() throws Exception {
        return connect(address, SESSION_TIMEOUT_MS);
    }

    static Client connect(String connectString, int timeoutMs) throws Exception {
        Events events = new Events();
        Client client = new Client(connectString, timeoutMs, events);
        isTrue("no connection within 15 s", events.connected.await(15, TimeUnit.SECONDS));
        return client;
    }

    /** Repeats a question until the answer is true; for things that a server does in its own time. */
    static void eventually(String what, long limitMs, java.util.concurrent.Callable<Boolean> question) throws Exception {
        long deadline = System.nanoTime() + limitMs * 1_000_000L;
        while (!question.call()) {
            isTrue(what + " did not happen within " + limitMs + " ms", System.nanoTime() < deadline);
            Thread.sleep(20);
        }
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
            getTestable().closeSocket();
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

        @Override
        public void process(WatchedEvent event) {
            if (event.getType() == Event.EventType.None) {
                states.add(event.getState());
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

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Prints one line per check; knows of no client, and of no Java later than 8. */
class Checks {
    /** One of several servers, which lose their leader meanwhile. */
    static final boolean IS_ENSEMBLE = System.getenv("ZK_INTEROP_ENSEMBLE") != null;
    /** How often a check may be tried: once, but where it may be interrupted. */
    private static final int ATTEMPTS = IS_ENSEMBLE ? Integer.parseInt(System.getenv("ZK_INTEROP_ATTEMPTS")) : 1;
    /** Errors of all clients of ZooKeeper that say nothing about a server's answers. */
    private static final List<String> INTERRUPTIONS = Arrays.asList("ConnectionLossException",
        "OperationTimeoutException", "RequestTimeoutException", "SessionExpiredException", "SessionMovedException");
    /** Connections that were lost in this attempt without the doing of the check. */
    private static final AtomicInteger LOSSES = new AtomicInteger();
    /** Of connections that were lost: whether they still are. */
    private static final Queue<BooleanSupplier> OUTAGES = new ConcurrentLinkedQueue<>();
    private static final long TELLING_LIMIT_MS = 5_000;
    /** Set by a program that notes its losses: then a check is repeated for nothing else. */
    static boolean notesLosses;
    /** Makes a known state for a check that was interrupted. */
    static Body beforeRepeat = () -> { };

    interface Body {
        void run() throws Exception;
    }

    static void check(String sentence, Body body) {
        long from = System.nanoTime();
        int attempt = 1;
        while (isRepeated(sentence, body, attempt)) {
            attempt++;
        }
        System.out.println("  took " + (System.nanoTime() - from) / 1_000_000 + " ms");
    }

    /** A connection was lost, and is not back for as long as the answer is true. */
    static void noteLoss(BooleanSupplier isOut) {
        OUTAGES.add(isOut);
        LOSSES.incrementAndGet();
    }

    /** A connection is about to be lost by the doing of the check. */
    static void foreseeLoss() {
        LOSSES.decrementAndGet();
    }

    /** Whoever is without a connection yet is so for this attempt, too. */
    private static void forgetLosses() {
        LOSSES.set(0);
        OUTAGES.removeIf(isOut -> !isOut.getAsBoolean());
        LOSSES.addAndGet(OUTAGES.size());
    }

    /** Tries a check, and tells whether it was interrupted and may be tried again. */
    private static boolean isRepeated(String sentence, Body body, int attempt) {
        try {
            if (attempt > 1) {
                Thread.sleep(3_000);
                beforeRepeat.run();
            }
            forgetLosses();
            body.run();
            System.out.println("ok " + sentence);
            return false;
        } catch (Throwable problem) {
            boolean isRepeated = attempt < ATTEMPTS && wasInterrupted(problem);
            String detail = problem instanceof AssertionError ? problem.getMessage() : problem.toString();
            String verdict = isRepeated ? "again " : "not ok ";
            System.out.println(verdict + sentence + ": " + String.valueOf(detail).replace('\n', ' '));
            problem.printStackTrace(System.err);
            return isRepeated;
        }
    }

    private static boolean wasInterrupted(Throwable problem) {
        for (Throwable cause = problem; cause != null; cause = cause.getCause()) {
            if (cause instanceof IOException || INTERRUPTIONS.contains(cause.getClass().getSimpleName())) {
                return true;
            }
        }
        return !notesLosses || isLossTold();
    }

    /** Clients tell of a lost connection behind the answers that it cost. */
    private static boolean isLossTold() {
        long deadline = System.nanoTime() + TELLING_LIMIT_MS * 1_000_000L;
        while (LOSSES.get() <= 0 && System.nanoTime() < deadline) {
            LockSupport.parkNanos(20_000_000L);
        }
        return LOSSES.get() > 0;
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

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** Repeats a question until the answer is true; for things that a server does in its own time. */
    static void eventually(String what, long limitMs, Callable<Boolean> question) throws Exception {
        long deadline = System.nanoTime() + limitMs * 1_000_000L;
        while (!question.call()) {
            isTrue(what + " did not happen within " + limitMs + " ms", System.nanoTime() < deadline);
            Thread.sleep(20);
        }
    }
}

import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.concurrent.Callable;

/** Prints one line per check; knows of no client, and of no Java later than 8. */
class Checks {
    /** One of several servers, which lose their leader meanwhile: a check that this interrupts is tried again. */
    static final boolean IS_ENSEMBLE = System.getenv("ZK_INTEROP_ENSEMBLE") != null;
    private static final int ATTEMPTS = IS_ENSEMBLE ? 4 : 1;

    interface Body {
        void run() throws Exception;
    }

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

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.retry.ExponentialBackoffRetry;

/**
 * Does with Curator's recipes what it is told on standard input, one command per line: an id, the name of the thread that
 * does it, the command and its arguments, separated by tabs. Answers `id TAB ok TAB value` or `id TAB error TAB message`.
 */
public final class RecipePartner {
    interface Command {
        Object run(String[] args) throws Exception;
    }

    static final Map<String, Command> COMMANDS = new ConcurrentHashMap<>();

    private RecipePartner() {}

    public static void main(String[] args) throws Exception {
        CuratorFramework client =
            CuratorFrameworkFactory.newClient(args[0], 20_000, 10_000, new ExponentialBackoffRetry(100, 10));
        client.start();
        client.blockUntilConnected();
        new PartnerLocks(client).register(COMMANDS);
        new PartnerValues(client).register(COMMANDS);
        new PartnerQueues(client).register(COMMANDS);
        // A lock belongs to the thread that took it, so a name stands for one thread.
        Map<String, ExecutorService> threads = new ConcurrentHashMap<>();
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        System.out.println("ready");
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            String[] words = line.split("\t", -1);
            threads.computeIfAbsent(words[1], name -> Executors.newSingleThreadExecutor())
                .execute(() -> answer(words[0], words[2], Arrays.copyOfRange(words, 3, words.length)));
        }
        client.close();
        System.exit(0);
    }

    private static void answer(String id, String name, String[] args) {
        String reply;
        try {
            reply = "ok\t" + COMMANDS.get(name).run(args);
        } catch (Throwable problem) {
            problem.printStackTrace(System.err);
            reply = "error\t" + problem.toString().replace('\n', ' ');
        }
        synchronized (System.out) {
            System.out.println(id + "\t" + reply);
        }
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static String text(byte[] bytes) {
        return bytes == null ? "null" : new String(bytes, StandardCharsets.UTF_8);
    }
}

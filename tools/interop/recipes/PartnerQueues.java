import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.queue.DistributedDelayQueue;
import org.apache.curator.framework.recipes.queue.DistributedIdQueue;
import org.apache.curator.framework.recipes.queue.DistributedPriorityQueue;
import org.apache.curator.framework.recipes.queue.DistributedQueue;
import org.apache.curator.framework.recipes.queue.QueueBuilder;
import org.apache.curator.framework.recipes.queue.QueueConsumer;
import org.apache.curator.framework.recipes.queue.QueueSerializer;
import org.apache.curator.framework.recipes.queue.SimpleDistributedQueue;
import org.apache.curator.framework.state.ConnectionState;

/** Queues: each command builds the queue it needs, so that nothing consumes that was not told to. */
final class PartnerQueues {
    private static final QueueSerializer<String> TEXT = new QueueSerializer<>() {
        @Override
        public byte[] serialize(String item) {
            return RecipePartner.bytes(item);
        }

        @Override
        public String deserialize(byte[] bytes) {
            return RecipePartner.text(bytes);
        }
    };

    /** Keeps what it gets; the first time it may fail. */
    private static final class Consumer implements QueueConsumer<String> {
        final List<String> items = new CopyOnWriteArrayList<>();
        private volatile boolean failsNext;

        Consumer(boolean failsNext) {
            this.failsNext = failsNext;
        }

        @Override
        public void consumeMessage(String message) throws Exception {
            if (failsNext) {
                failsNext = false;
                throw new Exception("told to fail");
            }
            items.add(message);
        }

        @Override
        public void stateChanged(CuratorFramework changed, ConnectionState state) {}
    }

    private final CuratorFramework client;
    private final Map<String, Consumer> consumers = new ConcurrentHashMap<>();
    private final Map<String, AutoCloseable> running = new ConcurrentHashMap<>();

    PartnerQueues(CuratorFramework client) {
        this.client = client;
    }

    void register(Map<String, RecipePartner.Command> commands) {
        commands.put("put", args -> put(args[0], args[1], args[2], args.length > 3 ? args[3] : ""));
        commands.put("take", args -> {
            byte[] data = new SimpleDistributedQueue(client, args[1]).poll(Long.parseLong(args[2]), TimeUnit.MILLISECONDS);
            return RecipePartner.text(data);
        });
        commands.put("consume", args -> consume(args[0], args[1], Boolean.parseBoolean(args[2])));
        commands.put("consumed", args -> String.join(",", consumers.get(args[0]).items));
        commands.put("stop", args -> {
            running.remove(args[0]).close();
            return "stopped";
        });
        commands.put("remove", args -> {
            DistributedIdQueue<String> queue = builder(null, args[0]).buildIdQueue();
            queue.start();
            int count = queue.remove(args[1]);
            queue.close();
            return count;
        });
    }

    private static String locks(String path) {
        return path + "-locks";
    }

    private QueueBuilder<String> builder(QueueConsumer<String> consumer, String path) {
        return QueueBuilder.builder(client, consumer, TEXT, path).lockPath(locks(path));
    }

    private String put(String kind, String path, String item, String extra) throws Exception {
        switch (kind) {
            case "simple":
                new SimpleDistributedQueue(client, path).offer(RecipePartner.bytes(item));
                break;
            case "fifo":
                try (DistributedQueue<String> queue = builder(null, path).buildQueue()) {
                    queue.start();
                    queue.put(item);
                    expectFlushed(queue.flushPuts(30, TimeUnit.SECONDS));
                }
                break;
            case "priority":
                try (DistributedPriorityQueue<String> queue = builder(null, path).buildPriorityQueue(0)) {
                    queue.start();
                    queue.put(item, Integer.parseInt(extra));
                    expectFlushed(queue.flushPuts(30, TimeUnit.SECONDS));
                }
                break;
            case "delay":
                try (DistributedDelayQueue<String> queue = builder(null, path).buildDelayQueue()) {
                    queue.start();
                    queue.put(item, Long.parseLong(extra));
                    expectFlushed(queue.flushPuts(30, TimeUnit.SECONDS));
                }
                break;
            case "id":
                try (DistributedIdQueue<String> queue = builder(null, path).buildIdQueue()) {
                    queue.start();
                    queue.put(item, extra);
                    expectFlushed(queue.flushPuts(30, TimeUnit.SECONDS));
                }
                break;
            default:
                throw new IllegalArgumentException(kind);
        }
        return "put";
    }

    private static void expectFlushed(boolean isFlushed) {
        if (!isFlushed) {
            throw new IllegalStateException("not flushed in time");
        }
    }

    private String consume(String kind, String path, boolean failsNext) throws Exception {
        Consumer consumer = new Consumer(failsNext);
        consumers.put(path, consumer);
        switch (kind) {
            case "fifo":
                DistributedQueue<String> fifo = builder(consumer, path).buildQueue();
                fifo.start();
                running.put(path, fifo);
                break;
            case "priority":
                DistributedPriorityQueue<String> priority = builder(consumer, path).buildPriorityQueue(0);
                priority.start();
                running.put(path, priority);
                break;
            case "delay":
                DistributedDelayQueue<String> delay = builder(consumer, path).buildDelayQueue();
                delay.start();
                running.put(path, delay);
                break;
            case "id":
                DistributedIdQueue<String> id = builder(consumer, path).buildIdQueue();
                id.start();
                running.put(path, id);
                break;
            default:
                throw new IllegalArgumentException(kind);
        }
        return "consuming";
    }
}

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.queue.DistributedDelayQueue;
import org.apache.curator.framework.recipes.queue.DistributedPriorityQueue;
import org.apache.curator.framework.recipes.queue.DistributedQueue;
import org.apache.curator.framework.recipes.queue.QueueBuilder;
import org.apache.curator.framework.recipes.queue.QueueConsumer;
import org.apache.curator.framework.recipes.queue.QueueSerializer;
import org.apache.curator.framework.recipes.queue.SimpleDistributedQueue;
import org.apache.curator.framework.state.ConnectionState;

/** Queues. */
final class Queues {
    private static final long TAKE_LIMIT_MS = 30_000;

    private static final QueueSerializer<String> TEXT = new QueueSerializer<>() {
        @Override
        public byte[] serialize(String item) {
            return Harness.bytes(item);
        }

        @Override
        public String deserialize(byte[] bytes) {
            return new String(bytes);
        }
    };

    private final CuratorFramework client;

    Queues(CuratorFramework client) {
        this.client = client;
    }

    void run() {
        Harness.check("DistributedQueue: everything arrives once, in order", () -> {
            Consumer consumer = new Consumer();
            DistributedQueue<String> queue = QueueBuilder.builder(client, consumer, TEXT, Harness.fresh()).buildQueue();
            queue.start();
            List<String> expected = new ArrayList<>();
            for (int i = 0; i < 50; i++) {
                queue.put("item " + i);
                expected.add("item " + i);
            }
            Harness.equal(expected, consumer.take(50));
            queue.close();
        });
        Harness.check("DistributedQueue: two consumers under a lock share the work", () -> {
            String path = Harness.fresh();
            String locks = Harness.fresh();
            CuratorFramework other = CuratorPeer.open();
            Consumer consumer = new Consumer();
            List<DistributedQueue<String>> queues = new ArrayList<>();
            for (CuratorFramework each : List.of(client, other)) {
                DistributedQueue<String> queue =
                    QueueBuilder.builder(each, consumer, TEXT, path).lockPath(locks).buildQueue();
                queue.start();
                queues.add(queue);
            }
            for (int i = 0; i < 30; i++) {
                queues.get(i % 2).put("item " + i);
            }
            Harness.equal("different items", 30, new HashSet<>(consumer.take(30)).size());
            Harness.equal("more", null, consumer.items.poll(200, TimeUnit.MILLISECONDS));
            CuratorPeer.closeAll(queues);
            other.close();
        });
        Harness.check("DistributedPriorityQueue: the smallest number first", () -> {
            String path = Harness.fresh();
            DistributedPriorityQueue<String> producer =
                QueueBuilder.<String>builder(client, null, TEXT, path).buildPriorityQueue(0);
            producer.start();
            producer.put("late", 9);
            producer.put("soon", 5);
            producer.put("now", 1);
            Harness.isTrue("flushed", producer.flushPuts(30, TimeUnit.SECONDS));
            Consumer consumer = new Consumer();
            DistributedPriorityQueue<String> queue = QueueBuilder.builder(client, consumer, TEXT, path).buildPriorityQueue(0);
            queue.start();
            Harness.equal(List.of("now", "soon", "late"), consumer.take(3));
            CuratorPeer.closeAll(List.of(producer, queue));
        });
        Harness.check("DistributedDelayQueue: not before its time", () -> {
            String path = Harness.fresh();
            DistributedDelayQueue<String> producer =
                QueueBuilder.<String>builder(client, null, TEXT, path).buildDelayQueue();
            producer.start();
            long now = System.currentTimeMillis();
            producer.put("later", now + 700);
            producer.put("sooner", now + 200);
            Harness.isTrue("flushed", producer.flushPuts(30, TimeUnit.SECONDS));
            Consumer consumer = new Consumer();
            DistributedDelayQueue<String> queue = QueueBuilder.builder(client, consumer, TEXT, path).buildDelayQueue();
            queue.start();
            Harness.equal(List.of("sooner", "later"), consumer.take(2));
            Harness.isTrue("200 ms have passed", consumer.arrivals.get("sooner") >= now + 200);
            Harness.isTrue("700 ms have passed", consumer.arrivals.get("later") >= now + 700);
            CuratorPeer.closeAll(List.of(producer, queue));
        });
        Harness.check("SimpleDistributedQueue: offer, peek, take, poll", () -> {
            SimpleDistributedQueue queue = new SimpleDistributedQueue(client, Harness.fresh());
            queue.offer(Harness.bytes("a"));
            queue.offer(Harness.bytes("b"));
            Harness.equal("peek", "a", new String(queue.peek()));
            Harness.equal("take", "a", new String(queue.take()));
            Harness.equal("poll", "b", new String(queue.poll(5, TimeUnit.SECONDS)));
            Harness.equal("empty", null, queue.poll(100, TimeUnit.MILLISECONDS));
        });
    }

    private static final class Consumer implements QueueConsumer<String> {
        final BlockingQueue<String> items = new LinkedBlockingQueue<>();
        /** In ms since 1970. */
        final Map<String, Long> arrivals = new ConcurrentHashMap<>();

        @Override
        public void consumeMessage(String item) {
            arrivals.put(item, System.currentTimeMillis());
            items.add(item);
        }

        @Override
        public void stateChanged(CuratorFramework c, ConnectionState state) {
            // Only the items matter here.
        }

        /** With null for each that has not come in time, which is one for all of them. */
        List<String> take(int count) throws Exception {
            long deadline = System.nanoTime() + TAKE_LIMIT_MS * 1_000_000L;
            List<String> taken = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                taken.add(items.poll(deadline - System.nanoTime(), TimeUnit.NANOSECONDS));
            }
            return taken;
        }
    }
}

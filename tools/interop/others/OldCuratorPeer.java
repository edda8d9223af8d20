import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.api.transaction.CuratorTransactionResult;
import org.apache.curator.framework.recipes.atomic.DistributedAtomicLong;
import org.apache.curator.framework.recipes.cache.PathChildrenCache;
import org.apache.curator.framework.recipes.cache.TreeCache;
import org.apache.curator.framework.recipes.leader.LeaderLatch;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.framework.recipes.locks.InterProcessSemaphoreV2;
import org.apache.curator.framework.recipes.locks.Lease;
import org.apache.curator.framework.recipes.nodes.PersistentNode;
import org.apache.curator.retry.ExponentialBackoffRetry;
import org.apache.zookeeper.CreateMode;

/** What programs do with Curator 2, and with Curator 4 on a client of ZooKeeper 3.4: `OldCuratorPeer SERVERS`. */
final class OldCuratorPeer {
    private static final int TIMEOUT_MS = 20_000;
    private static final int WORKERS = 4;
    private static final int ROUNDS = 10;
    private static String servers;
    private static int names;

    public static void main(String[] args) {
        servers = args[0];
        Checks.check("znodes are made with their parents, protected, and deleted with their children", OldCuratorPeer::nodes);
        Checks.check("a transaction is committed", OldCuratorPeer::transaction);
        Checks.check("a mutex lets in one at a time", OldCuratorPeer::mutex);
        Checks.check("a semaphore lets in two", OldCuratorPeer::semaphore);
        Checks.check("a leader latch has one leader, and then the next", OldCuratorPeer::leader);
        Checks.check("caches follow a tree", OldCuratorPeer::caches);
        Checks.check("a counter counts what all add", OldCuratorPeer::counter);
        Checks.check("a persistent ephemeral comes back when it is deleted", OldCuratorPeer::persistent);
        System.out.println("done");
    }

    private static CuratorFramework open() throws Exception {
        CuratorFramework client = CuratorFrameworkFactory.builder()
            .connectString(servers).namespace("curator").sessionTimeoutMs(TIMEOUT_MS).connectionTimeoutMs(TIMEOUT_MS)
            .retryPolicy(new ExponentialBackoffRetry(100, 8)).build();
        client.start();
        Checks.isTrue("connected", client.blockUntilConnected(TIMEOUT_MS, TimeUnit.MILLISECONDS));
        return client;
    }

    private static String fresh() {
        return "/old-" + System.nanoTime() + "-" + names++;
    }

    private static void nodes() throws Exception {
        try (CuratorFramework client = open()) {
            String path = fresh();
            String made = client.create().creatingParentsIfNeeded().withProtection()
                .withMode(CreateMode.EPHEMERAL_SEQUENTIAL).forPath(path + "/a/n-", Checks.bytes("data"));
            Checks.isTrue(made, made.matches(path + "/a/_c_[-0-9a-f]+-n-0000000000"));
            Checks.equal("data", new String(client.getData().forPath(made)));
            client.setData().withVersion(0).forPath(made, new byte[0]);
            client.delete().guaranteed().deletingChildrenIfNeeded().forPath(path);
            Checks.equal(null, client.checkExists().forPath(path));
        }
    }

    @SuppressWarnings("deprecation") // What replaced it in Curator 3 is not there in Curator 2.
    private static void transaction() throws Exception {
        try (CuratorFramework client = open()) {
            String path = fresh();
            Collection<CuratorTransactionResult> results = client.inTransaction()
                .create().forPath(path, new byte[0]).and()
                .setData().withVersion(0).forPath(path, Checks.bytes("set")).and()
                .check().withVersion(1).forPath(path).and().commit();
            Checks.equal(3, results.size());
            Checks.equal("set", new String(client.getData().forPath(path)));
        }
    }

    private static void mutex() throws Exception {
        String path = fresh();
        AtomicInteger inside = new AtomicInteger();
        together(client -> {
            InterProcessMutex mutex = new InterProcessMutex(client, path);
            for (int round = 0; round < ROUNDS; round++) {
                Checks.isTrue("acquired", mutex.acquire(TIMEOUT_MS, TimeUnit.MILLISECONDS));
                Checks.equal("others inside", 0, inside.getAndIncrement());
                inside.decrementAndGet();
                mutex.release();
            }
        });
    }

    private static void semaphore() throws Exception {
        String path = fresh();
        AtomicInteger inside = new AtomicInteger();
        together(client -> {
            InterProcessSemaphoreV2 semaphore = new InterProcessSemaphoreV2(client, path, 2);
            for (int round = 0; round < ROUNDS; round++) {
                Lease lease = semaphore.acquire(TIMEOUT_MS, TimeUnit.MILLISECONDS);
                Checks.isTrue("acquired", lease != null);
                Checks.isTrue("two at most", inside.incrementAndGet() <= 2);
                inside.decrementAndGet();
                semaphore.returnLease(lease);
            }
        });
    }

    private interface Work {
        void run(CuratorFramework client) throws Exception;
    }

    /** Some workers with a client each; throws what one of them threw. */
    private static void together(Work work) throws Exception {
        List<Throwable> problems = Collections.synchronizedList(new ArrayList<>());
        List<Thread> threads = new ArrayList<>();
        for (int number = 0; number < WORKERS; number++) {
            Thread thread = new Thread(() -> {
                try (CuratorFramework client = open()) {
                    work.run(client);
                } catch (Throwable problem) {
                    problems.add(problem);
                }
            });
            thread.start();
            threads.add(thread);
        }
        for (Thread thread : threads) {
            thread.join();
        }
        if (!problems.isEmpty()) {
            throw new AssertionError(problems.get(0).toString(), problems.get(0));
        }
    }

    private static void leader() throws Exception {
        String path = fresh();
        try (CuratorFramework one = open(); CuratorFramework other = open()) {
            LeaderLatch first = new LeaderLatch(one, path, "first");
            LeaderLatch second = new LeaderLatch(other, path, "second");
            first.start();
            Checks.isTrue("the first leads", first.await(TIMEOUT_MS, TimeUnit.MILLISECONDS));
            second.start();
            Checks.eventually("two participants", TIMEOUT_MS, () -> first.getParticipants().size() == 2);
            Checks.isTrue("one leader", !second.hasLeadership());
            first.close();
            Checks.isTrue("the second leads", second.await(TIMEOUT_MS, TimeUnit.MILLISECONDS));
            second.close();
        }
    }

    private static void caches() throws Exception {
        try (CuratorFramework client = open(); CuratorFramework other = open()) {
            String path = fresh();
            other.create().forPath(path);
            PathChildrenCache children = new PathChildrenCache(client, path, true);
            TreeCache tree = new TreeCache(client, path);
            BlockingQueue<String> seen = new LinkedBlockingQueue<>();
            children.getListenable().addListener((framework, event) -> seen.add(String.valueOf(event.getType())));
            children.start(PathChildrenCache.StartMode.BUILD_INITIAL_CACHE);
            tree.start();
            other.create().forPath(path + "/child", Checks.bytes("one"));
            Checks.equal("CHILD_ADDED", seen.poll(TIMEOUT_MS, TimeUnit.MILLISECONDS));
            other.create().forPath(path + "/child/deep", Checks.bytes("deep"));
            other.setData().forPath(path + "/child", Checks.bytes("two"));
            Checks.equal("CHILD_UPDATED", seen.poll(TIMEOUT_MS, TimeUnit.MILLISECONDS));
            Checks.equal("two", new String(children.getCurrentData(path + "/child").getData()));
            Checks.eventually("the deep one", TIMEOUT_MS, () -> tree.getCurrentData(path + "/child/deep") != null);
            other.delete().deletingChildrenIfNeeded().forPath(path + "/child");
            Checks.equal("CHILD_REMOVED", seen.poll(TIMEOUT_MS, TimeUnit.MILLISECONDS));
            Checks.eventually("its end", TIMEOUT_MS, () -> tree.getCurrentData(path + "/child") == null);
            tree.close();
            children.close();
        }
    }

    private static void counter() throws Exception {
        String path = fresh();
        together(client -> {
            DistributedAtomicLong count = new DistributedAtomicLong(client, path, new ExponentialBackoffRetry(5, 20));
            for (int round = 0; round < ROUNDS; round++) {
                while (!count.increment().succeeded()) {
                    Thread.yield();
                }
            }
        });
        try (CuratorFramework client = open()) {
            DistributedAtomicLong count = new DistributedAtomicLong(client, path, new ExponentialBackoffRetry(5, 20));
            Checks.equal((long) WORKERS * ROUNDS, count.get().postValue());
        }
    }

    private static void persistent() throws Exception {
        try (CuratorFramework client = open(); CuratorFramework other = open()) {
            String path = fresh();
            PersistentNode node = new PersistentNode(client, CreateMode.EPHEMERAL, false, path, Checks.bytes("here"));
            node.start();
            Checks.isTrue("it is made", node.waitForInitialCreate(TIMEOUT_MS, TimeUnit.MILLISECONDS));
            // Of another server, which may hear of it later.
            Checks.eventually("it is there", TIMEOUT_MS, () -> other.checkExists().forPath(path) != null);
            long first = other.checkExists().forPath(path).getCzxid();
            other.delete().forPath(path);
            Checks.eventually("its return", TIMEOUT_MS, () ->
                other.checkExists().forPath(path) != null && other.checkExists().forPath(path).getCzxid() > first);
            node.close();
            Checks.eventually("its end", TIMEOUT_MS, () -> other.checkExists().forPath(path) == null);
        }
    }
}

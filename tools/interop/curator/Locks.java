import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.barriers.DistributedBarrier;
import org.apache.curator.framework.recipes.barriers.DistributedDoubleBarrier;
import org.apache.curator.framework.recipes.locks.InterProcessLock;
import org.apache.curator.framework.recipes.locks.InterProcessMultiLock;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.framework.recipes.locks.InterProcessReadWriteLock;
import org.apache.curator.framework.recipes.locks.InterProcessSemaphoreMutex;
import org.apache.curator.framework.recipes.locks.InterProcessSemaphoreV2;
import org.apache.curator.framework.recipes.locks.Lease;

/** Locks, semaphores and barriers, each used by several clients at once. */
final class Locks {
    private final CuratorFramework client;

    Locks(CuratorFramework client) {
        this.client = client;
    }

    void run() throws Exception {
        List<CuratorFramework> clients = List.of(client, CuratorPeer.open(), CuratorPeer.open());
        Harness.check("InterProcessMutex: one holder at a time among three clients", () -> {
            String path = Harness.fresh();
            Harness.equal("most at once", 1, mostAtOnce(clients, (c) -> new InterProcessMutex(c, path)));
        });
        Harness.check("InterProcessSemaphoreMutex: one holder at a time among three clients", () -> {
            String path = Harness.fresh();
            Harness.equal("most at once", 1, mostAtOnce(clients, (c) -> new InterProcessSemaphoreMutex(c, path)));
        });
        Harness.check("InterProcessMutex: reentrant, patient for as long as it was told, listed", () -> {
            String path = Harness.fresh();
            InterProcessMutex mine = new InterProcessMutex(client, path);
            InterProcessMutex theirs = new InterProcessMutex(clients.get(1), path);
            mine.acquire();
            mine.acquire();
            Harness.isTrue("theirs waits in vain", !theirs.acquire(200, TimeUnit.MILLISECONDS));
            Harness.equal("participants", 1, mine.getParticipantNodes().size());
            mine.release();
            Harness.isTrue("still mine", !theirs.acquire(50, TimeUnit.MILLISECONDS));
            mine.release();
            Harness.isTrue("theirs now", theirs.acquire(30, TimeUnit.SECONDS));
            theirs.release();
        });
        Harness.check("InterProcessMutex: the end of the holder's session frees it", () -> {
            String path = Harness.fresh();
            CuratorFramework mortal = CuratorPeer.open();
            new InterProcessMutex(mortal, path).acquire();
            InterProcessMutex heir = new InterProcessMutex(client, path);
            CuratorPeer.endSession(mortal);
            Harness.isTrue("acquired", heir.acquire(30, TimeUnit.SECONDS));
            heir.release();
            mortal.close();
        });
        Harness.check("InterProcessReadWriteLock: readers share, a writer is alone", () -> {
            String path = Harness.fresh();
            InterProcessReadWriteLock one = new InterProcessReadWriteLock(client, path);
            InterProcessReadWriteLock two = new InterProcessReadWriteLock(clients.get(1), path);
            one.readLock().acquire();
            Harness.isTrue("a second reader", two.readLock().acquire(30, TimeUnit.SECONDS));
            InterProcessReadWriteLock three = new InterProcessReadWriteLock(clients.get(2), path);
            Harness.isTrue("no writer", !three.writeLock().acquire(100, TimeUnit.MILLISECONDS));
            one.readLock().release();
            two.readLock().release();
            Harness.isTrue("the writer", three.writeLock().acquire(30, TimeUnit.SECONDS));
            Harness.isTrue("no reader", !two.readLock().acquire(100, TimeUnit.MILLISECONDS));
            three.writeLock().release();
        });
        Harness.check("InterProcessMultiLock: all or none", () -> {
            String a = Harness.fresh();
            String b = Harness.fresh();
            InterProcessMutex held = new InterProcessMutex(clients.get(1), b);
            held.acquire();
            InterProcessMultiLock both = new InterProcessMultiLock(client, List.of(a, b));
            Harness.isTrue("not both", !both.acquire(200, TimeUnit.MILLISECONDS));
            held.release();
            Harness.isTrue("both", both.acquire(30, TimeUnit.SECONDS));
            both.release();
        });
        Harness.check("InterProcessSemaphoreV2: as many leases as it has", () -> {
            String path = Harness.fresh();
            InterProcessSemaphoreV2 mine = new InterProcessSemaphoreV2(client, path, 3);
            InterProcessSemaphoreV2 theirs = new InterProcessSemaphoreV2(clients.get(1), path, 3);
            List<Lease> leases = new ArrayList<>(mine.acquire(2));
            leases.add(theirs.acquire(30, TimeUnit.SECONDS));
            Harness.equal("a fourth", null, theirs.acquire(200, TimeUnit.MILLISECONDS));
            mine.returnLease(leases.get(0));
            Lease again = theirs.acquire(30, TimeUnit.SECONDS);
            Harness.isTrue("after a return", again != null);
            CuratorPeer.closeAll(List.of(again, leases.get(1), leases.get(2)));
        });
        Harness.check("DistributedBarrier: holds everyone until it is removed", () -> {
            String path = Harness.fresh();
            DistributedBarrier barrier = new DistributedBarrier(client, path);
            barrier.setBarrier();
            DistributedBarrier theirs = new DistributedBarrier(clients.get(1), path);
            Harness.isTrue("it holds", !theirs.waitOnBarrier(200, TimeUnit.MILLISECONDS));
            barrier.removeBarrier();
            Harness.isTrue("it lets go", theirs.waitOnBarrier(30, TimeUnit.SECONDS));
        });
        Harness.check("DistributedDoubleBarrier: all enter together and leave together", () -> {
            String path = Harness.fresh();
            AtomicInteger leaving = new AtomicInteger();
            // Curator's `enter` may wait for ever when another member leaves meanwhile.
            CountDownLatch inside = new CountDownLatch(3);
            List<Integer> seen = together(clients, (c) -> {
                DistributedDoubleBarrier barrier = new DistributedDoubleBarrier(c, path, 3);
                Harness.isTrue("entered", barrier.enter(30, TimeUnit.SECONDS));
                Harness.equal("members", 3L, membersOf(c, path));
                inside.countDown();
                Harness.isTrue("all are inside", inside.await(30, TimeUnit.SECONDS));
                leaving.incrementAndGet();
                Harness.isTrue("left", barrier.leave(30, TimeUnit.SECONDS));
                return leaving.get();
            });
            Harness.equal(List.of(3, 3, 3), seen);
        });
        clients.get(1).close();
        clients.get(2).close();
    }

    /** Of a double barrier, whose znode says with another child that it is full. */
    private static long membersOf(CuratorFramework client, String barrier) throws Exception {
        return client.getChildren().forPath(barrier).stream().filter(name -> !name.equals("ready")).count();
    }

    interface PerClient<T> {
        T use(CuratorFramework client) throws Exception;
    }

    /** How many held the lock at the same moment, when every client takes it ten times. */
    private static int mostAtOnce(List<CuratorFramework> clients, PerClient<InterProcessLock> open) throws Exception {
        AtomicInteger holders = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        AtomicInteger total = new AtomicInteger();
        together(clients, (c) -> {
            InterProcessLock lock = open.use(c);
            for (int i = 0; i < 10; i++) {
                lock.acquire();
                most.accumulateAndGet(holders.incrementAndGet(), Math::max);
                total.incrementAndGet();
                Thread.sleep(1);
                holders.decrementAndGet();
                lock.release();
            }
            return null;
        });
        Harness.equal("times held", 10 * clients.size(), total.get());
        return most.get();
    }

    static <T> List<T> together(List<CuratorFramework> clients, PerClient<T> work) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(clients.size());
        CountDownLatch start = new CountDownLatch(1);
        List<Future<T>> futures = new ArrayList<>();
        for (CuratorFramework client : clients) {
            Callable<T> task = () -> {
                start.await();
                return work.use(client);
            };
            futures.add(threads.submit(task));
        }
        start.countDown();
        List<T> results = new ArrayList<>();
        for (Future<T> future : futures) {
            results.add(future.get(120, TimeUnit.SECONDS));
        }
        threads.shutdown();
        return results;
    }
}

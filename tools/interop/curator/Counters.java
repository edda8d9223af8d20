import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.atomic.AtomicValue;
import org.apache.curator.framework.recipes.atomic.CachedAtomicLong;
import org.apache.curator.framework.recipes.atomic.DistributedAtomicInteger;
import org.apache.curator.framework.recipes.atomic.DistributedAtomicLong;
import org.apache.curator.framework.recipes.shared.SharedCount;
import org.apache.curator.framework.recipes.shared.SharedCountListener;
import org.apache.curator.framework.recipes.shared.SharedCountReader;
import org.apache.curator.framework.state.ConnectionState;
import org.apache.curator.retry.RetryNTimes;

/** Shared counters. */
final class Counters {
    private final CuratorFramework client;

    Counters(CuratorFramework client) {
        this.client = client;
    }

    void run() {
        Harness.check("DistributedAtomicLong: no increment of four clients is lost", () -> {
            String path = Harness.fresh();
            List<CuratorFramework> clients =
                List.of(CuratorPeer.open(), CuratorPeer.open(), CuratorPeer.open(), CuratorPeer.open());
            List<Integer> done = Locks.together(clients, (c) -> {
                DistributedAtomicLong counter = new DistributedAtomicLong(c, path, new RetryNTimes(200, 2));
                int successes = 0;
                for (int i = 0; i < 25; i++) {
                    successes += counter.increment().succeeded() ? 1 : 0;
                }
                return successes;
            });
            Harness.equal("successes", List.of(25, 25, 25, 25), done);
            AtomicValue<Long> value = new DistributedAtomicLong(client, path, new RetryNTimes(3, 10)).get();
            Harness.equal("value", 100L, value.postValue());
            CuratorPeer.closeAll(clients);
        });
        Harness.check("DistributedAtomicInteger: compare and set", () -> {
            DistributedAtomicInteger counter = new DistributedAtomicInteger(client, Harness.fresh(), new RetryNTimes(3, 10));
            Harness.isTrue("initialized", counter.initialize(7));
            Harness.isTrue("wrong expectation", !counter.compareAndSet(8, 9).succeeded());
            Harness.isTrue("right expectation", counter.compareAndSet(7, 9).succeeded());
            Harness.equal("value", 9, counter.get().postValue());
        });
        Harness.check("CachedAtomicLong: numbers without gaps or repeats", () -> {
            DistributedAtomicLong counter = new DistributedAtomicLong(client, Harness.fresh(), new RetryNTimes(3, 10));
            CachedAtomicLong cached = new CachedAtomicLong(counter, 10);
            for (long i = 1; i <= 25; i++) {
                Harness.equal("next", i, cached.next().postValue());
            }
        });
        Harness.check("SharedCount: a change is heard, a stale one is refused", () -> {
            String path = Harness.fresh();
            CuratorFramework other = CuratorPeer.open();
            SharedCount mine = new SharedCount(client, path, 1);
            SharedCount theirs = new SharedCount(other, path, 1);
            AtomicInteger heard = new AtomicInteger();
            mine.addListener(new SharedCountListener() {
                @Override
                public void countHasChanged(SharedCountReader count, int value) {
                    heard.set(value);
                }

                @Override
                public void stateChanged(CuratorFramework c, ConnectionState state) {
                    // Only the count matters here.
                }
            });
            mine.start();
            theirs.start();
            theirs.setCount(5);
            Harness.eventually("the news", 15_000, () -> heard.get() == 5 && mine.getCount() == 5);
            var stale = theirs.getVersionedValue();
            mine.setCount(6);
            Harness.isTrue("stale", !theirs.trySetCount(stale, 8));
            CuratorPeer.closeAll(List.of(mine, theirs, other));
        });
    }
}

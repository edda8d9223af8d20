import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.leader.LeaderLatch;
import org.apache.curator.framework.recipes.leader.LeaderSelector;
import org.apache.curator.framework.recipes.leader.LeaderSelectorListenerAdapter;
import org.apache.zookeeper.KeeperException;

/** Leader latch and leader selector. */
final class Leaders {
    private final CuratorFramework client;

    Leaders(CuratorFramework client) {
        this.client = client;
    }

    void run() {
        Harness.check("LeaderLatch: one leader, and the next one when it leaves", () -> {
            String path = Harness.fresh();
            List<CuratorFramework> clients = List.of(CuratorPeer.open(), CuratorPeer.open(), CuratorPeer.open());
            List<LeaderLatch> latches = new ArrayList<>();
            for (CuratorFramework each : clients) {
                LeaderLatch latch = new LeaderLatch(each, path, "id-" + latches.size());
                latch.start();
                latches.add(latch);
            }
            // A latch starts in the background: there may be a leader before the last one has its znode.
            Harness.eventually("three participants", 10_000, () -> children(path).size() == 3);
            for (int left = 3; left > 0; left--) {
                Harness.eventually("one leader", 10_000, () -> latches.stream().filter(LeaderLatch::hasLeadership).count() == 1);
                LeaderLatch leader = latches.stream().filter(LeaderLatch::hasLeadership).findFirst().orElseThrow();
                Harness.equal("participants", left, leader.getParticipants().size());
                Harness.equal("the leader they know", leader.getId(), latches.get(0).getLeader().getId());
                latches.remove(leader);
                leader.close();
            }
            CuratorPeer.closeAll(clients);
        });
        Harness.check("LeaderLatch: leadership ends with the session, and can be won again", () -> {
            String path = Harness.fresh();
            CuratorFramework mortal = CuratorPeer.open();
            LeaderLatch latch = new LeaderLatch(mortal, path, "mortal");
            latch.start();
            Harness.isTrue("leads", latch.await(10, TimeUnit.SECONDS));
            String node = client.getChildren().forPath(path).get(0);
            CuratorPeer.endSession(mortal);
            Harness.eventually("leadership with another znode", 15_000, () -> {
                List<String> nodes = children(path);
                return nodes.size() == 1 && !nodes.contains(node) && latch.hasLeadership();
            });
            latch.close();
            mortal.close();
        });
        Harness.check("LeaderSelector: every candidate has its turn, one at a time", () -> {
            String path = Harness.fresh();
            AtomicInteger leaders = new AtomicInteger();
            AtomicInteger most = new AtomicInteger();
            CountDownLatch turns = new CountDownLatch(6);
            List<AutoCloseable> closeables = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                CuratorFramework each = CuratorPeer.open();
                LeaderSelector selector = new LeaderSelector(each, path, new LeaderSelectorListenerAdapter() {
                    @Override
                    public void takeLeadership(CuratorFramework c) throws Exception {
                        most.accumulateAndGet(leaders.incrementAndGet(), Math::max);
                        Thread.sleep(10);
                        turns.countDown();
                        leaders.decrementAndGet();
                    }
                });
                selector.autoRequeue();
                selector.start();
                closeables.add(selector);
                closeables.add(each);
            }
            Harness.isTrue("six turns", turns.await(15, TimeUnit.SECONDS));
            Harness.equal("most at once", 1, most.get());
            CuratorPeer.closeAll(closeables);
        });
    }

    /** None while there is no parent: it is a container, which goes whenever it is empty. */
    private List<String> children(String path) throws Exception {
        try {
            return client.getChildren().forPath(path);
        } catch (KeeperException.NoNodeException swept) {
            return List.of();
        }
    }
}

import java.util.Collection;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.barriers.DistributedBarrier;
import org.apache.curator.framework.recipes.barriers.DistributedDoubleBarrier;
import org.apache.curator.framework.recipes.leader.LeaderLatch;
import org.apache.curator.framework.recipes.locks.InterProcessLock;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.framework.recipes.locks.InterProcessReadWriteLock;
import org.apache.curator.framework.recipes.locks.InterProcessSemaphoreV2;
import org.apache.curator.framework.recipes.locks.Lease;

/** Locks, semaphores, leaders, barriers. */
final class PartnerLocks {
    private final CuratorFramework client;
    private final Map<String, InterProcessLock> held = new ConcurrentHashMap<>();
    private final Map<String, Runnable> leases = new ConcurrentHashMap<>();
    private final Map<String, LeaderLatch> latches = new ConcurrentHashMap<>();
    private final Map<String, DistributedDoubleBarrier> barriers = new ConcurrentHashMap<>();

    PartnerLocks(CuratorFramework client) {
        this.client = client;
    }

    void register(Map<String, RecipePartner.Command> commands) {
        commands.put("hold", args -> hold(args[0], args[1], args[2], Long.parseLong(args[3])));
        commands.put("release", args -> {
            held.remove(args[0]).release();
            return "released";
        });
        commands.put("contend", args -> contend(args[0], args[1], args[2], Integer.parseInt(args[3])));
        commands.put("lease", args -> lease(args[0], Integer.parseInt(args[1]), args[2], Long.parseLong(args[3])));
        commands.put("return", args -> {
            leases.remove(args[0]).run();
            return "returned";
        });
        commands.put("latch", args -> {
            LeaderLatch latch = new LeaderLatch(client, args[0], args[1]);
            latches.put(args[1], latch);
            latch.start();
            return "started";
        });
        commands.put("await-leadership", args ->
            latches.get(args[0]).await(Long.parseLong(args[1]), TimeUnit.MILLISECONDS));
        commands.put("leader", args -> latches.get(args[0]).getLeader().getId());
        commands.put("candidates", args -> {
            Collection<String> ids = new TreeSet<>();
            latches.get(args[0]).getParticipants().forEach(participant -> ids.add(participant.getId()));
            return String.join(",", ids);
        });
        commands.put("resign", args -> {
            latches.remove(args[0]).close();
            return "resigned";
        });
        commands.put("barrier-set", args -> {
            new DistributedBarrier(client, args[0]).setBarrier();
            return "set";
        });
        commands.put("barrier-remove", args -> {
            new DistributedBarrier(client, args[0]).removeBarrier();
            return "removed";
        });
        commands.put("barrier-wait", args ->
            new DistributedBarrier(client, args[0]).waitOnBarrier(Long.parseLong(args[1]), TimeUnit.MILLISECONDS));
        commands.put("enter", args -> {
            DistributedDoubleBarrier barrier = new DistributedDoubleBarrier(client, args[0], Integer.parseInt(args[1]));
            barriers.put(args[0], barrier);
            return barrier.enter(Long.parseLong(args[2]), TimeUnit.MILLISECONDS);
        });
        commands.put("leave", args -> barriers.remove(args[0]).leave(Long.parseLong(args[1]), TimeUnit.MILLISECONDS));
    }

    private boolean hold(String kind, String path, String name, long limitMs) throws Exception {
        InterProcessLock lock = lock(kind, path);
        boolean isHeld = lock.acquire(limitMs, TimeUnit.MILLISECONDS);
        if (isHeld) {
            held.put(name, lock);
        }
        return isHeld;
    }

    private InterProcessLock lock(String kind, String path) {
        switch (kind) {
            case "mutex":
                return new InterProcessMutex(client, path);
            case "read":
                return new InterProcessReadWriteLock(client, path).readLock();
            case "write":
                return new InterProcessReadWriteLock(client, path).writeLock();
            default:
                throw new IllegalArgumentException(kind);
        }
    }

    /** Adds to a number without any care, so that only the lock keeps it right. */
    private String contend(String kind, String path, String resource, int rounds) throws Exception {
        InterProcessLock lock = lock(kind, path);
        for (int round = 0; round < rounds; round++) {
            if (!lock.acquire(60, TimeUnit.SECONDS)) {
                return "starved";
            }
            try {
                int number = Integer.parseInt(RecipePartner.text(client.getData().forPath(resource)));
                Thread.sleep(1);
                client.setData().forPath(resource, RecipePartner.bytes(String.valueOf(number + 1)));
            } finally {
                lock.release();
            }
        }
        return "done";
    }

    private boolean lease(String path, int max, String name, long limitMs) throws Exception {
        InterProcessSemaphoreV2 semaphore = new InterProcessSemaphoreV2(client, path, max);
        Lease lease = semaphore.acquire(limitMs, TimeUnit.MILLISECONDS);
        if (lease != null) {
            leases.put(name, () -> semaphore.returnLease(lease));
        }
        return lease != null;
    }
}

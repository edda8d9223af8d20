import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.nodes.GroupMember;
import org.apache.curator.framework.recipes.nodes.PersistentNode;
import org.apache.curator.framework.recipes.nodes.PersistentTtlNode;
import org.apache.curator.x.discovery.ServiceCache;
import org.apache.curator.x.discovery.ServiceDiscovery;
import org.apache.curator.x.discovery.ServiceDiscoveryBuilder;
import org.apache.curator.x.discovery.ServiceInstance;
import org.apache.curator.x.discovery.ServiceProvider;
import org.apache.zookeeper.CreateMode;

/** Znodes that say "I am here": nodes that come back, groups, service discovery. */
final class Presence {
    private final CuratorFramework client;

    Presence(CuratorFramework client) {
        this.client = client;
    }

    void run() {
        Harness.check("PersistentNode: comes back after a deletion and after the end of the session", () -> {
            String path = Harness.fresh();
            CuratorFramework mortal = CuratorPeer.open();
            PersistentNode node = new PersistentNode(mortal, CreateMode.EPHEMERAL, false, path, Harness.bytes("here"));
            node.start();
            Harness.isTrue("created", node.waitForInitialCreate(10, TimeUnit.SECONDS));
            client.delete().forPath(path);
            Harness.eventually("its return", 10_000, () -> client.checkExists().forPath(path) != null);
            long owner = client.checkExists().forPath(path).getEphemeralOwner();
            CuratorPeer.endSession(mortal);
            Harness.eventually("its return with another owner", 15_000, () -> {
                var stat = client.checkExists().forPath(path);
                return stat != null && stat.getEphemeralOwner() != owner;
            });
            Harness.equal("here", new String(client.getData().forPath(path)));
            node.close();
            mortal.close();
        });
        Harness.check("PersistentTtlNode: stays while it is touched, goes when it is not", () -> {
            String path = Harness.fresh();
            PersistentTtlNode node = new PersistentTtlNode(client, path, 6_000, Harness.bytes("x"));
            node.start();
            Harness.isTrue("created", node.waitForInitialCreate(10, TimeUnit.SECONDS));
            Thread.sleep(8_000);
            Harness.isTrue("it stays", client.checkExists().forPath(path) != null);
            node.close();
            Harness.eventually("its removal", 30_000, () -> client.checkExists().forPath(path) == null);
        });
        Harness.check("GroupMember: members see who is there", () -> {
            String path = Harness.fresh();
            CuratorFramework other = CuratorPeer.open();
            GroupMember one = new GroupMember(client, path, "one", Harness.bytes("1"));
            GroupMember two = new GroupMember(other, path, "two", Harness.bytes("2"));
            one.start();
            two.start();
            Harness.eventually("both in both views", 10_000, () ->
                one.getCurrentMembers().keySet().equals(Set.of("one", "two"))
                    && two.getCurrentMembers().keySet().equals(Set.of("one", "two")));
            Harness.equal("data", "2", new String(one.getCurrentMembers().get("two")));
            two.close();
            other.close();
            Harness.eventually("one alone", 10_000, () -> one.getCurrentMembers().keySet().equals(Set.of("one")));
            one.close();
        });
        Harness.check("service discovery: register, find, hear of changes, unregister", () -> {
            String path = Harness.fresh();
            CuratorFramework other = CuratorPeer.open();
            ServiceInstance<Void> first =
                ServiceInstance.<Void>builder().name("web").id("first").address("127.0.0.1").port(1).build();
            ServiceInstance<Void> second =
                ServiceInstance.<Void>builder().name("web").id("second").address("127.0.0.1").port(2).build();
            ServiceDiscovery<Void> mine = discovery(client, path);
            ServiceDiscovery<Void> theirs = discovery(other, path);
            mine.registerService(first);
            Harness.equal("names", List.of("web"), List.copyOf(theirs.queryForNames()));
            Harness.equal("port", 1, theirs.queryForInstance("web", "first").getPort());
            ServiceCache<Void> cache = theirs.serviceCacheBuilder().name("web").build();
            cache.start();
            mine.registerService(second);
            Harness.eventually("two instances", 10_000, () -> cache.getInstances().size() == 2);
            ServiceProvider<Void> provider = theirs.serviceProviderBuilder().serviceName("web").build();
            provider.start();
            Harness.isTrue("an instance", provider.getInstance() != null);
            mine.unregisterService(first);
            Harness.eventually("one instance", 10_000, () -> cache.getInstances().equals(List.of(second)));
            CuratorPeer.closeAll(List.of(provider, cache, mine, theirs, other));
        });
    }

    private static ServiceDiscovery<Void> discovery(CuratorFramework client, String path) throws Exception {
        ServiceDiscovery<Void> discovery = ServiceDiscoveryBuilder.builder(Void.class).client(client).basePath(path).build();
        discovery.start();
        return discovery;
    }
}

import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.atomic.DistributedAtomicInteger;
import org.apache.curator.framework.recipes.atomic.DistributedAtomicLong;
import org.apache.curator.framework.recipes.nodes.GroupMember;
import org.apache.curator.framework.recipes.shared.SharedCount;
import org.apache.curator.retry.ExponentialBackoffRetry;
import org.apache.curator.x.discovery.ServiceDiscovery;
import org.apache.curator.x.discovery.ServiceDiscoveryBuilder;
import org.apache.curator.x.discovery.ServiceInstance;

/** Numbers, services, groups. */
final class PartnerValues {
    private final CuratorFramework client;
    private final Map<String, SharedCount> counts = new ConcurrentHashMap<>();
    private final Map<String, ServiceDiscovery<String>> discoveries = new ConcurrentHashMap<>();
    private final Map<String, GroupMember> members = new ConcurrentHashMap<>();

    PartnerValues(CuratorFramework client) {
        this.client = client;
    }

    void register(Map<String, RecipePartner.Command> commands) {
        commands.put("count", args -> count(args[0], args[1], Integer.parseInt(args[2])));
        commands.put("number", args -> "long".equals(args[0])
            ? atomicLong(args[1]).get().postValue().toString()
            : atomicInteger(args[1]).get().postValue().toString());
        commands.put("shared-start", args -> {
            SharedCount count = new SharedCount(client, args[0], Integer.parseInt(args[1]));
            count.start();
            counts.put(args[0], count);
            return count.getCount();
        });
        commands.put("shared-get", args -> counts.get(args[0]).getCount());
        commands.put("shared-set", args -> {
            counts.get(args[0]).setCount(Integer.parseInt(args[1]));
            return "set";
        });
        commands.put("shared-try", args -> {
            SharedCount count = counts.get(args[0]);
            return count.trySetCount(count.getVersionedValue(), Integer.parseInt(args[1]));
        });
        commands.put("register", args -> {
            ServiceInstance<String> instance = ServiceInstance.<String>builder()
                .name(args[1]).id(args[2]).address("10.0.0.1").port(Integer.parseInt(args[3])).payload(args[4]).build();
            discovery(args[0]).registerService(instance);
            return "registered";
        });
        commands.put("lookup", args -> {
            TreeSet<String> found = new TreeSet<>();
            for (ServiceInstance<String> instance : discovery(args[0]).queryForInstances(args[1])) {
                found.add(instance.getId() + "@" + instance.getAddress() + ":" + instance.getPort() + " "
                    + instance.getPayload() + " " + instance.getServiceType());
            }
            return String.join(",", found);
        });
        commands.put("unregister", args -> {
            ServiceInstance<String> instance = discovery(args[0]).queryForInstance(args[1], args[2]);
            discovery(args[0]).unregisterService(instance);
            return "unregistered";
        });
        commands.put("join", args -> {
            GroupMember member = new GroupMember(client, args[0], args[1], RecipePartner.bytes(args[2]));
            member.start();
            members.put(args[0], member);
            return "joined";
        });
        commands.put("members", args -> {
            Map<String, String> found = new TreeMap<>();
            members.get(args[0]).getCurrentMembers().forEach((id, data) -> found.put(id, RecipePartner.text(data)));
            return found;
        });
    }

    private String count(String format, String path, int times) throws Exception {
        for (int time = 0; time < times; time++) {
            boolean succeeded = "long".equals(format)
                ? atomicLong(path).increment().succeeded()
                : atomicInteger(path).increment().succeeded();
            if (!succeeded) {
                time--;
            }
        }
        return "done";
    }

    private DistributedAtomicLong atomicLong(String path) {
        return new DistributedAtomicLong(client, path, new ExponentialBackoffRetry(5, 20));
    }

    private DistributedAtomicInteger atomicInteger(String path) {
        return new DistributedAtomicInteger(client, path, new ExponentialBackoffRetry(5, 20));
    }

    private ServiceDiscovery<String> discovery(String path) throws Exception {
        ServiceDiscovery<String> known = discoveries.get(path);
        if (known == null) {
            known = ServiceDiscoveryBuilder.builder(String.class).client(client).basePath(path).build();
            known.start();
            discoveries.put(path, known);
        }
        return known;
    }
}

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.cache.CuratorCache;
import org.apache.curator.framework.recipes.cache.CuratorCacheListener;
import org.apache.curator.framework.recipes.cache.NodeCache;
import org.apache.curator.framework.recipes.cache.PathChildrenCache;
import org.apache.curator.framework.recipes.cache.TreeCache;

/** Local copies of a part of the tree that follow every change. */
@SuppressWarnings("deprecation")
final class Caches {
    private final CuratorFramework client;

    Caches(CuratorFramework client) {
        this.client = client;
    }

    void run() {
        Harness.check("CuratorCache: follows a subtree through creations, changes, deletions and a broken connection", () -> {
            String path = Harness.fresh();
            CuratorFramework watcher = CuratorPeer.open();
            client.create().creatingParentsIfNeeded().forPath(path + "/old/deep", Harness.bytes("1"));
            CuratorCache cache = CuratorCache.build(watcher, path);
            List<String> events = new CopyOnWriteArrayList<>();
            CountDownLatch ready = new CountDownLatch(1);
            cache.listenable().addListener(CuratorCacheListener.builder()
                .forInitialized(ready::countDown)
                .forAll((type, before, after) -> events.add(type + " " + (after == null ? before : after).getPath()))
                .build());
            cache.start();
            Harness.isTrue("initialized", ready.await(10, TimeUnit.SECONDS));
            Harness.equal("size", 3, cache.size());
            events.clear();
            change(path);
            Harness.eventually("the same content", 10_000, () -> content(path).equals(contentOf(cache)));
            // Listeners are told behind the change of the content.
            String deletion = "NODE_DELETED " + path + "/old/deep";
            Harness.eventually("news of the deletion", 10_000, () -> events.contains(deletion));
            watcher.getZookeeperClient().getZooKeeper().close();
            // Noticed behind the reset, it would be taken for the end of the new connection.
            Harness.eventually("its notice", 10_000, () -> !watcher.getZookeeperClient().isConnected());
            client.create().forPath(path + "/later", Harness.bytes("3"));
            client.delete().forPath(path + "/new");
            watcher.getZookeeperClient().reset();
            Harness.eventually("the same content again", 15_000, () -> content(path).equals(contentOf(cache)));
            cache.close();
            watcher.close();
        });
        Harness.check("TreeCache: follows a subtree", () -> {
            String path = Harness.fresh();
            client.create().creatingParentsIfNeeded().forPath(path + "/old/deep", Harness.bytes("1"));
            TreeCache cache = new TreeCache(client, path);
            cache.start();
            Harness.eventually("the first copy", 10_000, () -> cache.getCurrentData(path + "/old/deep") != null);
            change(path);
            Harness.eventually("the change", 10_000, () -> cache.getCurrentData(path + "/old/deep") == null
                && cache.getCurrentData(path + "/new") != null
                && new String(cache.getCurrentData(path + "/new").getData()).equals("n"));
            cache.close();
        });
        Harness.check("PathChildrenCache: follows the children of one znode", () -> {
            String path = Harness.fresh();
            client.create().creatingParentsIfNeeded().forPath(path + "/a", Harness.bytes("1"));
            PathChildrenCache cache = new PathChildrenCache(client, path, true);
            List<String> events = new CopyOnWriteArrayList<>();
            cache.getListenable().addListener((c, event) -> {
                if (event.getData() != null) {
                    events.add(event.getType() + " " + event.getData().getPath());
                }
            });
            cache.start(PathChildrenCache.StartMode.BUILD_INITIAL_CACHE);
            Harness.equal("at first", 1, cache.getCurrentData().size());
            client.create().forPath(path + "/b", Harness.bytes("2"));
            Harness.eventually("the new child", 10_000, () -> events.contains("CHILD_ADDED " + path + "/b"));
            client.setData().forPath(path + "/a", Harness.bytes("3"));
            Harness.eventually("the new data", 10_000, () -> events.contains("CHILD_UPDATED " + path + "/a"));
            client.delete().forPath(path + "/b");
            Harness.eventually("the deletion", 10_000, () -> events.contains("CHILD_REMOVED " + path + "/b"));
            Harness.equal("data", "3", new String(cache.getCurrentData(path + "/a").getData()));
            cache.close();
        });
        Harness.check("NodeCache: follows one znode, before and after it exists", () -> {
            String path = Harness.fresh();
            NodeCache cache = new NodeCache(client, path);
            cache.start(true);
            Harness.equal("absent", null, cache.getCurrentData());
            client.create().forPath(path, Harness.bytes("1"));
            Harness.eventually("creation", 10_000, () -> cache.getCurrentData() != null);
            client.setData().forPath(path, Harness.bytes("2"));
            Harness.eventually("change", 10_000, () -> new String(cache.getCurrentData().getData()).equals("2"));
            client.delete().forPath(path);
            Harness.eventually("deletion", 10_000, () -> cache.getCurrentData() == null);
            cache.close();
        });
    }

    private void change(String path) throws Exception {
        client.create().forPath(path + "/new", Harness.bytes("n"));
        client.setData().forPath(path + "/old", Harness.bytes("o"));
        client.delete().forPath(path + "/old/deep");
        for (int i = 0; i < 20; i++) {
            client.create().forPath(path + "/old/" + i, Harness.bytes("i" + i));
            client.setData().forPath(path + "/old/" + i, Harness.bytes("j" + i));
        }
    }

    private Map<String, String> content(String path) throws Exception {
        Map<String, String> found = new TreeMap<>();
        collect(path, found);
        return found;
    }

    private void collect(String path, Map<String, String> found) throws Exception {
        found.put(path, new String(client.getData().forPath(path)));
        for (String child : client.getChildren().forPath(path)) {
            collect(path + "/" + child, found);
        }
    }

    private static Map<String, String> contentOf(CuratorCache cache) {
        Map<String, String> found = new TreeMap<>();
        cache.stream().forEach((node) -> found.put(node.getPath(), new String(node.getData())));
        return found;
    }
}

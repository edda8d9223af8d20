import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.zookeeper.AddWatchMode;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.WatchedEvent;
import org.apache.zookeeper.Watcher.Event.EventType;
import org.apache.zookeeper.Watcher.Event.KeeperState;
import org.apache.zookeeper.Watcher.WatcherType;
import org.apache.zookeeper.ZooDefs.Ids;

/** Watches of all kinds: what fires, in which order, once or for ever, and how they are taken away. */
final class Watches extends Group {
    void run() {
        oneTime();
        persistent();
        removal();
        reconnection();
    }

    private void oneTime() {
        Harness.check("a data watch fires once, with the zxid of the change", () -> {
            String path = make();
            Harness.Events events = new Harness.Events();
            zk.getData(path, events, null);
            long zxid = zk.setData(path, null, -1).getMzxid();
            zk.setData(path, null, -1);
            WatchedEvent event = events.expect(EventType.NodeDataChanged, path);
            Harness.equal("zxid", zxid, event.getZxid());
            Harness.equal("state", KeeperState.SyncConnected, event.getState());
            quiet(events);
        });
        Harness.check("an exists watch on nothing fires on creation", () -> {
            String path = Harness.fresh();
            Harness.Events events = new Harness.Events();
            Harness.equal(null, zk.exists(path, events));
            create(path);
            events.expect(EventType.NodeCreated, path);
            zk.setData(path, null, -1);
            quiet(events);
        });
        Harness.check("an exists watch on a znode fires on change, and a new one on deletion", () -> {
            String path = make();
            Harness.Events events = new Harness.Events();
            zk.exists(path, events);
            zk.setData(path, null, -1);
            events.expect(EventType.NodeDataChanged, path);
            zk.exists(path, events);
            zk.delete(path, -1);
            events.expect(EventType.NodeDeleted, path);
            quiet(events);
        });
        Harness.check("a child watch fires on a child's creation and deletion, not on its data", () -> {
            String path = make();
            Harness.Events events = new Harness.Events();
            zk.getChildren(path, events);
            create(path + "/a");
            events.expect(EventType.NodeChildrenChanged, path);
            zk.getChildren(path, events);
            zk.setData(path + "/a", null, -1);
            zk.setData(path, null, -1);
            quiet(events);
            zk.delete(path + "/a", -1);
            events.expect(EventType.NodeChildrenChanged, path);
            quiet(events);
        });
        Harness.check("a deletion fires data and child watches once each way", () -> {
            String path = make();
            Harness.Events data = new Harness.Events();
            Harness.Events children = new Harness.Events();
            zk.getData(path, data, null);
            zk.getChildren(path, children);
            zk.delete(path, -1);
            data.expect(EventType.NodeDeleted, path);
            children.expect(EventType.NodeDeleted, path);
            quiet(data);
            quiet(children);
        });
        Harness.check("a watch set by a failed read is not set", () -> {
            String path = Harness.fresh();
            Harness.Events events = new Harness.Events();
            Harness.fails(Code.NONODE, () -> zk.getData(path, events, null));
            Harness.fails(Code.NONODE, () -> zk.getChildren(path, events));
            create(path);
            quiet(events);
        });
        Harness.check("the same watcher set twice hears once", () -> {
            String path = make();
            Harness.Events events = new Harness.Events();
            zk.getData(path, events, null);
            zk.exists(path, events);
            zk.setData(path, null, -1);
            events.expect(EventType.NodeDataChanged, path);
            quiet(events);
        });
        Harness.check("a multi fires the watches of each of its changes", () -> {
            String path = make();
            Harness.Events events = new Harness.Events();
            zk.getData(path, events, null);
            zk.exists(path + "/a", events);
            zk.getChildren(path, events);
            zk.multi(List.of(Op.setData(path, null, -1), Op.create(path + "/a", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT)));
            events.expect(EventType.NodeDataChanged, path);
            events.expect(EventType.NodeCreated, path + "/a");
            events.expect(EventType.NodeChildrenChanged, path);
            quiet(events);
        });
        Harness.check("the end of another session fires watches on its ephemerals", () -> {
            Harness.Client other = Harness.connect();
            String path = make();
            other.create(path + "/e", null, Ids.OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL);
            Harness.Events events = new Harness.Events();
            Harness.Events children = new Harness.Events();
            zk.exists(path + "/e", events);
            zk.getChildren(path, children);
            other.close();
            events.expect(EventType.NodeDeleted, path + "/e");
            children.expect(EventType.NodeChildrenChanged, path);
        });
        Harness.check("a session hears of a change before it can read it", () -> {
            Harness.Client other = Harness.connect();
            String path = make();
            for (int i = 0; i < 100; i++) {
                Harness.Events events = new Harness.Events();
                other.getData(path, events, null);
                zk.setData(path, Harness.bytes("r" + i), -1);
                other.sync(path);
                byte[] data = other.getData(path, false, null);
                if (Arrays.equals(data, Harness.bytes("r" + i))) {
                    other.settle();
                    Harness.equal("events seen before the data", 1, events.events.size());
                }
            }
            other.close();
        });
    }

    private void persistent() {
        Harness.check("a persistent watch hears of data, children and deletion, again and again", () -> {
            String path = Harness.fresh();
            Harness.Events events = new Harness.Events();
            zk.addWatch(path, events, AddWatchMode.PERSISTENT);
            create(path);
            zk.setData(path, null, -1);
            zk.setData(path, null, -1);
            create(path + "/a");
            zk.setData(path + "/a", null, -1);
            zk.delete(path + "/a", -1);
            zk.delete(path, -1);
            create(path);
            events.expect(EventType.NodeCreated, path);
            events.expect(EventType.NodeDataChanged, path);
            events.expect(EventType.NodeDataChanged, path);
            events.expect(EventType.NodeChildrenChanged, path);
            events.expect(EventType.NodeChildrenChanged, path);
            events.expect(EventType.NodeDeleted, path);
            events.expect(EventType.NodeCreated, path);
            quiet(events);
        });
        Harness.check("a persistent recursive watch hears of the whole subtree, without child events", () -> {
            String path = Harness.fresh();
            Harness.Events events = new Harness.Events();
            zk.addWatch(path, events, AddWatchMode.PERSISTENT_RECURSIVE);
            create(path);
            create(path + "/a");
            create(path + "/a/b");
            zk.setData(path + "/a/b", null, -1);
            zk.delete(path + "/a/b", -1);
            zk.delete(path + "/a", -1);
            zk.setData(path, null, -1);
            create(path + "x");
            events.expect(EventType.NodeCreated, path);
            events.expect(EventType.NodeCreated, path + "/a");
            events.expect(EventType.NodeCreated, path + "/a/b");
            events.expect(EventType.NodeDataChanged, path + "/a/b");
            events.expect(EventType.NodeDeleted, path + "/a/b");
            events.expect(EventType.NodeDeleted, path + "/a");
            WatchedEvent last = events.expect(EventType.NodeDataChanged, path);
            Harness.equal("zxid", zk.exists(path, false).getMzxid(), last.getZxid());
            quiet(events);
        });
        Harness.check("recursive watches at several depths each hear", () -> {
            String path = make();
            create(path + "/a");
            Harness.Events outer = new Harness.Events();
            Harness.Events inner = new Harness.Events();
            zk.addWatch(path, outer, AddWatchMode.PERSISTENT_RECURSIVE);
            zk.addWatch(path + "/a", inner, AddWatchMode.PERSISTENT_RECURSIVE);
            create(path + "/a/b");
            create(path + "/c");
            outer.expect(EventType.NodeCreated, path + "/a/b");
            outer.expect(EventType.NodeCreated, path + "/c");
            inner.expect(EventType.NodeCreated, path + "/a/b");
            quiet(inner);
        });
        Harness.check("a recursive watch on the root hears of everything", () -> {
            Harness.Client other = Harness.connect();
            Harness.Events events = new Harness.Events();
            other.addWatch("/", events, AddWatchMode.PERSISTENT_RECURSIVE);
            String path = make();
            events.expect(EventType.NodeCreated, path);
            other.close();
        });
        Harness.check("a one-time and a persistent watch on one path are heard as one event", () -> {
            String path = make();
            zk.addWatch(path, zk.events, AddWatchMode.PERSISTENT);
            zk.getData(path, true, null);
            zk.setData(path, null, -1);
            zk.events.expect(EventType.NodeDataChanged, path);
            quiet(zk.events);
            zk.setData(path, null, -1);
            zk.events.expect(EventType.NodeDataChanged, path);
            zk.removeAllWatches(path, WatcherType.Any, false);
            zk.events.events.clear();
        });
        Harness.check("deletions of a container and of an expired znode are heard", () -> {
            String path = Harness.fresh();
            Harness.Events events = new Harness.Events();
            zk.addWatch(path, events, AddWatchMode.PERSISTENT_RECURSIVE);
            zk.create(path, null, Ids.OPEN_ACL_UNSAFE, CreateMode.CONTAINER);
            create(path + "/c");
            zk.delete(path + "/c", -1);
            events.expect(EventType.NodeCreated, path);
            events.expect(EventType.NodeCreated, path + "/c");
            events.expect(EventType.NodeDeleted, path + "/c");
            events.expect(EventType.NodeDeleted, path);
        });
    }

    private void removal() {
        Harness.check("removing a data watch silences it and tells the watcher", () -> {
            String path = make();
            Harness.Events events = new Harness.Events();
            zk.getData(path, events, null);
            zk.removeWatches(path, events, WatcherType.Data, false);
            events.expect(EventType.DataWatchRemoved, path);
            zk.setData(path, null, -1);
            quiet(events);
        });
        Harness.check("removing a child watch leaves the data watch", () -> {
            String path = make();
            Harness.Events events = new Harness.Events();
            zk.getData(path, events, null);
            zk.getChildren(path, events);
            zk.removeWatches(path, events, WatcherType.Children, false);
            events.expect(EventType.ChildWatchRemoved, path);
            create(path + "/a");
            quiet(events);
            zk.setData(path, null, -1);
            events.expect(EventType.NodeDataChanged, path);
        });
        Harness.check("removing a persistent and a recursive watch silences them", () -> {
            String path = make();
            Harness.Events plain = new Harness.Events();
            Harness.Events recursive = new Harness.Events();
            zk.addWatch(path, plain, AddWatchMode.PERSISTENT);
            zk.addWatch(path, recursive, AddWatchMode.PERSISTENT_RECURSIVE);
            zk.removeWatches(path, plain, WatcherType.Any, false);
            plain.expect(EventType.PersistentWatchRemoved, path);
            zk.setData(path, null, -1);
            quiet(plain);
            zk.removeAllWatches(path, WatcherType.Any, false);
            zk.setData(path, null, -1);
            zk.settle();
            List<EventType> types = new ArrayList<>();
            recursive.events.forEach((event) -> types.add(event.getType()));
            Harness.equal(List.of(EventType.NodeDataChanged, EventType.PersistentWatchRemoved), types);
        });
        Harness.check("the server forgets a removed watch and says NOWATCHER to an unknown one", () -> {
            String path = make();
            Harness.equal("unknown path", Code.NOWATCHER.intValue(), remove(path, WatcherType.Any));
            zk.getData(path, new Harness.Events(), null);
            Harness.equal("children while only data is watched", Code.NOWATCHER.intValue(), remove(path, WatcherType.Children));
            Harness.equal("data", 0, remove(path, WatcherType.Data));
            Harness.equal("data again", Code.NOWATCHER.intValue(), remove(path, WatcherType.Data));
            Harness.fails(Code.NOWATCHER, () -> zk.removeWatches(path + "/x", new Harness.Events(), WatcherType.Any, false));
        });
        Harness.check("the server answers whether a watch is there", () -> {
            String path = make();
            Harness.equal("none", Code.NOWATCHER.intValue(), ask(path, WatcherType.Data));
            zk.getData(path, new Harness.Events(), null);
            Harness.equal("data", 0, ask(path, WatcherType.Data));
            Harness.equal("children", Code.NOWATCHER.intValue(), ask(path, WatcherType.Children));
            Harness.equal("any", 0, ask(path, WatcherType.Any));
            zk.setData(path, null, -1);
            Harness.equal("after it fired", Code.NOWATCHER.intValue(), ask(path, WatcherType.Any));
        });
    }

    private int remove(String path, WatcherType type) throws Exception {
        return zk.submit(18, new org.apache.zookeeper.proto.RemoveWatchesRequest(path, type.getIntValue()), null);
    }

    private int ask(String path, WatcherType type) throws Exception {
        return zk.submit(17, new org.apache.zookeeper.proto.CheckWatchesRequest(path, type.getIntValue()), null);
    }

    private void reconnection() {
        Harness.check("watches of every kind survive a broken connection, and changes meanwhile are heard", () -> {
            Harness.Client other = Harness.connect();
            String path = make();
            create(path + "/gone");
            Harness.Events data = new Harness.Events();
            Harness.Events children = new Harness.Events();
            Harness.Events absent = new Harness.Events();
            Harness.Events gone = new Harness.Events();
            Harness.Events persistent = new Harness.Events();
            Harness.Events recursive = new Harness.Events();
            other.getData(path, data, null);
            other.getChildren(path, children);
            other.exists(path + "/new", absent);
            other.exists(path + "/gone", gone);
            other.addWatch(path, persistent, AddWatchMode.PERSISTENT);
            other.addWatch(path, recursive, AddWatchMode.PERSISTENT_RECURSIVE);
            other.events.states.clear();
            other.breakConnection();
            zk.setData(path, Harness.bytes("meanwhile"), -1);
            create(path + "/new");
            zk.delete(path + "/gone", -1);
            data.expect(EventType.NodeDataChanged, path);
            children.expect(EventType.NodeChildrenChanged, path);
            absent.expect(EventType.NodeCreated, path + "/new");
            gone.expect(EventType.NodeDeleted, path + "/gone");
            other.events.expectState(KeeperState.SyncConnected, 30_000);
            other.settle();
            persistent.events.clear();
            recursive.events.clear();
            zk.setData(path, Harness.bytes("afterwards"), -1);
            create(path + "/new/deep");
            persistent.expect(EventType.NodeDataChanged, path);
            recursive.expect(EventType.NodeDataChanged, path);
            recursive.expect(EventType.NodeCreated, path + "/new/deep");
            other.close();
        });
        Harness.check("a closed session's watches are gone", () -> {
            Harness.Client other = Harness.connect();
            String path = make();
            Harness.Events events = new Harness.Events();
            other.getData(path, events, null);
            other.close();
            zk.setData(path, null, -1);
            zk.settle();
            List<EventType> types = new ArrayList<>();
            events.events.forEach((event) -> types.add(event.getType()));
            Harness.equal(List.of(), types);
        });
    }

    private String make() throws Exception {
        return create(Harness.fresh());
    }

    private String create(String path) throws Exception {
        return zk.create(path, Harness.bytes("w"), Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
    }

    private void quiet(Harness.Events events) throws Exception {
        zk.settle();
        events.expectNothing();
    }
}

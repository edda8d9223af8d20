import java.util.ArrayList;
import java.util.List;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.OpResult;
import org.apache.zookeeper.ZooDefs.Ids;
import org.apache.zookeeper.data.Stat;

/** Several operations as one, for writing and for reading, with a result for each. */
final class Multis extends Group {
    void run() {
        Harness.check("a multi of every kind succeeds with one zxid and a result for each", () -> {
            String root = make();
            zk.create(root + "/old", Harness.bytes("o"), Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
            List<OpResult> results = zk.multi(List.of(
                Op.check(root, 0),
                create(root + "/a", CreateMode.PERSISTENT),
                create(root + "/a/b", CreateMode.EPHEMERAL),
                create(root + "/s-", CreateMode.PERSISTENT_SEQUENTIAL),
                create(root + "/k", CreateMode.CONTAINER),
                Op.create(root + "/t", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT_WITH_TTL, 3_600_000),
                Op.setData(root, Harness.bytes("new"), 0),
                Op.delete(root + "/old", 0)));
            Harness.equal("results", 8, results.size());
            OpResult.CreateResult sequential = (OpResult.CreateResult) results.get(3);
            Harness.equal("sequential", root + "/s-0000000002", sequential.getPath());
            Harness.isTrue("check result", results.get(0) instanceof OpResult.CheckResult);
            Harness.isTrue("delete result", results.get(7) instanceof OpResult.DeleteResult);
            Stat set = ((OpResult.SetDataResult) results.get(6)).getStat();
            Harness.equal("version", 1, set.getVersion());
            Stat a = zk.exists(root + "/a", false);
            Harness.equal("one zxid for all", set.getMzxid(), a.getCzxid());
            Harness.equal("one zxid for all", set.getMzxid(), zk.exists(root, false).getPzxid());
            Harness.equal("stat in the create result", a.getCzxid(),
                ((OpResult.CreateResult) results.get(4)).getStat().getCzxid());
            Harness.equal("owner", zk.getSessionId(), zk.exists(root + "/a/b", false).getEphemeralOwner());
            Harness.equal("children", 4, zk.getChildren(root, false).size());
            zk.delete(root + "/a/b", -1);
        });
        Harness.check("a multi that fails in the middle changes nothing and says where", () -> {
            String root = make();
            Stat before = zk.exists(root, false);
            List<OpResult> results = failing(Code.NODEEXISTS, List.of(
                create(root + "/a", CreateMode.PERSISTENT),
                Op.setData(root, Harness.bytes("new"), 0),
                create(root + "/a", CreateMode.PERSISTENT),
                Op.delete(root, -1)));
            Harness.equal("codes", List.of(0, 0, Code.NODEEXISTS.intValue(), Code.RUNTIMEINCONSISTENCY.intValue()), codes(results));
            Harness.equal("the node", before, zk.exists(root, false));
            Harness.equal("the new node", null, zk.exists(root + "/a", false));
        });
        Harness.check("a multi that fails at its first and at its last operation", () -> {
            String root = make();
            Harness.equal("first", List.of(Code.BADVERSION.intValue(), Code.RUNTIMEINCONSISTENCY.intValue()),
                codes(failing(Code.BADVERSION, List.of(Op.check(root, 7), Op.delete(root, -1)))));
            Harness.equal("last", List.of(0, 0, Code.NONODE.intValue()),
                codes(failing(Code.NONODE, List.of(create(root + "/a", CreateMode.PERSISTENT),
                    Op.delete(root + "/a", 0), Op.delete(root + "/a", 0)))));
            Harness.fails(Code.NONODE, () -> zk.multi(List.of(Op.check(root + "/none", 0))));
        });
        Harness.check("operations of a multi see those before them", () -> {
            String root = make();
            zk.multi(List.of(
                create(root + "/a", CreateMode.PERSISTENT),
                Op.setData(root + "/a", Harness.bytes("1"), 0),
                Op.check(root + "/a", 1),
                create(root + "/a/b", CreateMode.PERSISTENT),
                Op.delete(root + "/a/b", 0),
                Op.delete(root + "/a", 1),
                create(root + "/a", CreateMode.PERSISTENT)));
            Stat stat = zk.exists(root + "/a", false);
            Harness.equal("version of the last one", 0, stat.getVersion());
            Harness.equal("cversion of the parent", 3, zk.exists(root, false).getCversion());
        });
        Harness.check("sequence numbers go on after a multi that failed", () -> {
            String root = make();
            failing(Code.NONODE, List.of(create(root + "/s-", CreateMode.PERSISTENT_SEQUENTIAL), Op.delete(root + "/x", 0)));
            Harness.equal(root + "/s-0000000000",
                zk.create(root + "/s-", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT_SEQUENTIAL));
        });
        Harness.check("an empty multi succeeds with no results", () -> Harness.equal(List.of(), zk.multi(new ArrayList<>())));
        Harness.check("a transaction built step by step commits", () -> {
            String root = make();
            List<OpResult> results = zk.transaction()
                .check(root, 0)
                .create(root + "/a", Harness.bytes("a"), Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT)
                .setData(root + "/a", Harness.bytes("b"), 0)
                .delete(root + "/a", 1)
                .commit();
            Harness.equal("results", 4, results.size());
        });
        Harness.check("a multi of reads answers each on its own, failures included", () -> {
            String root = make();
            zk.create(root + "/a", Harness.bytes("data"), Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
            List<OpResult> results = zk.multi(List.of(
                Op.getData(root + "/a"), Op.getChildren(root), Op.getData(root + "/none"), Op.getChildren(root + "/a")));
            Harness.equal("data", "data", new String(((OpResult.GetDataResult) results.get(0)).getData()));
            Harness.equal("stat", zk.exists(root + "/a", false), ((OpResult.GetDataResult) results.get(0)).getStat());
            Harness.equal("children", List.of("a"), ((OpResult.GetChildrenResult) results.get(1)).getChildren());
            Harness.equal("error", Code.NONODE.intValue(), ((OpResult.ErrorResult) results.get(2)).getErr());
            Harness.equal("after the error", List.of(), ((OpResult.GetChildrenResult) results.get(3)).getChildren());
        });
    }

    private String make() throws Exception {
        return zk.create(Harness.fresh(), Harness.bytes("r"), Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
    }

    private static Op create(String path, CreateMode mode) {
        return Op.create(path, Harness.bytes("d"), Ids.OPEN_ACL_UNSAFE, mode);
    }

    private List<OpResult> failing(Code code, List<Op> ops) throws Exception {
        try {
            zk.multi(ops);
        } catch (KeeperException problem) {
            Harness.equal("code of the whole", code, problem.code());
            return problem.getResults();
        }
        throw new AssertionError("the multi succeeded");
    }

    private static List<Integer> codes(List<OpResult> results) {
        List<Integer> codes = new ArrayList<>();
        for (OpResult result : results) {
            codes.add(((OpResult.ErrorResult) result).getErr());
        }
        return codes;
    }
}

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.zookeeper.AddWatchMode;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.OpResult;
import org.apache.zookeeper.Watcher.Event.EventType;
import org.apache.zookeeper.Watcher.Event.KeeperState;
import org.apache.zookeeper.ZooDefs.Ids;
import org.apache.zookeeper.ZooDefs.Perms;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.data.ClientInfo;
import org.apache.zookeeper.data.Id;
import org.apache.zookeeper.data.Stat;
import org.apache.zookeeper.server.auth.DigestAuthenticationProvider;

/** Who may do what: ACLs of every scheme, authentication, the super user. */
final class Access extends Group {
    void run() {
        permissions();
        schemes();
        badAcls();
        identities();
    }

    private static Harness.Client as(String auth) throws Exception {
        Harness.Client client = Harness.connect();
        client.addAuthInfo("digest", Harness.bytes(auth));
        return client;
    }

    private static Id digest(String auth) throws Exception {
        return new Id("digest", DigestAuthenticationProvider.generateDigest(auth));
    }

    private void permissions() {
        Harness.check("each permission guards its own operations", () -> {
            Id world = Ids.ANYONE_ID_UNSAFE;
            String none = make(acls(new ACL(Perms.ALL, digest("owner:pw"))));
            Harness.fails(Code.NOAUTH, () -> zk.getData(none, false, null));
            Harness.fails(Code.NOAUTH, () -> zk.getChildren(none, false));
            Harness.fails(Code.NOAUTH, () -> zk.setData(none, null, -1));
            Harness.fails(Code.NOAUTH, () -> zk.setACL(none, Ids.OPEN_ACL_UNSAFE, -1));
            Harness.fails(Code.NOAUTH, () -> zk.getACL(none, null));
            Harness.fails(Code.NOAUTH, () -> zk.create(none + "/c", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT));
            Harness.fails(Code.NOAUTH, () -> zk.exists(none, false));
            String readable = make(acls(new ACL(Perms.READ, world)));
            Harness.equal("a", new String(zk.getData(readable, false, null)));
            Harness.fails(Code.NOAUTH, () -> zk.setData(readable, null, -1));
            String writable = make(acls(new ACL(Perms.WRITE, world)));
            zk.setData(writable, null, -1);
            Harness.fails(Code.NOAUTH, () -> zk.getData(writable, false, null));
            String creatable = make(acls(new ACL(Perms.CREATE, world)));
            zk.create(creatable + "/c", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
            Harness.fails(Code.NOAUTH, () -> zk.delete(creatable + "/c", -1));
            String deletable = make(acls(new ACL(Perms.CREATE | Perms.DELETE, world)));
            zk.create(deletable + "/c", null, Ids.READ_ACL_UNSAFE, CreateMode.PERSISTENT);
            zk.delete(deletable + "/c", -1);
            String admin = make(acls(new ACL(Perms.ADMIN, world)));
            Harness.equal("getACL with admin", 1, zk.getACL(admin, null).size());
            zk.setACL(admin, Ids.OPEN_ACL_UNSAFE, -1);
            Harness.equal("a", new String(zk.getData(admin, false, null)));
        });
        Harness.check("the owner of a digest may what others may not", () -> {
            Harness.Client owner = as("owner:pw");
            String path = make(acls(new ACL(Perms.ALL, digest("owner:pw"))));
            owner.setData(path, Harness.bytes("mine"), -1);
            Harness.equal("mine", new String(owner.getData(path, false, null)));
            owner.create(path + "/c", null, Ids.CREATOR_ALL_ACL, CreateMode.PERSISTENT);
            Harness.fails(Code.NOAUTH, () -> zk.getData(path + "/c", false, null));
            Harness.Client wrong = as("owner:other");
            Harness.fails(Code.NOAUTH, () -> wrong.getData(path, false, null));
            wrong.close();
            Harness.fails(Code.NOAUTH, () -> zk.getAllChildrenNumber(path));
            Harness.fails(Code.NOAUTH, () -> zk.delete(path + "/c", -1));
            owner.delete(path + "/c", -1);
            owner.close();
        });
        Harness.check("a multi without permission fails at that operation", () -> {
            String path = make(acls(new ACL(Perms.READ, Ids.ANYONE_ID_UNSAFE)));
            String open = make(Ids.OPEN_ACL_UNSAFE);
            try {
                zk.multi(List.of(Op.setData(open, null, -1), Op.setData(path, null, -1)));
                throw new AssertionError("it succeeded");
            } catch (KeeperException problem) {
                Harness.equal("code", Code.NOAUTH, problem.code());
                Harness.equal("second", Code.NOAUTH.intValue(), ((OpResult.ErrorResult) problem.getResults().get(1)).getErr());
            }
            Harness.equal("version", 0, zk.exists(open, false).getVersion());
            Harness.Client owner = as("owner:pw");
            List<OpResult> reads = zk.multi(List.of(Op.getData(open), Op.getData(make(Ids.CREATOR_ALL_ACL, owner))));
            Harness.equal("read", Code.NOAUTH.intValue(), ((OpResult.ErrorResult) reads.get(1)).getErr());
            owner.close();
        });
        Harness.check("a watcher does not hear of znodes that it may not read", () -> {
            Harness.Client owner = as("owner:pw");
            String path = make(Ids.OPEN_ACL_UNSAFE);
            Harness.Events recursive = new Harness.Events();
            Harness.Events data = new Harness.Events();
            zk.addWatch(path, recursive, AddWatchMode.PERSISTENT_RECURSIVE);
            owner.create(path + "/secret", null, Ids.CREATOR_ALL_ACL, CreateMode.PERSISTENT);
            owner.create(path + "/open", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
            zk.getData(path + "/open", data, null);
            owner.setACL(path + "/open", Ids.CREATOR_ALL_ACL, -1);
            owner.setData(path + "/open", null, -1);
            zk.settle();
            recursive.expect(EventType.NodeCreated, path + "/open");
            recursive.expectNothing();
            data.expectNothing();
            owner.close();
        });
    }

    private void schemes() {
        Harness.check("the auth scheme becomes the ids of the session", () -> {
            Harness.Client two = as("one:1");
            two.addAuthInfo("digest", Harness.bytes("two:2"));
            String path = make(Ids.CREATOR_ALL_ACL, two);
            List<String> ids = new ArrayList<>();
            for (ACL acl : two.getACL(path, null)) {
                Harness.equal("perms", Perms.ALL, acl.getPerms());
                ids.add(acl.getId().getScheme() + ":" + acl.getId().getId());
            }
            Collections.sort(ids);
            List<String> expected = new ArrayList<>(List.of(
                "digest:" + digest("one:1").getId(), "digest:" + digest("two:2").getId()));
            Collections.sort(expected);
            Harness.equal(expected, ids);
            two.close();
            Harness.Client second = as("two:2");
            Harness.equal("a", new String(second.getData(path, false, null)));
            second.close();
        });
        Harness.check("ip addresses and networks are matched", () -> {
            String here = make(acls(new ACL(Perms.READ, new Id("ip", "127.0.0.1"))));
            Harness.equal("a", new String(zk.getData(here, false, null)));
            String network = make(acls(new ACL(Perms.READ, new Id("ip", "127.0.0.0/8"))));
            Harness.equal("a", new String(zk.getData(network, false, null)));
            String elsewhere = make(acls(new ACL(Perms.READ, new Id("ip", "10.1.2.3"))));
            Harness.fails(Code.NOAUTH, () -> zk.getData(elsewhere, false, null));
            String far = make(acls(new ACL(Perms.READ, new Id("ip", "10.0.0.0/8"))));
            Harness.fails(Code.NOAUTH, () -> zk.getData(far, false, null));
        });
        Harness.check("getACL gives back what was set, with its stat", () -> {
            List<ACL> acl = acls(new ACL(Perms.READ, Ids.ANYONE_ID_UNSAFE), new ACL(Perms.ALL, digest("o:p")),
                new ACL(Perms.WRITE, new Id("ip", "127.0.0.1")), new ACL(Perms.ADMIN, Ids.ANYONE_ID_UNSAFE));
            String path = make(acl);
            Stat stat = new Stat();
            Harness.equal(acl, zk.getACL(path, stat));
            Harness.equal("aversion", 0, stat.getAversion());
        });
        Harness.check("getACL hides the hash of a digest from those without admin", () -> {
            String path = make(acls(new ACL(Perms.READ, Ids.ANYONE_ID_UNSAFE), new ACL(Perms.ALL, digest("o:p"))));
            Harness.equal(new Id("digest", "o:x"), zk.getACL(path, null).get(1).getId());
        });
        Harness.check("an ACL's duplicates are dropped", () -> {
            List<ACL> acl = acls(new ACL(Perms.ALL, Ids.ANYONE_ID_UNSAFE), new ACL(Perms.ALL, Ids.ANYONE_ID_UNSAFE));
            Harness.equal(Ids.OPEN_ACL_UNSAFE, zk.getACL(make(acl), null));
        });
        Harness.check("the super user passes every ACL", () -> {
            String path = make(acls(new ACL(Perms.READ, digest("nobody:knows"))));
            Harness.Client admin = as(System.getenv("ZK_INTEROP_SUPER"));
            Harness.equal("a", new String(admin.getData(path, false, null)));
            admin.setData(path, Harness.bytes("b"), -1);
            admin.setACL(path, Ids.OPEN_ACL_UNSAFE, -1);
            Harness.equal("b", new String(zk.getData(path, false, null)));
            admin.close();
        });
    }

    private void badAcls() {
        Harness.check("unusable ACLs are INVALIDACL", () -> {
            String path = make(Ids.OPEN_ACL_UNSAFE);
            List<List<ACL>> bad = List.of(
                acls(new ACL(Perms.ALL, new Id("nosuch", "x"))),
                acls(new ACL(Perms.ALL, new Id("world", "everyone"))),
                acls(new ACL(Perms.ALL, new Id("ip", "not-an-address"))),
                acls(new ACL(Perms.ALL, new Id("ip", "10.0.0.1/99"))),
                acls(new ACL(Perms.ALL, new Id("digest", "no-colon"))));
            for (List<ACL> acl : bad) {
                Harness.fails(Code.INVALIDACL, () -> zk.create(path + "/x", null, acl, CreateMode.PERSISTENT));
                Harness.fails(Code.INVALIDACL, () -> zk.setACL(path, acl, -1));
            }
        });
        Harness.check("the auth scheme without authentication is INVALIDACL", () -> {
            Harness.Client plain = Harness.connect();
            Harness.fails(Code.INVALIDACL,
                () -> plain.create(Harness.fresh(), null, Ids.CREATOR_ALL_ACL, CreateMode.PERSISTENT));
            plain.close();
        });
        Harness.check("an empty and a missing ACL are INVALIDACL on the wire", () -> {
            int create = 1;
            for (List<ACL> acl : java.util.Arrays.asList(new ArrayList<ACL>(), (List<ACL>) null)) {
                Harness.equal("code", Code.INVALIDACL.intValue(),
                    zk.submit(create, new org.apache.zookeeper.proto.CreateRequest(Harness.fresh(), null, acl, 0), null));
            }
        });
    }

    private void identities() {
        Harness.check("whoAmI names the address and every authentication", () -> {
            Harness.Client client = as("who:secret");
            client.getData("/", false, null);
            List<String> ids = new ArrayList<>();
            for (ClientInfo info : client.whoAmI()) {
                ids.add(info.getAuthScheme() + ":" + info.getUser());
            }
            Collections.sort(ids);
            Harness.equal(List.of("digest:who", "ip:127.0.0.1"), ids);
            client.close();
        });
        Harness.check("an unknown scheme of authentication ends in AUTH_FAILED", () -> {
            Harness.Client client = Harness.connect();
            client.addAuthInfo("nosuch", Harness.bytes("x"));
            client.events.expectState(KeeperState.AuthFailed, 10_000);
            client.close();
        });
        Harness.check("authentication is given again after a broken connection", () -> {
            Harness.Client client = as("again:pw");
            String path = make(Ids.CREATOR_ALL_ACL, client);
            client.events.states.clear();
            client.breakConnection();
            client.events.expectState(KeeperState.SyncConnected, 30_000);
            Harness.equal("a", new String(client.getData(path, false, null)));
            client.close();
        });
    }

    /** The client asks a list whether it holds null, which lists made by List.of refuse to answer. */
    private static List<ACL> acls(ACL... acls) {
        return new ArrayList<>(java.util.Arrays.asList(acls));
    }

    private String make(List<ACL> acl) throws Exception {
        return make(acl, zk);
    }

    private static String make(List<ACL> acl, Harness.Client client) throws Exception {
        return client.create(Harness.fresh(), Harness.bytes("a"), acl, CreateMode.PERSISTENT);
    }
}

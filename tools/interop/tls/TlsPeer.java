import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Watcher.Event.KeeperState;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.client.ZKClientConfig;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.data.ClientInfo;
import org.apache.zookeeper.data.Id;

/** Apache's Java client over TLS and with SASL. Arguments: plain address, TLS port, folder of the certificates. */
public final class TlsPeer {
    private static final int TIMEOUT_MS = 10_000;
    /** Time in which a client that may not connect does not. */
    private static final int REFUSED_MS = 4_000;

    /** This machine, by an address that its certificate does not name. */
    private static final String ELSEWHERE = "127.0.0.2:";

    private static String plain;
    private static String port;
    private static String folder;

    private TlsPeer() {}

    public static void main(String[] args) throws Exception {
        plain = args[0];
        port = args[1];
        folder = args[2];
        Harness.check("a certificate makes an x509 id of its subject", () -> {
            Session session = Session.open("127.0.0.1:" + port, tls("client", "authority"));
            Harness.equal(true, session.ids().contains("x509:CN=client,O=Zoo\\, Inc."));
            session.close();
        });
        Harness.check("x509 ids guard a znode, and the super user's certificate opens it", TlsPeer::guarded);
        Harness.check("names in certificates are not checked where that is switched off", () -> {
            Map<String, String> settings = tls("client", "authority");
            settings.put("zookeeper.ssl.hostnameVerification", "false");
            Session.open(ELSEWHERE + port, settings).close();
        });
        Harness.check("SASL DIGEST-MD5 makes a sasl id", () -> login("Client", "bob", plain, new java.util.HashMap<>()));
        Harness.check("SASL DIGEST-MD5 with letters beyond ASCII", () -> login("Umlaut", "jürgen", plain, new java.util.HashMap<>()));
        Harness.check("SASL DIGEST-MD5 with letters beyond ISO-8859-1", () -> login("Kanji", "太郎", plain, new java.util.HashMap<>()));
        Harness.check("SASL over TLS", () -> login("Client", "bob", "127.0.0.1:" + port, tls("client", "authority")));
        Harness.check("a wrong password ends in AuthFailed", () -> failed("WrongPassword"));
        Harness.check("an unknown user ends in AuthFailed", () -> failed("UnknownUser"));
        refusals();
        System.out.println("done");
        System.exit(0);
    }

    private static void guarded() throws Exception {
        Session owner = Session.open("127.0.0.1:" + port, tls("client", "authority"));
        Session other = Session.open("127.0.0.1:" + port, tls("other", "authority"));
        Session root = Session.open("127.0.0.1:" + port, tls("super", "authority"));
        String path = Harness.fresh();
        owner.zk.create(path, Harness.bytes("mine"), ZooDefs.Ids.CREATOR_ALL_ACL, CreateMode.EPHEMERAL);
        Harness.equal(List.of(new ACL(31, new Id("x509", "CN=client,O=Zoo\\, Inc."))), owner.zk.getACL(path, null));
        Harness.fails(KeeperException.Code.NOAUTH, () -> other.zk.getData(path, false, null));
        Harness.equal("mine", new String(owner.zk.getData(path, false, null)));
        Harness.equal("mine", new String(root.zk.getData(path, false, null)));
        owner.close();
        other.close();
        root.close();
    }

    private static void login(String section, String user, String address, Map<String, String> settings) throws Exception {
        settings.put("zookeeper.sasl.clientconfig", section);
        Session session = Session.open(address, settings);
        Harness.isTrue("SaslAuthenticated was told", session.authenticated.await(30, TimeUnit.SECONDS));
        Harness.equal(true, session.ids().contains("sasl:" + user));
        String path = Harness.fresh();
        ACL mine = new ACL(31, new Id("sasl", user));
        session.zk.create(path, Harness.bytes("mine"), java.util.Collections.singletonList(mine), CreateMode.EPHEMERAL);
        Harness.equal("mine", new String(session.zk.getData(path, false, null)));
        Session nobody = Session.open(plain, Map.of("zookeeper.sasl.client", "false"));
        Harness.fails(KeeperException.Code.NOAUTH, () -> nobody.zk.getData(path, false, null));
        nobody.close();
        session.close();
    }

    private static void failed(String section) throws Exception {
        Session session = new Session(plain, Map.of("zookeeper.sasl.clientconfig", section));
        Harness.isTrue("AuthFailed was told", session.refused.await(30, TimeUnit.SECONDS));
        session.close();
    }

    /** All at once: what they have in common is that nothing happens. */
    private static void refusals() throws Exception {
        String secure = "127.0.0.1:" + port;
        Map<String, Session> sessions = new java.util.LinkedHashMap<>();
        sessions.put("a server whose certificate is not trusted is not connected to", new Session(secure, tls("client", "stranger")));
        sessions.put("a server of another name is not connected to", new Session(ELSEWHERE + port, tls("client", "authority")));
        sessions.put("a client without a certificate does not connect", new Session(secure, tls(null, "authority")));
        sessions.put("a client whose certificate is not trusted does not connect", new Session(secure, tls("foreign", "authority")));
        sessions.put("a client whose certificate has expired does not connect", new Session(secure, tls("expired", "authority")));
        sessions.put("plain text does not connect to the TLS port", new Session(secure, Map.of("zookeeper.sasl.client", "false")));
        sessions.put("TLS does not connect to the plain-text port", new Session(plain, tls("client", "authority")));
        Thread.sleep(REFUSED_MS);
        for (Map.Entry<String, Session> entry : sessions.entrySet()) {
            Harness.check(entry.getKey(), () -> Harness.equal("connected", 1L, entry.getValue().connected.getCount()));
        }
        for (Session session : sessions.values()) {
            session.close();
        }
    }

    private static Map<String, String> tls(String identity, String trust) {
        Map<String, String> settings = new java.util.HashMap<>();
        settings.put("zookeeper.client.secure", "true");
        settings.put("zookeeper.sasl.client", "false");
        settings.put("zookeeper.clientCnxnSocket", "org.apache.zookeeper.ClientCnxnSocketNetty");
        settings.put("zookeeper.ssl.trustStore.location", folder + "/" + trust + ".pem");
        if (identity != null) {
            settings.put("zookeeper.ssl.keyStore.location", folder + "/" + identity + ".pem");
        }
        return settings;
    }

    /** A client of its own configuration. */
    private static final class Session {
        final CountDownLatch connected = new CountDownLatch(1);
        final CountDownLatch authenticated = new CountDownLatch(1);
        final CountDownLatch refused = new CountDownLatch(1);
        final ZooKeeper zk;

        Session(String address, Map<String, String> settings) throws Exception {
            ZKClientConfig config = new ZKClientConfig();
            settings.forEach(config::setProperty);
            if (settings.containsKey("zookeeper.sasl.clientconfig")) {
                config.setProperty("zookeeper.sasl.client", "true");
            }
            zk = new ZooKeeper(address, TIMEOUT_MS, event -> {
                if (event.getState() == KeeperState.SyncConnected) {
                    connected.countDown();
                } else if (event.getState() == KeeperState.SaslAuthenticated) {
                    authenticated.countDown();
                } else if (event.getState() == KeeperState.AuthFailed) {
                    refused.countDown();
                }
            }, config);
        }

        static Session open(String address, Map<String, String> settings) throws Exception {
            Session session = new Session(address, settings);
            Harness.isTrue("no connection within 30 s", session.connected.await(30, TimeUnit.SECONDS));
            return session;
        }

        List<String> ids() throws Exception {
            List<ClientInfo> infos = new ArrayList<>(zk.whoAmI());
            return infos.stream().map(info -> info.getAuthScheme() + ":" + info.getUser()).collect(Collectors.toList());
        }

        void close() throws Exception {
            zk.close(1_000);
        }
    }
}

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import org.apache.jute.Record;
import org.apache.zookeeper.AddWatchMode;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.Watcher.Event.EventType;
import org.apache.zookeeper.Watcher.Event.KeeperState;
import org.apache.zookeeper.ZooDefs.Ids;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.proto.ConnectRequest;
import org.apache.zookeeper.proto.ConnectResponse;
import org.apache.zookeeper.proto.CreateRequest;
import org.apache.zookeeper.proto.RequestHeader;
import org.apache.zookeeper.server.ByteBufferInputStream;

/** Sessions: negotiated timeouts, going on with id and password, expiry. */
final class Sessions extends Group {
    void run() {
        Harness.check("the timeout is kept between the server's limits", () -> {
            for (int[] pair : new int[][] {{10_000, 10_000}, {1, 400}, {1_000_000, 60_000}}) {
                try (Bare bare = new Bare(pair[0], 0, new byte[16])) {
                    Harness.equal("negotiated", pair[1], bare.answer.getTimeOut());
                    Harness.isTrue("a session id", bare.answer.getSessionId() != 0);
                    Harness.equal("length of the password", 16, bare.answer.getPasswd().length);
                }
            }
        });
        Harness.check("session ids differ", () -> {
            try (Bare one = new Bare(1_000, 0, new byte[16]); Bare two = new Bare(1_000, 0, new byte[16])) {
                Harness.isTrue("different", one.answer.getSessionId() != two.answer.getSessionId());
            }
        });
        Harness.check("a session goes on with its id and password, ephemerals included", () -> {
            String path = Harness.fresh();
            Bare bare = new Bare(20_000, 0, new byte[16]);
            bare.create(path);
            bare.close();
            long id = bare.answer.getSessionId();
            Harness.Events events = new Harness.Events();
            Harness.Client again = new Harness.Client(Harness.address, 20_000, events, id, bare.answer.getPasswd());
            events.expectState(KeeperState.SyncConnected, 10_000);
            Harness.equal("session", id, again.getSessionId());
            Harness.equal("owner", id, again.exists(path, false).getEphemeralOwner());
            Harness.equal("ephemerals", List.of(path), again.getEphemerals());
            again.close();
            Harness.equal("after its close", null, zk.exists(path, false));
        });
        Harness.check("a wrong password gives no session", () -> {
            String path = Harness.fresh();
            try (Bare bare = new Bare(20_000, 0, new byte[16])) {
                bare.create(path);
                byte[] wrong = bare.answer.getPasswd().clone();
                wrong[3] ^= 1;
                try (Bare thief = new Bare(20_000, bare.answer.getSessionId(), wrong)) {
                    Harness.equal("session id", 0L, thief.answer.getSessionId());
                    Harness.equal("timeout", 0, thief.answer.getTimeOut());
                }
                Harness.isTrue("the owner's ephemeral is still there", zk.exists(path, false) != null);
            }
            zk.delete(path, -1);
        });
        Harness.check("a session that nobody has is expired for the client", () -> {
            Harness.Events events = new Harness.Events();
            ZooKeeper ghost = new ZooKeeper(Harness.address, 5_000, events, 0x123456789abcdefL, new byte[16]);
            events.expectState(KeeperState.Expired, 10_000);
            Harness.equal("state", ZooKeeper.States.CLOSED, ghost.getState());
            ghost.close();
        });
        Harness.check("a silent session expires after its timeout, not before, and its ephemerals go", () -> {
            String path = Harness.fresh();
            Harness.Events events = new Harness.Events();
            // Set before the znode is there, or it might be gone by then.
            zk.addWatch(path, events, AddWatchMode.PERSISTENT);
            Bare bare = new Bare(4_000, 0, new byte[16]);
            long from = System.nanoTime();
            bare.create(path);
            bare.close();
            events.expect(EventType.NodeCreated, path);
            events.expect(EventType.NodeDeleted, path);
            long tookMs = (System.nanoTime() - from) / 1_000_000;
            Harness.isTrue("it took " + tookMs + " ms", tookMs >= 3_999);
            try (Bare late = new Bare(4_000, bare.answer.getSessionId(), bare.answer.getPasswd())) {
                Harness.equal("the late client's session", 0L, late.answer.getSessionId());
            }
        });
        Harness.check("pings keep a quiet session alive", () -> {
            // Long enough for pings that come late, and quiet for longer than that.
            Harness.Client quiet = Harness.connect(Harness.address, 9_000);
            String path = Harness.fresh();
            quiet.create(path, null, Ids.OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL);
            quiet.events.states.clear();
            Thread.sleep(11_000);
            Harness.equal("state changes", 0, quiet.events.states.size());
            Harness.isTrue("the ephemeral is there", zk.exists(path, false) != null);
            quiet.close();
        });
        Harness.check("a client whose session moved to another connection loses its own", () -> {
            Bare first = new Bare(20_000, 0, new byte[16]);
            Bare second = new Bare(20_000, first.answer.getSessionId(), first.answer.getPasswd());
            Harness.equal("session", first.answer.getSessionId(), second.answer.getSessionId());
            Harness.equal("the first connection's end", -1, first.readByte());
            second.create(Harness.fresh());
            second.close();
        });
        Harness.check("a client that may be read-only gets a writable session here", () -> {
            Harness.Events events = new Harness.Events();
            ZooKeeper client = new ZooKeeper(Harness.address, 5_000, events, true);
            events.expectState(KeeperState.SyncConnected, 10_000);
            Harness.equal("state", ZooKeeper.States.CONNECTED, client.getState());
            client.create(Harness.fresh(), null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
            client.close();
        });
        Harness.check("a client that has seen the future is turned away", () -> {
            Socket socket = Bare.open();
            ConnectRequest request = new ConnectRequest(0, Long.MAX_VALUE, 5_000, 0, new byte[16], false);
            Bare.send(new DataOutputStream(socket.getOutputStream()), new byte[0], request);
            Harness.equal("end of the connection", -1, socket.getInputStream().read());
            socket.close();
        });
        Harness.check("a session closed twice, and requests after the close, harm nobody", () -> {
            Harness.Client other = Harness.connect();
            other.close();
            other.close();
            Harness.fails(Code.SESSIONEXPIRED, () -> other.exists("/", false));
            Harness.isTrue("the server answers", zk.exists("/", false) != null);
        });
    }

    /** A connection without a client behind it, so that it can fall silent. */
    private static final class Bare implements AutoCloseable {
        final ConnectResponse answer = new ConnectResponse();
        private final Socket socket;
        private final DataOutputStream out;
        private final DataInputStream in;

        Bare(int timeoutMs, long id, byte[] password) throws IOException {
            socket = open();
            out = new DataOutputStream(socket.getOutputStream());
            in = new DataInputStream(socket.getInputStream());
            send(out, new byte[0], new ConnectRequest(0, 0, timeoutMs, id, password, false));
            byte[] frame = new byte[in.readInt()];
            in.readFully(frame);
            ByteBufferInputStream.byteBuffer2Record(ByteBuffer.wrap(frame), answer);
        }

        static Socket open() throws IOException {
            int colon = Harness.address.lastIndexOf(':');
            InetAddress host = InetAddress.getByName(Harness.address.substring(0, colon));
            Socket socket = new Socket(host, Integer.parseInt(Harness.address.substring(colon + 1)));
            socket.setSoTimeout(10_000);
            return socket;
        }

        static void send(DataOutputStream out, byte[] header, Record body) throws IOException {
            java.io.ByteArrayOutputStream bytes = new java.io.ByteArrayOutputStream();
            bytes.write(header == null ? new byte[0] : header);
            body.serialize(org.apache.jute.BinaryOutputArchive.getArchive(bytes), "record");
            out.writeInt(bytes.size());
            out.write(bytes.toByteArray());
            out.flush();
        }

        void create(String path) throws IOException {
            java.io.ByteArrayOutputStream bytes = new java.io.ByteArrayOutputStream();
            new RequestHeader(1, 1).serialize(org.apache.jute.BinaryOutputArchive.getArchive(bytes), "header");
            send(out, bytes.toByteArray(), new CreateRequest(path, null, Ids.OPEN_ACL_UNSAFE, 1));
            byte[] frame = new byte[in.readInt()];
            in.readFully(frame);
            Harness.equal("error of the bare create", 0, ByteBuffer.wrap(Arrays.copyOfRange(frame, 12, 16)).getInt());
        }

        int readByte() throws IOException {
            return in.read();
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }
}

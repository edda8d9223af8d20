import java.io.File;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Enumeration;
import java.util.List;
import java.util.stream.Stream;
import org.apache.bookkeeper.client.BKException;
import org.apache.bookkeeper.client.BookKeeper;
import org.apache.bookkeeper.client.BookKeeper.DigestType;
import org.apache.bookkeeper.client.BookKeeperAdmin;
import org.apache.bookkeeper.client.LedgerEntry;
import org.apache.bookkeeper.client.LedgerHandle;
import org.apache.bookkeeper.common.component.LifecycleComponentStack;
import org.apache.bookkeeper.conf.ClientConfiguration;
import org.apache.bookkeeper.conf.ServerConfiguration;
import org.apache.bookkeeper.net.BookieId;
import org.apache.bookkeeper.server.EmbeddedServer;
import org.apache.bookkeeper.server.conf.BookieConfiguration;
import org.apache.bookkeeper.server.service.BookieService;

/** Three bookies with autorecovery, and ledgers on two of them each: `BookKeeperPeer SERVERS`. */
final class BookKeeperPeer {
    private static final int BOOKIES = 3;
    private static final int COPIES = 2;
    private static final int ENTRIES = 200;
    private static final long LIMIT_MS = 60_000;
    private static final byte[] PASSWORD = Checks.bytes("interop");

    private final String metadata;
    private final Path folder;
    private final List<LifecycleComponentStack> bookies = new ArrayList<>();
    private BookKeeper client;
    private BookKeeperAdmin admin;
    private long ledger;

    private BookKeeperPeer(String servers, Path folder) {
        this.metadata = "zk+hierarchical://" + servers.replace(',', ';') + "/ledgers";
        this.folder = folder;
    }

    public static void main(String[] args) throws Exception {
        Path folder = Files.createTempDirectory("zk-interop-bookkeeper-");
        try {
            BookKeeperPeer peer = new BookKeeperPeer(args[0], folder);
            Checks.check("a cluster is set up", () -> Checks.isTrue("made", BookKeeperAdmin.initNewCluster(peer.settings(0))));
            Checks.check("three bookies register", peer::register);
            Checks.check("one of them is elected auditor", peer::auditor);
            Checks.check("a ledger is written, closed and read", peer::write);
            Checks.check("a ledger that is open is fenced by who recovers it", peer::fence);
            Checks.check("many ledgers get numbers of their own", peer::many);
            Checks.check("a bookie goes, and what it had is copied", peer::recover);
            Checks.check("a ledger is deleted", peer::delete);
            peer.close();
        } finally {
            remove(folder);
        }
        System.out.println("done");
        System.exit(0); // Bookies leave threads behind that would keep the program.
    }

    private ServerConfiguration settings(int number) throws Exception {
        ServerConfiguration settings = new ServerConfiguration();
        settings.setMetadataServiceUri(metadata);
        settings.setZkTimeout(6_000);
        settings.setAllowLoopback(true);
        settings.setAdvertisedAddress("127.0.0.1");
        settings.setBookiePort(freePort());
        settings.setJournalDirName(made(number, "journal").getPath());
        settings.setLedgerDirNames(new String[] {made(number, "ledgers").getPath()});
        settings.setAutoRecoveryDaemonEnabled(true);
        settings.setSkipListSizeLimit(4 << 20);
        settings.setDiskUsageThreshold(0.99f);
        return settings;
    }

    private File made(int number, String name) throws Exception {
        return Files.createDirectories(folder.resolve(number + "-" + name)).toFile();
    }

    private static int freePort() throws Exception {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    private void register() throws Exception {
        for (int number = 1; number <= BOOKIES; number++) {
            BookieConfiguration configuration = new BookieConfiguration(settings(number));
            LifecycleComponentStack bookie = EmbeddedServer.builder(configuration).build().getLifecycleComponentStack();
            bookie.start();
            bookies.add(bookie);
        }
        ClientConfiguration settings = new ClientConfiguration();
        settings.setMetadataServiceUri(metadata);
        settings.setZkTimeout(6_000);
        client = new BookKeeper(settings);
        admin = new BookKeeperAdmin(client, settings);
        Checks.eventually("three bookies", LIMIT_MS, () -> admin.getAvailableBookies().size() == BOOKIES);
    }

    private void auditor() throws Exception {
        Checks.eventually("an auditor", LIMIT_MS, () -> admin.getCurrentAuditor() != null);
        Checks.isTrue("a bookie", admin.getAvailableBookies().contains(admin.getCurrentAuditor()));
    }

    private LedgerHandle written() throws Exception {
        LedgerHandle handle = client.createLedger(COPIES, COPIES, COPIES, DigestType.CRC32C, PASSWORD);
        for (int number = 0; number < ENTRIES; number++) {
            handle.addEntry(Checks.bytes("entry " + number));
        }
        return handle;
    }

    private void expectEntries(LedgerHandle handle) throws Exception {
        Checks.equal("last entry", ENTRIES - 1L, handle.getLastAddConfirmed());
        Enumeration<LedgerEntry> entries = handle.readEntries(0, ENTRIES - 1);
        for (int number = 0; number < ENTRIES; number++) {
            Checks.equal("entry " + number, new String(entries.nextElement().getEntry()));
        }
    }

    private void write() throws Exception {
        LedgerHandle handle = written();
        ledger = handle.getId();
        handle.close();
        try (LedgerHandle reader = client.openLedger(ledger, DigestType.CRC32C, PASSWORD)) {
            expectEntries(reader);
        }
    }

    private void fence() throws Exception {
        LedgerHandle writer = written();
        try (LedgerHandle reader = client.openLedger(writer.getId(), DigestType.CRC32C, PASSWORD)) {
            expectEntries(reader);
        }
        try {
            writer.addEntry(Checks.bytes("late"));
            throw new AssertionError("the former writer still writes");
        } catch (BKException.BKLedgerFencedException expected) {
            Checks.isTrue("open for nobody", client.isClosed(writer.getId()));
        }
    }

    private void many() throws Exception {
        List<Long> made = new ArrayList<>();
        for (int number = 0; number < 50; number++) {
            LedgerHandle handle = client.createLedger(COPIES, COPIES, COPIES, DigestType.CRC32C, PASSWORD);
            made.add(handle.getId());
            handle.close();
        }
        List<Long> listed = new ArrayList<>();
        admin.listLedgers().forEach(listed::add);
        Checks.isTrue("all are listed", listed.containsAll(made) && listed.contains(ledger));
        Checks.equal("distinct", made.size(), (int) made.stream().distinct().count());
    }

    /** The bookie that holds the first copy of the ledger goes: autorecovery has to copy it to the third. */
    private void recover() throws Exception {
        List<BookieId> before = ensemble();
        for (LifecycleComponentStack bookie : new ArrayList<>(bookies)) {
            if (before.get(0).equals(idOf(bookie))) {
                bookies.remove(bookie);
                bookie.close();
            }
        }
        Checks.eventually("two bookies", LIMIT_MS, () -> admin.getAvailableBookies().size() == BOOKIES - 1);
        Checks.eventually("a copy", LIMIT_MS, () -> !ensemble().contains(before.get(0)));
        try (LedgerHandle reader = client.openLedger(ledger, DigestType.CRC32C, PASSWORD)) {
            expectEntries(reader);
        }
    }

    private static BookieId idOf(LifecycleComponentStack bookie) throws Exception {
        for (int index = 0; index < bookie.getNumComponents(); index++) {
            if (bookie.getComponent(index) instanceof BookieService) {
                return ((BookieService) bookie.getComponent(index)).getServer().getBookieId();
            }
        }
        throw new AssertionError("no bookie in it");
    }

    private List<BookieId> ensemble() throws Exception {
        return client.getLedgerManager().readLedgerMetadata(ledger).get().getValue().getAllEnsembles().get(0L);
    }

    private void delete() throws Exception {
        client.deleteLedger(ledger);
        try {
            client.openLedger(ledger, DigestType.CRC32C, PASSWORD);
            throw new AssertionError("it is there");
        } catch (BKException.BKNoSuchLedgerExistsOnMetadataServerException expected) {
            Checks.isTrue("others are", admin.listLedgers().iterator().hasNext());
        }
    }

    private void close() throws Exception {
        admin.close();
        client.close();
        bookies.forEach(LifecycleComponentStack::close);
    }

    private static void remove(Path folder) throws Exception {
        try (Stream<Path> files = Files.walk(folder)) {
            files.sorted((one, other) -> other.compareTo(one)).map(Path::toFile).forEach(File::delete);
        }
    }
}

import java.util.Properties;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;

/** What people do with a cluster of Kafka: `KafkaPeer WHEN BROKERS SASL-BROKERS ZOOKEEPER CHROOT`. */
final class KafkaPeer {
    static final String TOPIC = "orders";
    static final int BROKERS = 3;
    /** What brokers and clients may need until everybody knows of a change. */
    static final long SETTLING_MS = 60_000;

    final Admin admin;
    final Records records;
    final String brokers;
    final String saslBrokers;
    final String zookeeper;
    final String chroot;

    private KafkaPeer(String[] args) {
        brokers = args[1];
        saslBrokers = args[2];
        zookeeper = args[3];
        chroot = args[4];
        Properties settings = new Properties();
        settings.put(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, brokers);
        admin = Admin.create(settings);
        records = new Records(brokers);
    }

    public static void main(String[] args) throws Exception {
        KafkaPeer peer = new KafkaPeer(args);
        switch (args[0]) {
            case "whole":
                new Topics(peer).run();
                new Rights(peer).run();
                break;
            case "without-controller":
                new Failover(peer).withoutController();
                break;
            case "whole-again":
                new Failover(peer).wholeAgain();
                break;
            default:
                throw new IllegalArgumentException(args[0]);
        }
        peer.admin.close();
        System.out.println("done");
    }
}

import java.util.List;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.TopicPartitionInfo;

/** The cluster without the broker that controlled it, and with it again. */
final class Failover {
    private static final int BEFORE = 300;
    private static final int AFTER = 500;
    private final KafkaPeer peer;
    private final Admin admin;

    Failover(KafkaPeer peer) {
        this.peer = peer;
        this.admin = peer.admin;
    }

    void withoutController() {
        Checks.check("another broker controls the cluster", this::controller);
        Checks.check("every partition has a leader that lives", this::leaders);
        Checks.check("a topic is made meanwhile", () -> {
            admin.createTopics(List.of(new NewTopic("meanwhile", 3, (short) 2))).all().get();
            Topics.expectInSync(admin, "meanwhile", 3, 2);
        });
        Checks.check("records are written meanwhile", () -> peer.records.write(KafkaPeer.TOPIC, BEFORE, AFTER));
        Checks.check("nothing that was written is lost", () -> peer.records.expect(KafkaPeer.TOPIC, "second", AFTER));
    }

    void wholeAgain() {
        Checks.check("the broker is back in sync", () ->
            Topics.expectInSync(admin, KafkaPeer.TOPIC, 3, KafkaPeer.BROKERS));
        Checks.check("nothing that was written is lost, still", () ->
            peer.records.expect(KafkaPeer.TOPIC, "third", AFTER));
        Checks.check("a topic is deleted at all brokers, and its znodes with it", () -> {
            Topics.delete(admin, List.of(KafkaPeer.TOPIC));
            Topics.expectNoZnodes(peer, KafkaPeer.TOPIC);
            Checks.equal(false, admin.listTopics().names().get().contains(KafkaPeer.TOPIC));
        });
    }

    private void controller() throws Exception {
        Checks.eventually("two brokers", KafkaPeer.SETTLING_MS, () ->
            admin.describeCluster().nodes().get().size() == KafkaPeer.BROKERS - 1);
        Checks.isTrue("there is a controller", admin.describeCluster().controller().get() != null);
    }

    private void leaders() throws Exception {
        Checks.eventually("leaders", KafkaPeer.SETTLING_MS, () -> {
            for (TopicPartitionInfo partition : Topics.partitionsOf(admin, KafkaPeer.TOPIC)) {
                if (partition.leader() == null || partition.isr().size() != KafkaPeer.BROKERS - 1) {
                    return false;
                }
            }
            return true;
        });
    }
}

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewPartitionReassignment;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.ElectionType;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.zookeeper.ZooKeeper;

/** Topics: made, written, read, configured, grown, moved and deleted, by way of znodes and watches on them. */
final class Topics {
    private static final int RECORDS = 300;
    private static final int MANY = 12;
    private final KafkaPeer peer;
    private final Admin admin;

    Topics(KafkaPeer peer) {
        this.peer = peer;
        this.admin = peer.admin;
    }

    void run() {
        Checks.check("all brokers have registered, below the chroot only", this::registered);
        Checks.check("a topic of 3 partitions and 3 replicas is made", () -> create(KafkaPeer.TOPIC, 3, 3));
        Checks.check("all replicas get in sync", () -> expectInSync(admin, KafkaPeer.TOPIC, 3, 3));
        Checks.check("records are written to all replicas", () -> peer.records.write(KafkaPeer.TOPIC, 0, RECORDS));
        Checks.check("a group reads all of them", () -> peer.records.expect(KafkaPeer.TOPIC, "first", RECORDS));
        Checks.check("the offsets of the group are kept", this::offsets);
        Checks.check("the brokers hear that the settings of a topic have changed", this::settings);
        Checks.check("the brokers hear that their own settings have changed", this::brokerSettings);
        Checks.check("a topic gets more partitions", this::grow);
        Checks.check("a transaction is committed, by a producer with a number from a znode", this::transaction);
        Checks.check("replicas move to another broker", this::move);
        Checks.check("the preferred replica leads when asked to", this::elect);
        Checks.check("many topics are made at once", this::many);
        Checks.check("and deleted at once, and their znodes with them", this::deleteMany);
    }

    private void registered() throws Exception {
        Checks.eventually("all brokers", KafkaPeer.SETTLING_MS, () ->
            admin.describeCluster().nodes().get().size() == KafkaPeer.BROKERS);
        try (ZooKeeper client = new ZooKeeper(peer.zookeeper, 10_000, event -> { })) {
            String top = peer.chroot.split("/")[1];
            Checks.equal("root", Set.of("zookeeper", top), Set.copyOf(client.getChildren("/", false)));
            int ids = client.getChildren(peer.chroot + "/brokers/ids", false).size();
            Checks.equal("znodes of brokers", KafkaPeer.BROKERS, ids);
        }
    }

    private void create(String name, int partitions, int replicas) throws Exception {
        admin.createTopics(List.of(new NewTopic(name, partitions, (short) replicas))).all().get();
    }

    static void expectInSync(Admin admin, String topic, int partitions, int replicas) throws Exception {
        Checks.eventually("in sync", KafkaPeer.SETTLING_MS, () -> {
            Collection<TopicPartitionInfo> all = partitionsOf(admin, topic);
            return all.size() == partitions && all.stream().allMatch(one -> one.isr().size() == replicas);
        });
    }

    /** None while the brokers do not know the topic yet. */
    static Collection<TopicPartitionInfo> partitionsOf(Admin admin, String topic) throws Exception {
        try {
            TopicDescription description = admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic);
            return description.partitions();
        } catch (ExecutionException unknown) {
            return List.of();
        }
    }

    private void offsets() throws Exception {
        long read = admin.listConsumerGroupOffsets("first").partitionsToOffsetAndMetadata().get()
            .values().stream().mapToLong(offset -> offset.offset()).sum();
        Checks.equal("offsets", (long) RECORDS, read);
    }

    private void settings() throws Exception {
        create("small", 1, 3);
        set(new ConfigResource(ConfigResource.Type.TOPIC, "small"), "max.message.bytes", "2000");
        ProducerRecord<String, String> large = new ProducerRecord<>("small", "1".repeat(5_000));
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(Records.settings(peer.brokers))) {
            Checks.eventually("a refusal of what is too large", KafkaPeer.SETTLING_MS, () -> {
                try {
                    producer.send(large).get();
                    return false;
                } catch (ExecutionException refused) {
                    return refused.getCause() instanceof RecordTooLargeException;
                }
            });
        }
    }

    private void brokerSettings() throws Exception {
        ConfigResource broker = new ConfigResource(ConfigResource.Type.BROKER, "2");
        set(broker, "log.cleaner.threads", "2");
        Checks.eventually("a dynamic setting", KafkaPeer.SETTLING_MS, () -> {
            ConfigEntry entry = admin.describeConfigs(List.of(broker)).all().get().get(broker).get("log.cleaner.threads");
            return entry.value().equals("2") && entry.source() == ConfigEntry.ConfigSource.DYNAMIC_BROKER_CONFIG;
        });
    }

    private void set(ConfigResource resource, String key, String value) throws Exception {
        AlterConfigOp change = new AlterConfigOp(new ConfigEntry(key, value), AlterConfigOp.OpType.SET);
        admin.incrementalAlterConfigs(Map.of(resource, List.of(change))).all().get();
    }

    private void grow() throws Exception {
        create("grows", 1, 3);
        expectInSync(admin, "grows", 1, 3);
        admin.createPartitions(Map.of("grows", NewPartitions.increaseTo(4))).all().get();
        expectInSync(admin, "grows", 4, 3);
        peer.records.write("grows", 0, 100);
        peer.records.expect("grows", "growing", 100);
    }

    private void transaction() throws Exception {
        create("transactions", 2, 3);
        Properties settings = Records.settings(peer.brokers);
        settings.put("transactional.id", "interop");
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(settings)) {
            producer.initTransactions();
            producer.beginTransaction();
            Records.write(producer, "transactions", 500, 600);
            producer.abortTransaction();
            producer.beginTransaction();
            Records.write(producer, "transactions", 0, 50);
            producer.commitTransaction();
        }
        peer.records.expect("transactions", "committed", 50);
    }

    private void move() throws Exception {
        TopicPartition partition = new TopicPartition("moves", 0);
        admin.createTopics(List.of(new NewTopic("moves", Map.of(0, List.of(1, 2))))).all().get();
        expectInSync(admin, "moves", 1, 2);
        peer.records.write("moves", 0, 100);
        NewPartitionReassignment target = new NewPartitionReassignment(List.of(3, 2));
        admin.alterPartitionReassignments(Map.of(partition, Optional.of(target))).all().get();
        Checks.eventually("an end of the move", KafkaPeer.SETTLING_MS, () ->
            admin.listPartitionReassignments().reassignments().get().isEmpty());
        List<Integer> replicas = partitionsOf(admin, "moves").stream()
            .flatMap(one -> one.replicas().stream()).map(node -> node.id()).collect(Collectors.toList());
        Checks.equal("replicas", List.of(3, 2), replicas);
        peer.records.expect("moves", "moved", 100);
    }

    private void elect() throws Exception {
        TopicPartition partition = new TopicPartition("moves", 0);
        admin.electLeaders(ElectionType.PREFERRED, Set.of(partition)).partitions().get();
        Checks.eventually("the preferred leader", KafkaPeer.SETTLING_MS, () ->
            partitionsOf(admin, "moves").stream().allMatch(one -> one.leader() != null && one.leader().id() == 3));
    }

    private void many() throws Exception {
        admin.createTopics(manyNames().map(name -> new NewTopic(name, 2, (short) 2)).collect(Collectors.toList())).all().get();
        for (String name : manyNames().collect(Collectors.toList())) {
            expectInSync(admin, name, 2, 2);
        }
    }

    private void deleteMany() throws Exception {
        delete(admin, manyNames().collect(Collectors.toList()));
        expectNoZnodes(peer, "many-");
    }

    private static java.util.stream.Stream<String> manyNames() {
        return IntStream.range(0, MANY).mapToObj(number -> "many-" + number);
    }

    /** Deletes topics, some of which may be gone: what is tried again was interrupted. */
    static void delete(Admin admin, Collection<String> topics) throws Exception {
        for (KafkaFuture<Void> deletion : admin.deleteTopics(topics).topicNameValues().values()) {
            try {
                deletion.get();
            } catch (ExecutionException refused) {
                if (!Checks.IS_ENSEMBLE || !(refused.getCause() instanceof UnknownTopicOrPartitionException)) {
                    throw refused;
                }
            }
        }
    }

    /** Until no topic whose name begins so is left, nor a deletion of one to be done. */
    static void expectNoZnodes(KafkaPeer peer, String prefix) throws Exception {
        try (ZooKeeper client = new ZooKeeper(peer.zookeeper, 10_000, event -> { })) {
            for (String path : List.of("/brokers/topics", "/admin/delete_topics", "/config/topics")) {
                Checks.eventually("nothing left below " + path, KafkaPeer.SETTLING_MS, () ->
                    client.getChildren(peer.chroot + path, false).stream().noneMatch(name -> name.startsWith(prefix)));
            }
        }
    }
}

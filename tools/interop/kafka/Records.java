import java.time.Duration;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** Writes records that every replica has to have, and reads what is there. */
final class Records {
    private final String brokers;

    Records(String brokers) {
        this.brokers = brokers;
    }

    /** Settings for a client of these brokers. */
    static Properties settings(String brokers) {
        Properties settings = new Properties();
        settings.put("bootstrap.servers", brokers);
        settings.put("key.serializer", StringSerializer.class.getName());
        settings.put("value.serializer", StringSerializer.class.getName());
        settings.put("key.deserializer", StringDeserializer.class.getName());
        settings.put("value.deserializer", StringDeserializer.class.getName());
        settings.put("acks", "all");
        settings.put("auto.offset.reset", "earliest");
        settings.put("isolation.level", "read_committed");
        settings.put("max.block.ms", "30000");
        return settings;
    }

    /** The values `from` to `to` - 1 as keys and values; returns when all of them are acknowledged. */
    void write(String topic, int from, int to) throws Exception {
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(settings(brokers))) {
            write(producer, topic, from, to);
        }
    }

    static void write(KafkaProducer<String, String> producer, String topic, int from, int to) throws Exception {
        java.util.List<java.util.concurrent.Future<?>> sent = new java.util.ArrayList<>();
        for (int value = from; value < to; value++) {
            sent.add(producer.send(new ProducerRecord<>(topic, String.valueOf(value), String.valueOf(value))));
        }
        for (java.util.concurrent.Future<?> record : sent) {
            record.get();
        }
    }

    /** Reads, as a group of one, until all values below `count` have come; fails after a minute, naming the first missing. */
    void expect(String topic, String group, int count) throws Exception {
        Properties settings = settings(brokers);
        settings.put("group.id", group);
        Set<Integer> missing = new TreeSet<>();
        for (int value = 0; value < count; value++) {
            missing.add(value);
        }
        long deadline = System.nanoTime() + KafkaPeer.SETTLING_MS * 1_000_000;
        try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(settings)) {
            consumer.subscribe(List.of(topic));
            while (!missing.isEmpty()) {
                Checks.isTrue(missing.size() + " records are missing, first " + missing, System.nanoTime() < deadline);
                for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(200))) {
                    missing.remove(Integer.valueOf(record.value()));
                }
            }
            consumer.commitSync();
        }
    }
}

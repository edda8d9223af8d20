import java.util.List;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.UserScramCredentialDeletion;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.errors.SaslAuthenticationException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.quota.ClientQuotaAlteration;
import org.apache.kafka.common.quota.ClientQuotaEntity;
import org.apache.kafka.common.quota.ClientQuotaFilter;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;

/** Users, passwords, access control and quotas: znodes whose changes all brokers have to hear of. */
final class Rights {
    private static final String USER = "alice";
    private static final String PASSWORD = "alice's own";
    private static final AclBinding MAY_WRITE = new AclBinding(
        new ResourcePattern(ResourceType.TOPIC, KafkaPeer.TOPIC, PatternType.LITERAL),
        new AccessControlEntry("User:" + USER, "*", AclOperation.WRITE, AclPermissionType.ALLOW));
    private final KafkaPeer peer;
    private final Admin admin;

    Rights(KafkaPeer peer) {
        this.peer = peer;
        this.admin = peer.admin;
    }

    void run() {
        Checks.check("a user is made, and gets in with the password", this::user);
        Checks.check("and not with another", () -> expectWrite("mistaken", SaslAuthenticationException.class));
        Checks.check("without a right the user may not write", () ->
            expectWrite(PASSWORD, TopicAuthorizationException.class));
        Checks.check("with the right the user writes", () -> {
            admin.createAcls(List.of(MAY_WRITE)).all().get();
            expectWrite(PASSWORD, null);
        });
        Checks.check("and no longer when it is taken away", () -> {
            admin.deleteAcls(List.of(MAY_WRITE.toFilter())).all().get();
            expectWrite(PASSWORD, TopicAuthorizationException.class);
        });
        Checks.check("a user is deleted, and does not get in", () -> {
            UserScramCredentialDeletion deletion = new UserScramCredentialDeletion(USER, ScramMechanism.SCRAM_SHA_256);
            admin.alterUserScramCredentials(List.of(deletion)).all().get();
            expectWrite(PASSWORD, SaslAuthenticationException.class);
        });
        Checks.check("a quota is set, and read back", this::quota);
    }

    private void user() throws Exception {
        ScramCredentialInfo kind = new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256, 4096);
        admin.alterUserScramCredentials(List.of(new UserScramCredentialUpsertion(USER, kind, PASSWORD))).all().get();
        expectWrite(PASSWORD, TopicAuthorizationException.class);
    }

    /** Until a write of the user's ends so at a broker; null for a success. */
    private void expectWrite(String password, Class<? extends Exception> refusal) throws Exception {
        Properties settings = Records.settings(peer.saslBrokers);
        settings.put("security.protocol", "SASL_PLAINTEXT");
        settings.put("sasl.mechanism", "SCRAM-SHA-256");
        settings.put("enable.idempotence", "false");
        settings.put("sasl.jaas.config", "org.apache.kafka.common.security.scram.ScramLoginModule required username=\""
            + USER + "\" password=\"" + password + "\";");
        String[] last = {"nothing yet"};
        try {
            Checks.eventually("outcome", KafkaPeer.SETTLING_MS, () -> {
                last[0] = outcome(settings);
                return last[0].equals(refusal == null ? "written" : refusal.getSimpleName());
            });
        } catch (AssertionError late) {
            throw new AssertionError("the last outcome is " + last[0], late);
        }
    }

    private static String outcome(Properties settings) throws Exception {
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(settings)) {
            producer.send(new ProducerRecord<>(KafkaPeer.TOPIC, "0", "0")).get();
            return "written";
        } catch (ExecutionException refused) {
            return refused.getCause().getClass().getSimpleName();
        }
    }

    private void quota() throws Exception {
        ClientQuotaEntity entity = new ClientQuotaEntity(java.util.Map.of(ClientQuotaEntity.CLIENT_ID, "slow"));
        ClientQuotaAlteration.Op limit = new ClientQuotaAlteration.Op("producer_byte_rate", 1e6);
        admin.alterClientQuotas(List.of(new ClientQuotaAlteration(entity, List.of(limit)))).all().get();
        Checks.eventually("the quota", KafkaPeer.SETTLING_MS, () -> {
            java.util.Map<String, Double> found =
                admin.describeClientQuotas(ClientQuotaFilter.all()).entities().get().get(entity);
            return found != null && found.get("producer_byte_rate") == 1e6;
        });
    }
}

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.helix.HelixManager;
import org.apache.helix.HelixManagerFactory;
import org.apache.helix.InstanceType;
import org.apache.helix.NotificationContext;
import org.apache.helix.manager.zk.ZKHelixAdmin;
import org.apache.helix.model.ExternalView;
import org.apache.helix.model.InstanceConfig;
import org.apache.helix.model.LiveInstance;
import org.apache.helix.model.MasterSlaveSMD;
import org.apache.helix.model.Message;
import org.apache.helix.participant.statemachine.StateModel;
import org.apache.helix.participant.statemachine.StateModelFactory;
import org.apache.helix.participant.statemachine.StateModelInfo;
import org.apache.helix.participant.statemachine.Transition;

/** A cluster with two controllers and three participants: `HelixPeer SERVERS`. */
public final class HelixPeer {
    private static final String CLUSTER = "interop";
    private static final String RESOURCE = "database";
    private static final String MODEL = "MasterSlave";
    private static final int PARTITIONS = 6;
    private static final int REPLICAS = 2;
    private static final int PARTICIPANTS = 3;
    private static final long LIMIT_MS = 60_000;

    private final String servers;
    private final ZKHelixAdmin admin;
    private final List<HelixManager> controllers = new ArrayList<>();
    private final List<HelixManager> participants = new ArrayList<>();

    @SuppressWarnings("deprecation") // The shortest of its constructors, and the one that programs have.
    private HelixPeer(String servers) {
        this.servers = servers;
        this.admin = new ZKHelixAdmin(servers);
    }

    public static void main(String[] args) {
        HelixPeer peer = new HelixPeer(args[0]);
        Checks.check("a cluster is set up", peer::setUp);
        Checks.check("participants and controllers join, one of which leads", peer::join);
        Checks.check("every partition gets a master and a slave", () -> peer.expectPlaced(PARTICIPANTS));
        Checks.check("a participant leaves, and others take its partitions", peer::leave);
        Checks.check("a participant that is disabled gives up what it has", peer::disable);
        Checks.check("the leading controller ends, and the other one leads", peer::nextController);
        Checks.check("which places what is added then", peer::addLater);
        Checks.check("the cluster is taken down", peer::takeDown);
        System.out.println("done");
        System.exit(0); // Helix leaves threads behind that would keep the program.
    }

    private void setUp() {
        Checks.isTrue("added", admin.addCluster(CLUSTER, true));
        admin.addStateModelDef(CLUSTER, MODEL, MasterSlaveSMD.build());
        for (int number = 0; number < PARTICIPANTS; number++) {
            InstanceConfig config = new InstanceConfig(instance(number));
            config.setHostName("localhost");
            config.setPort(String.valueOf(number));
            admin.addInstance(CLUSTER, config);
        }
        addResource(RESOURCE);
    }

    private void addResource(String name) {
        admin.addResource(CLUSTER, name, PARTITIONS, MODEL, "FULL_AUTO");
        admin.rebalance(CLUSTER, name, REPLICAS);
    }

    private static String instance(int number) {
        return "localhost_" + number;
    }

    private void join() throws Exception {
        for (int number = 0; number < PARTICIPANTS; number++) {
            HelixManager manager = manager(instance(number), InstanceType.PARTICIPANT);
            manager.getStateMachineEngine().registerStateModelFactory(MODEL, new Replicas());
            manager.connect();
            participants.add(manager);
        }
        for (int number = 0; number < 2; number++) {
            HelixManager manager = manager("controller_" + number, InstanceType.CONTROLLER);
            manager.connect();
            controllers.add(manager);
        }
        Checks.eventually("one leader", LIMIT_MS, () -> leaders().size() == 1);
        Checks.equal("live participants", PARTICIPANTS, admin.getInstancesInCluster(CLUSTER).size());
    }

    private HelixManager manager(String name, InstanceType type) {
        return HelixManagerFactory.getZKHelixManager(CLUSTER, name, type, servers);
    }

    private List<HelixManager> leaders() {
        List<HelixManager> leaders = new ArrayList<>(controllers);
        leaders.removeIf(controller -> !controller.isLeader());
        return leaders;
    }

    /** Until each partition has a master and a slave, on so many participants together. */
    private void expectPlaced(int count) throws Exception {
        expectPlaced(RESOURCE, count);
    }

    private void expectPlaced(String resource, int count) throws Exception {
        Checks.eventually("placed", LIMIT_MS, () -> {
            ExternalView view = admin.getResourceExternalView(CLUSTER, resource);
            if (view == null || view.getPartitionSet().size() != PARTITIONS) {
                return false;
            }
            Set<String> used = new HashSet<>();
            for (String partition : view.getPartitionSet()) {
                Map<String, String> states = view.getStateMap(partition);
                List<String> sorted = new ArrayList<>(states.values());
                sorted.sort(null);
                if (!sorted.equals(List.of("MASTER", "SLAVE"))) {
                    return false;
                }
                used.addAll(states.keySet());
            }
            return used.size() == count;
        });
    }

    private void leave() throws Exception {
        participants.remove(0).disconnect();
        expectPlaced(PARTICIPANTS - 1);
        Checks.eventually("one fewer alive", LIMIT_MS, () -> {
            HelixManager observer = participants.get(0);
            List<LiveInstance> alive = observer.getHelixDataAccessor()
                .getChildValues(observer.getHelixDataAccessor().keyBuilder().liveInstances(), true);
            return alive.size() == PARTICIPANTS - 1;
        });
    }

    private void disable() throws Exception {
        HelixManager returning = manager(instance(0), InstanceType.PARTICIPANT);
        returning.getStateMachineEngine().registerStateModelFactory(MODEL, new Replicas());
        returning.connect();
        participants.add(returning);
        expectPlaced(PARTICIPANTS);
        admin.enableInstance(CLUSTER, instance(1), false);
        Checks.eventually("it has none", LIMIT_MS, () -> {
            ExternalView view = admin.getResourceExternalView(CLUSTER, RESOURCE);
            return view.getPartitionSet().stream()
                .map(partition -> view.getStateMap(partition).getOrDefault(instance(1), "OFFLINE"))
                .allMatch("OFFLINE"::equals);
        });
        admin.enableInstance(CLUSTER, instance(1), true);
        expectPlaced(PARTICIPANTS);
    }

    private void nextController() throws Exception {
        HelixManager leader = leaders().get(0);
        controllers.remove(leader);
        leader.disconnect();
        Checks.eventually("the next leader", LIMIT_MS, () -> controllers.get(0).isLeader());
    }

    private void addLater() throws Exception {
        addResource("later");
        expectPlaced("later", PARTICIPANTS);
    }

    private void takeDown() throws Exception {
        participants.forEach(HelixManager::disconnect);
        controllers.forEach(HelixManager::disconnect);
        Checks.eventually("dropped", LIMIT_MS, () -> {
            if (admin.getClusters().contains(CLUSTER)) {
                admin.dropCluster(CLUSTER);
            }
            return !admin.getClusters().contains(CLUSTER);
        });
    }

    /** Makes replicas that do nothing but change their state. */
    private static final class Replicas extends StateModelFactory<StateModel> {
        @Override
        public StateModel createNewStateModel(String resource, String partition) {
            return new Replica();
        }
    }

    /** Helix calls its methods by reflection, for which the class has to be public. */
    @StateModelInfo(initialState = "OFFLINE", states = {"OFFLINE", "SLAVE", "MASTER"})
    public static final class Replica extends StateModel {
        @Transition(from = "OFFLINE", to = "SLAVE")
        public void onBecomeSlaveFromOffline(Message message, NotificationContext context) {
            // the state is all there is
        }

        @Transition(from = "SLAVE", to = "MASTER")
        public void onBecomeMasterFromSlave(Message message, NotificationContext context) {
            // the state is all there is
        }

        @Transition(from = "MASTER", to = "SLAVE")
        public void onBecomeSlaveFromMaster(Message message, NotificationContext context) {
            // the state is all there is
        }

        @Transition(from = "SLAVE", to = "OFFLINE")
        public void onBecomeOfflineFromSlave(Message message, NotificationContext context) {
            // the state is all there is
        }

        @Transition(from = "OFFLINE", to = "DROPPED")
        public void onBecomeDroppedFromOffline(Message message, NotificationContext context) {
            // the state is all there is
        }
    }
}

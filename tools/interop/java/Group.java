/** Checks that share a client: a new one each time a check was interrupted. */
abstract class Group {
    static Harness.Client zk;

    static void renew() throws Exception {
        if (zk != null) {
            zk.close();
        }
        zk = Harness.connect();
    }
}

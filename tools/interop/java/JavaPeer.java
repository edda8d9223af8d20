/** Every operation of Apache's Java client against the server at args[0]. */
public final class JavaPeer {
    private JavaPeer() {}

    public static void main(String[] args) throws Exception {
        Harness.address = args[0];
        Harness.Client client = Harness.connect();
        new Operations(client).run();
        new Multis(client).run();
        new Watches(client).run();
        new Access(client).run();
        new Sessions(client).run();
        new Limits(client).run();
        client.close();
        System.out.println("done");
        System.exit(0);
    }
}

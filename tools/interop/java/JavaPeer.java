/** Every operation of Apache's Java client against the server at args[0]. */
public final class JavaPeer {
    private JavaPeer() {}

    public static void main(String[] args) throws Exception {
        Harness.address = args[0];
        Harness.notesLosses = true;
        Harness.beforeRepeat = Group::renew;
        Group.renew();
        new Operations().run();
        new Multis().run();
        new Watches().run();
        new Access().run();
        new Sessions().run();
        new Limits().run();
        Group.zk.close();
        System.out.println("done");
        System.exit(0);
    }
}

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-zookeeper/zk"
)

var groups = [][]check{operations, multis, access, watches, sessions, recipes, words}

var operations = []check{
	{"has a session", func(mine, other *line) error {
		if mine.SessionID() == 0 || mine.SessionID() == other.SessionID() {
			return fmt.Errorf("sessions 0x%x and 0x%x", mine.SessionID(), other.SessionID())
		}
		return equal("state", mine.State(), zk.StateHasSession)
	}},
	{"creates a persistent znode", func(mine, other *line) error {
		path, err := mine.Create(base+"/new", []byte("n"), zk.FlagPersistent, openACL)
		return first(err, equal("path", path, base+"/new"))
	}},
	{"reads data and every field of the Stat", func(mine, other *line) error {
		data, stat, err := other.Get(base)
		if err != nil {
			return err
		}
		age := time.Since(time.UnixMilli(stat.Ctime))
		if age < -time.Minute || age > time.Minute {
			return fmt.Errorf("ctime is off by %v", age)
		}
		expected := zk.Stat{Czxid: stat.Czxid, Mzxid: stat.Czxid, Pzxid: stat.Czxid, Ctime: stat.Ctime, Mtime: stat.Ctime, DataLength: 4}
		return first(equal("data", string(data), "root"), equal("Stat", *stat, expected))
	}},
	{"sequential znodes count upwards", func(mine, other *line) error {
		one, err := mine.Create(base+"/s-", nil, zk.FlagSequence, openACL)
		two, problem := mine.Create(base+"/s-", nil, zk.FlagEphemeralSequential, openACL)
		return first(err, problem, equal("first", one, base+"/s-0000000000"), equal("second", two, base+"/s-0000000001"))
	}},
	{"an ephemeral belongs to its session", func(mine, other *line) error {
		_, err := mine.Create(base+"/e", []byte{}, zk.FlagEphemeral, openACL)
		isThere, stat, problem := other.Exists(base + "/e")
		return first(err, problem, equal("exists", isThere, true), equal("owner", stat.EphemeralOwner, mine.SessionID()))
	}},
	{"refuses children of an ephemeral", func(mine, other *line) error {
		_, err := mine.Create(base+"/e", nil, zk.FlagEphemeral, openACL)
		_, problem := mine.Create(base+"/e/x", nil, 0, openACL)
		return first(err, refused(problem, zk.ErrNoChildrenForEphemerals))
	}},
	{"refuses to create what exists", func(mine, other *line) error {
		_, err := mine.Create(base, nil, 0, openACL)
		return refused(err, zk.ErrNodeExists)
	}},
	{"refuses to create without a parent", func(mine, other *line) error {
		_, err := mine.Create(base+"/no/where", nil, 0, openACL)
		return refused(err, zk.ErrNoNode)
	}},
	{"a container goes with its last child", func(mine, other *line) error {
		_, err := mine.CreateContainer(base+"/c", []byte("c"), zk.FlagContainer, openACL)
		_, problem := mine.Create(base+"/c/x", nil, 0, openACL)
		if err := first(err, problem, mine.Delete(base+"/c/x", -1)); err != nil {
			return err
		}
		return gone(other, base+"/c")
	}},
	{"a TTL znode goes when nobody touches it", func(mine, other *line) error {
		_, err := mine.CreateTTL(base+"/ttl", []byte("t"), zk.FlagTTL, openACL, 200*time.Millisecond)
		name, problem := mine.CreateTTL(base+"/ttl-", nil, zk.FlagPersistentSequentialWithTTL, openACL, time.Hour)
		if err := first(err, problem); err != nil {
			return err
		}
		if !regexp.MustCompile(`/ttl-\d{10}$`).MatchString(name) {
			return fmt.Errorf("sequential name %s", name)
		}
		return first(gone(other, base+"/ttl"), mine.Delete(name, 0))
	}},
	{"sets data with the right version", func(mine, other *line) error {
		stat, err := mine.Set(base, []byte("changed"), 0)
		return first(err, equal("version", stat.Version, 1), equal("length", stat.DataLength, 7))
	}},
	{"refuses a wrong version", func(mine, other *line) error {
		_, err := mine.Set(base, nil, 1)
		return first(refused(err, zk.ErrBadVersion), refused(mine.Delete(base, 9), zk.ErrBadVersion))
	}},
	{"lists children with the Stat of the parent", func(mine, other *line) error {
		_, err := mine.Create(base+"/e", nil, zk.FlagEphemeral, openACL)
		_, problem := mine.Create(base+"/s-", nil, zk.FlagSequence, openACL)
		names, stat, wrong := other.Children(base)
		sort.Strings(names)
		return first(err, problem, wrong, equal("children", strings.Join(names, " "), "e s-0000000001"), equal("count", stat.NumChildren, 2))
	}},
	{"refuses to delete a znode with children", func(mine, other *line) error {
		_, err := mine.Create(base+"/x", nil, 0, openACL)
		return first(err, refused(mine.Delete(base, -1), zk.ErrNotEmpty))
	}},
	{"deletes a znode", func(mine, other *line) error {
		_, err := mine.Create(base+"/x", nil, 0, openACL)
		problem := mine.Delete(base+"/x", 0)
		_, _, wrong := other.Get(base + "/x")
		return first(err, problem, refused(wrong, zk.ErrNoNode), refused(mine.Delete(base+"/nope", -1), zk.ErrNoNode))
	}},
	{"says that a znode does not exist", func(mine, other *line) error {
		isThere, _, err := mine.Exists(base + "/nope")
		return first(err, equal("exists", isThere, false))
	}},
	{"keeps binary data and non-ASCII names", func(mine, other *line) error {
		bytesOfAll := make([]byte, 256)
		for i := range bytesOfAll {
			bytesOfAll[i] = byte(i)
		}
		_, err := mine.Create(base+"/żółw-鍵", bytesOfAll, 0, openACL)
		data, _, problem := other.Get(base + "/żółw-鍵")
		return first(err, problem, equal("data", string(data), string(bytesOfAll)))
	}},
	{"keeps half a megabyte", func(mine, other *line) error {
		large := bytes.Repeat([]byte("0123456789abcdef"), 32*1024)
		_, err := mine.Create(base+"/large", large, 0, openACL)
		data, _, problem := other.Get(base + "/large")
		return first(err, problem, equal("equality", bytes.Equal(data, large), true))
	}},
	{"syncs", func(mine, other *line) error {
		path, err := mine.Sync(base)
		return first(err, equal("path", path, base))
	}},
	{"two hundred requests from fifty goroutines are all answered", manyAtOnce},
	{"refuses reconfiguration, which is off", func(mine, other *line) error {
		_, err := mine.IncrementalReconfig([]string{"server.9=127.0.0.1:1:2;3"}, nil, -1)
		if err == nil {
			return errors.New("it was accepted")
		}
		return nil
	}},
}

func manyAtOnce(mine, other *line) error {
	if _, err := mine.Create(base+"/many", nil, 0, openACL); err != nil {
		return err
	}
	var failed atomic.Value
	var all sync.WaitGroup
	for i := 0; i < 50; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			for j := 0; j < 4; j++ {
				if _, err := mine.Create(base+"/many/n-", []byte{byte(j)}, zk.FlagSequence, openACL); err != nil {
					failed.Store(err)
				}
			}
		}()
	}
	all.Wait()
	if err, ok := failed.Load().(error); ok {
		return err
	}
	names, _, err := mine.Children(base + "/many")
	sort.Strings(names)
	return first(err, equal("children", len(names), 200), equal("last", names[199], "n-0000000199"))
}

func gone(through *line, path string) error {
	return until("removal of "+path, func() (bool, error) {
		isThere, _, err := through.Exists(path)
		return !isThere, err
	})
}

var multis = []check{
	{"a multi happens as a whole", func(mine, other *line) error {
		results, err := mine.Multi(
			&zk.CheckVersionRequest{Path: base, Version: 0},
			&zk.CreateRequest{Path: base + "/m-", Data: []byte("1"), Acl: openACL, Flags: zk.FlagSequence},
			&zk.CreateRequest{Path: base + "/m", Data: []byte("1"), Acl: openACL},
			&zk.SetDataRequest{Path: base + "/m", Data: []byte("22"), Version: 0},
			&zk.CreateRequest{Path: base + "/gone", Acl: openACL},
			&zk.DeleteRequest{Path: base + "/gone", Version: 0},
		)
		if err := first(err, equal("results", len(results), 6)); err != nil {
			return err
		}
		data, stat, err := other.Get(base + "/m")
		isThere, _, problem := other.Exists(base + "/gone")
		return first(err, problem, equal("data", string(data), "22"), equal("created", results[2].String, base+"/m"),
			equal("Stat", *results[3].Stat, *stat), equal("gone", isThere, false),
			equal("sequential", strings.HasPrefix(results[1].String, base+"/m-00"), true), mine.Delete(results[1].String, 0))
	}},
	{"a multi fails as a whole and says which part", func(mine, other *line) error {
		if _, err := mine.Create(base+"/m", nil, 0, openACL); err != nil {
			return err
		}
		results, err := mine.Multi(
			&zk.CreateRequest{Path: base + "/never", Acl: openACL},
			&zk.SetDataRequest{Path: base + "/m", Version: 77},
			&zk.DeleteRequest{Path: base + "/m", Version: -1},
		)
		isThere, _, problem := other.Exists(base + "/never")
		if err := first(refused(err, zk.ErrBadVersion), problem, equal("results", len(results), 3)); err != nil {
			return err
		}
		return first(equal("exists", isThere, false), refused(results[0].Error, nil), refused(results[1].Error, zk.ErrBadVersion))
	}},
	{"an empty multi succeeds", func(mine, other *line) error {
		results, err := mine.Multi()
		return first(err, equal("results", len(results), 0))
	}},
}

var access = []check{
	{"the ACL is what was given", func(mine, other *line) error {
		acl, stat, err := mine.GetACL(base)
		return first(err, equal("entries", len(acl), 1), equal("entry", acl[0], openACL[0]), equal("version", stat.Aversion, 0))
	}},
	{"a digest ACL keeps others out", func(mine, other *line) error {
		_, err := mine.Create(base+"/mine", []byte("m"), 0, zk.DigestACL(zk.PermAll, "me", "secret"))
		_, _, problem := other.Get(base + "/mine")
		return first(err, refused(problem, zk.ErrNoAuth))
	}},
	{"and lets in who authenticates", func(mine, other *line) error {
		_, err := mine.Create(base+"/mine", []byte("m"), 0, zk.DigestACL(zk.PermAll, "me", "secret"))
		problem := mine.AddAuth("digest", []byte("me:secret"))
		data, _, wrong := mine.Get(base + "/mine")
		return first(err, problem, wrong, equal("data", string(data), "m"))
	}},
	{"the scheme auth stands for who created", func(mine, other *line) error {
		err := owned(mine, base+"/auth")
		acl, _, problem := mine.GetACL(base + "/auth")
		if err := first(err, problem, equal("entries", len(acl), 1)); err != nil {
			return err
		}
		return equal("entry", acl[0], zk.DigestACL(zk.PermAll, "me", "secret")[0])
	}},
	{"sets an ACL with its version", func(mine, other *line) error {
		err := owned(mine, base+"/auth")
		stat, problem := mine.SetACL(base+"/auth", zk.WorldACL(zk.PermRead|zk.PermAdmin), 0)
		if err := first(err, problem, equal("version", stat.Aversion, 1)); err != nil {
			return err
		}
		_, problem = other.Set(base+"/auth", nil, -1)
		_, wrong := mine.SetACL(base+"/auth", openACL, 0)
		return first(refused(problem, zk.ErrNoAuth), refused(wrong, zk.ErrBadVersion))
	}},
	{"deletion depends on the parent", func(mine, other *line) error {
		err := owned(mine, base+"/mine")
		_, problem := mine.Create(base+"/mine/x", nil, 0, openACL)
		return first(err, problem, refused(other.Delete(base+"/mine/x", -1), zk.ErrNoAuth), mine.Delete(base+"/mine/x", -1))
	}},
	{"refuses an empty ACL and unknown schemes", func(mine, other *line) error {
		_, empty := mine.Create(base+"/bad", nil, 0, []zk.ACL{})
		_, unknown := mine.Create(base+"/bad", nil, 0, []zk.ACL{{Perms: zk.PermAll, Scheme: "nosuch", ID: "x"}})
		return first(refused(empty, zk.ErrInvalidACL), refused(unknown, zk.ErrInvalidACL))
	}},
	{"authenticates again on a new connection", func(mine, other *line) error {
		if err := owned(mine, base+"/mine"); err != nil {
			return err
		}
		mine.drop()
		if err := mine.awaitState(zk.StateHasSession); err != nil {
			return err
		}
		data, _, err := mine.Get(base + "/mine")
		return first(err, equal("data", string(data), "m"))
	}},
	{"a failed authentication ends the connection", func(mine, other *line) error {
		short, err := open(4 * time.Second)
		if err != nil {
			return err
		}
		short.wantedLosses++
		return refused(short.AddAuth("nosuch", []byte("x")), zk.ErrAuthFailed)
	}},
}

// owned authenticates, and makes a znode that nobody else may touch.
func owned(mine *line, path string) error {
	err := mine.AddAuth("digest", []byte("me:secret"))
	_, problem := mine.Create(path, []byte("m"), 0, zk.AuthACL(zk.PermAll))
	return first(err, problem)
}

var watches = []check{
	{"a data watch hears of a change, once", func(mine, other *line) error {
		_, _, watch, err := mine.GetW(base)
		_, problem := other.Set(base, []byte("w1"), -1)
		_, again := other.Set(base, []byte("w2"), -1)
		return first(err, problem, again, fires(watch, zk.EventNodeDataChanged, base))
	}},
	{"an exists watch hears of creation, change and deletion", func(mine, other *line) error {
		path := base + "/later"
		_, _, created, err := mine.ExistsW(path)
		if err != nil {
			return err
		}
		_, err = other.Create(path, nil, 0, openACL)
		if err := first(err, fires(created, zk.EventNodeCreated, path)); err != nil {
			return err
		}
		_, _, changed, err := mine.ExistsW(path)
		_, problem := other.Set(path, []byte("x"), 0)
		if err := first(err, problem, fires(changed, zk.EventNodeDataChanged, path)); err != nil {
			return err
		}
		_, _, deleted, err := mine.ExistsW(path)
		return first(err, other.Delete(path, 1), fires(deleted, zk.EventNodeDeleted, path))
	}},
	{"a child watch hears of a new child and of a removed one", func(mine, other *line) error {
		_, _, added, err := mine.ChildrenW(base)
		_, problem := other.Create(base+"/newcomer", nil, 0, openACL)
		if err := first(err, problem, fires(added, zk.EventNodeChildrenChanged, base)); err != nil {
			return err
		}
		_, _, removed, err := mine.ChildrenW(base)
		return first(err, other.Delete(base+"/newcomer", -1), fires(removed, zk.EventNodeChildrenChanged, base))
	}},
	{"a child watch hears of the deletion of its znode", func(mine, other *line) error {
		path := base + "/parent"
		_, err := mine.Create(path, nil, 0, openACL)
		_, _, watch, problem := mine.ChildrenW(path)
		return first(err, problem, other.Delete(path, -1), fires(watch, zk.EventNodeDeleted, path))
	}},
	{"watches hear of each part of a multi", func(mine, other *line) error {
		_, _, data, err := mine.GetW(base)
		_, _, created, problem := mine.ExistsW(base + "/new")
		_, wrong := other.Multi(&zk.SetDataRequest{Path: base, Version: -1}, &zk.CreateRequest{Path: base + "/new", Acl: openACL})
		return first(err, problem, wrong, fires(data, zk.EventNodeDataChanged, base), fires(created, zk.EventNodeCreated, base+"/new"))
	}},
	{"watches are kept over a new connection", func(mine, other *line) error {
		_, _, data, err := mine.GetW(base)
		_, _, created, problem := mine.ExistsW(base + "/new")
		_, _, child, wrong := mine.ChildrenW(base)
		if err := first(err, problem, wrong); err != nil {
			return err
		}
		mine.drop()
		if err := mine.awaitState(zk.StateHasSession); err != nil {
			return err
		}
		_, err = other.Set(base, []byte("y"), -1)
		_, problem = other.Create(base+"/new", nil, 0, openACL)
		return first(err, problem, fires(data, zk.EventNodeDataChanged, base), fires(created, zk.EventNodeCreated, base+"/new"),
			fires(child, zk.EventNodeChildrenChanged, base))
	}},
	{"what was missed while away is told on return", func(mine, other *line) error {
		_, err := mine.Create(base+"/old", nil, 0, openACL)
		_, _, data, problem := mine.GetW(base)
		_, _, created, wrong := mine.ExistsW(base + "/new")
		_, _, deleted, bad := mine.ExistsW(base + "/old")
		if err := first(err, problem, wrong, bad); err != nil {
			return err
		}
		mine.cut()
		_, err = other.Set(base, []byte("z"), -1)
		_, problem = other.Create(base+"/new", nil, 0, openACL)
		wrong = other.Delete(base+"/old", -1)
		mine.mend()
		return first(err, problem, wrong, fires(data, zk.EventNodeDataChanged, base), fires(created, zk.EventNodeCreated, base+"/new"),
			fires(deleted, zk.EventNodeDeleted, base+"/old"), mine.awaitState(zk.StateHasSession))
	}},
}

var sessions = []check{
	{"the session and its ephemerals are kept over a new connection", func(mine, other *line) error {
		before := mine.SessionID()
		_, err := mine.Create(base+"/e", nil, zk.FlagEphemeral, openACL)
		mine.drop()
		if err := first(err, mine.awaitState(zk.StateHasSession)); err != nil {
			return err
		}
		_, stat, err := mine.Get(base + "/e")
		return first(err, equal("session", mine.SessionID(), before), equal("owner", stat.EphemeralOwner, before))
	}},
	{"ephemerals go when their session is closed", func(mine, other *line) error {
		short, err := open(4 * time.Second)
		if err != nil {
			return err
		}
		_, err = short.Create(base+"/short", nil, zk.FlagEphemeral, openACL)
		_, _, watch, problem := other.ExistsW(base + "/short")
		short.Close()
		return first(err, problem, fires(watch, zk.EventNodeDeleted, base+"/short"))
	}},
	{"ephemerals go when their session expires, and its owner is told", func(mine, other *line) error {
		short, err := open(6 * time.Second)
		if err != nil {
			return err
		}
		before := short.SessionID()
		_, err = short.Create(base+"/lost", nil, zk.FlagEphemeral, openACL)
		_, _, watch, problem := other.ExistsW(base + "/lost")
		short.cut()
		if err := first(err, problem, fires(watch, zk.EventNodeDeleted, base+"/lost")); err != nil {
			return err
		}
		short.mend()
		err = first(short.awaitState(zk.StateExpired), short.awaitState(zk.StateHasSession))
		return first(err, equal("a new session", short.SessionID() != before, true))
	}},
	{"an idle session is kept alive by pings", func(mine, other *line) error {
		idle, err := open(6 * time.Second)
		if err != nil {
			return err
		}
		_, err = idle.Create(base+"/idle", nil, zk.FlagEphemeral, openACL)
		time.Sleep(13 * time.Second)
		isThere, _, problem := other.Exists(base + "/idle")
		return first(err, problem, equal("exists", isThere, true))
	}},
}

var recipes = []check{
	{"a lock is held by one at a time, in turn", func(mine, other *line) error {
		var inside, worst, total atomic.Int32
		work := func(through *line) error {
			lock := zk.NewLock(through.Conn, base+"/lock", openACL)
			for i := 0; i < 10; i++ {
				if err := lock.Lock(); err != nil {
					return err
				}
				if now := inside.Add(1); now > worst.Load() {
					worst.Store(now)
				}
				total.Add(1)
				inside.Add(-1)
				if err := lock.Unlock(); err != nil {
					return err
				}
			}
			return nil
		}
		ends := make(chan error, 3)
		for _, through := range []*line{mine, other, mine} {
			go func(through *line) { ends <- work(through) }(through)
		}
		return first(<-ends, <-ends, <-ends, equal("at once", worst.Load(), 1), equal("turns", total.Load(), 30))
	}},
	{"a lock passes on when its holder's session ends", func(mine, other *line) error {
		short, err := open(4 * time.Second)
		if err != nil {
			return err
		}
		if err := zk.NewLock(short.Conn, base+"/passed", openACL).Lock(); err != nil {
			return err
		}
		waiting := zk.NewLock(mine.Conn, base+"/passed", openACL)
		taken := make(chan error, 1)
		go func() { taken <- waiting.Lock() }()
		err = until("waiting", func() (bool, error) {
			names, _, err := other.Children(base + "/passed")
			return len(names) == 2, err
		})
		short.Close()
		return first(err, <-taken, waiting.Unlock())
	}},
	{"a protected znode carries its GUID", func(mine, other *line) error {
		path, err := mine.CreateProtectedEphemeralSequential(base+"/p-", nil, openACL)
		if err != nil {
			return err
		}
		isRight := regexp.MustCompile(`/_c_[0-9a-f]{32}-p-\d{10}$`).MatchString(path)
		return first(equal("shape of "+path, isRight, true), mine.Delete(path, 0))
	}},
}

var words = []check{
	{"the server says that it is all right", func(mine, other *line) error {
		answers := zk.FLWRuok([]string{address}, patience)
		return first(equal("answers", len(answers), 1), equal("answer", answers[0], true))
	}},
	{"srvr has what the library reads", func(mine, other *line) error {
		// Not through FLWSrvr: it does not know how Apache has written the date of the build since 3.6.
		answer, err := word("srvr")
		if err != nil {
			return err
		}
		found := srvrShape.FindStringSubmatch(answer)
		if found == nil {
			return fmt.Errorf("%q", answer)
		}
		for i, least := range []int{0, 0, 0, 1, 1, 2, 0} {
			if value, err := strconv.ParseFloat(found[i+1], 64); err != nil || value < float64(least) {
				return fmt.Errorf("field %d is %s", i+1, found[i+1])
			}
		}
		return nil
	}},
	{"cons names this session", func(mine, other *line) error {
		all, _ := zk.FLWCons([]string{address}, patience)
		if len(all) != 1 {
			return errors.New("no answer")
		}
		for _, client := range all[0].Clients {
			if client.SessionID != mine.SessionID() {
				continue
			}
			if client.Received < 1 || client.Sent < 1 || client.Lzxid < 1 || client.LastOperation == "" {
				return fmt.Errorf("%+v", *client)
			}
			return equal("timeout", client.Timeout, 10_000)
		}
		return fmt.Errorf("not among %d clients", len(all[0].Clients))
	}},
}

var srvrShape = regexp.MustCompile(`(?m:\AZookeeper version: [A-Za-z0-9\.\-]+, built on .*\n` +
	`^Latency min/avg/max: (\d+)/([0-9.]+)/(\d+).*\n` +
	`^Received: (\d+).*\n^Sent: (\d+).*\n^Connections: (\d+).*\n^Outstanding: (\d+).*\n` +
	`^Zxid: 0x[A-Za-z0-9]+.*\n^Mode: (?:standalone|leader|follower).*\n^Node count: \d+)`)

func word(which string) (string, error) {
	socket, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		return "", err
	}
	defer socket.Close()
	if _, err := socket.Write([]byte(which)); err != nil {
		return "", err
	}
	answer, err := io.ReadAll(socket)
	return string(answer), err
}

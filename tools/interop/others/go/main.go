// samuel/go-zookeeper, from which the other Go clients come and which many programs still have, against a running server.
// usage: peer SERVERS
package main

import (
	"errors"
	"fmt"
	"os"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/samuel/go-zookeeper/zk"
)

const (
	sessionTimeout = 10 * time.Second
	patience       = 20 * time.Second
)

var (
	servers []string
	names   int
	acl     = zk.WorldACL(zk.PermAll)
	// One of several servers, which lose their leader meanwhile: a check that this interrupts is tried again.
	isEnsemble = os.Getenv("ZK_INTEROP_ENSEMBLE") != ""
)

type silent struct{}

func (silent) Printf(string, ...interface{}) {}

func main() {
	servers = strings.Split(os.Args[1], ",")
	check("data and stat are what was written", data)
	check("what cannot be done is refused", refusals)
	check("sequential znodes are numbered, ephemerals end with their session", modes)
	check("watches tell of creation, data, children and deletion", watches)
	check("a transaction is done as a whole, or not at all", transaction)
	check("a digest keeps others out", access)
	check("its lock lets in one at a time", lock)
	check("it understands the answer to ruok", words)
	fmt.Println("done")
}

func check(sentence string, body func(one, other *zk.Conn, path string) error) {
	attempts := 1
	if isEnsemble {
		attempts = 4
	}
	for attempt := 1; attempt <= attempts; attempt++ {
		err := try(body)
		if err == nil {
			fmt.Println("ok " + sentence)
			return
		}
		verdict := "again"
		if attempt == attempts {
			verdict = "not ok"
		}
		fmt.Printf("%s %s: %v\n", verdict, sentence, err)
		if attempt < attempts {
			time.Sleep(3 * time.Second)
		}
	}
}

func try(body func(one, other *zk.Conn, path string) error) error {
	one, err := open()
	if err != nil {
		return err
	}
	defer one.Close()
	other, err := open()
	if err != nil {
		return err
	}
	defer other.Close()
	names++
	return body(one, other, fmt.Sprintf("/samuel-%d-%d", os.Getpid(), names))
}

func open() (*zk.Conn, error) {
	conn, events, err := zk.Connect(servers, sessionTimeout, zk.WithLogger(silent{}))
	if err != nil {
		return nil, err
	}
	deadline := time.After(patience)
	for {
		select {
		case event := <-events:
			if event.State == zk.StateHasSession {
				return conn, nil
			}
		case <-deadline:
			conn.Close()
			return nil, errors.New("no session in time")
		}
	}
}

func equal(what string, actual, expected interface{}) error {
	if fmt.Sprint(actual) != fmt.Sprint(expected) {
		return fmt.Errorf("%s is %v, expected %v", what, actual, expected)
	}
	return nil
}

func data(one, other *zk.Conn, path string) error {
	if _, err := one.Create(path, []byte("first"), 0, acl); err != nil {
		return err
	}
	if _, err := one.Set(path, []byte("second"), 0); err != nil {
		return err
	}
	if _, err := other.Sync(path); err != nil {
		return err
	}
	text, stat, err := other.Get(path)
	if err != nil {
		return err
	}
	return equal("data, version and length", fmt.Sprint(string(text), stat.Version, stat.DataLength), fmt.Sprint("second", 1, 6))
}

func refusals(one, _ *zk.Conn, path string) error {
	if _, err := one.Create(path, nil, 0, acl); err != nil {
		return err
	}
	_, exists := one.Create(path, nil, 0, acl)
	_, version := one.Set(path, nil, 5)
	_, _, none := one.Get(path + "/none")
	_, parent := one.Create(path+"/none/child", nil, 0, acl)
	found := []error{exists, version, none, parent}
	return equal("errors", found, []error{zk.ErrNodeExists, zk.ErrBadVersion, zk.ErrNoNode, zk.ErrNoNode})
}

func modes(_, other *zk.Conn, path string) error {
	one, err := open() // its own, since a connection can be closed only once
	if err != nil {
		return err
	}
	isClosed := false
	defer func() {
		if !isClosed {
			one.Close()
		}
	}()
	if _, err := one.Create(path, nil, 0, acl); err != nil {
		return err
	}
	for number := 0; number < 3; number++ {
		if _, err := one.Create(path+"/n-", nil, zk.FlagSequence|zk.FlagEphemeral, acl); err != nil {
			return err
		}
	}
	if _, err := one.CreateProtectedEphemeralSequential(path+"/p-", nil, acl); err != nil {
		return err
	}
	if _, err := other.Sync(path); err != nil {
		return err
	}
	children, _, err := other.Children(path)
	if err != nil {
		return err
	}
	sort.Strings(children)
	if err := equal("last", strings.HasSuffix(children[0], "p-0000000003"), true); err != nil {
		return err
	}
	_, _, gone, err := other.ExistsW(path + "/n-0000000002")
	if err != nil {
		return err
	}
	one.Close()
	isClosed = true
	return expect(gone, zk.EventNodeDeleted)
}

func expect(events <-chan zk.Event, kind zk.EventType) error {
	select {
	case event := <-events:
		if event.Err != nil {
			return event.Err
		}
		return equal("event", event.Type, kind)
	case <-time.After(patience):
		return fmt.Errorf("no %v in time", kind)
	}
}

func watches(one, other *zk.Conn, path string) error {
	_, _, created, err := one.ExistsW(path)
	if err != nil {
		return err
	}
	if _, err := other.Create(path, nil, 0, acl); err != nil {
		return err
	}
	if err := expect(created, zk.EventNodeCreated); err != nil {
		return err
	}
	_, _, changed, err := one.GetW(path)
	if err != nil {
		return err
	}
	if _, err := other.Set(path, []byte("x"), -1); err != nil {
		return err
	}
	if err := expect(changed, zk.EventNodeDataChanged); err != nil {
		return err
	}
	// Only now: this client tells its watchers of children that the data has changed.
	_, _, children, err := one.ChildrenW(path)
	if err != nil {
		return err
	}
	if _, err := other.Create(path+"/child", nil, 0, acl); err != nil {
		return err
	}
	if err := expect(children, zk.EventNodeChildrenChanged); err != nil {
		return err
	}
	_, _, deleted, err := one.ExistsW(path + "/child")
	if err != nil {
		return err
	}
	if err := other.Delete(path+"/child", -1); err != nil {
		return err
	}
	return expect(deleted, zk.EventNodeDeleted)
}

func transaction(one, _ *zk.Conn, path string) error {
	create := &zk.CreateRequest{Path: path, Data: nil, Acl: acl}
	set := &zk.SetDataRequest{Path: path, Data: []byte("set"), Version: 0}
	results, err := one.Multi(create, set, &zk.CheckVersionRequest{Path: path, Version: 1})
	if err != nil {
		return err
	}
	if err := equal("results", fmt.Sprint(results[0].String, results[1].Stat.Version), fmt.Sprint(path, 1)); err != nil {
		return err
	}
	other := &zk.CreateRequest{Path: path + "/child", Data: nil, Acl: acl}
	_, err = one.Multi(other, &zk.CheckVersionRequest{Path: path, Version: 7})
	if err == nil {
		return errors.New("a transaction with a wrong version was done")
	}
	exists, _, err := one.Exists(path + "/child")
	if err != nil {
		return err
	}
	return equal("a part of it", exists, false)
}

func access(one, other *zk.Conn, path string) error {
	if err := one.AddAuth("digest", []byte("samuel:secret")); err != nil {
		return err
	}
	if _, err := one.Create(path, []byte("mine"), 0, zk.DigestACL(zk.PermAll, "samuel", "secret")); err != nil {
		return err
	}
	if _, err := other.Sync(path); err != nil {
		return err
	}
	if _, _, err := other.Get(path); err != zk.ErrNoAuth {
		return fmt.Errorf("another reads it: %v", err)
	}
	text, _, err := one.Get(path)
	if err != nil {
		return err
	}
	return equal("data", string(text), "mine")
}

func lock(one, other *zk.Conn, path string) error {
	var inside sync.Mutex
	errs := make(chan error, 2)
	work := func(conn *zk.Conn) {
		for round := 0; round < 10; round++ {
			mine := zk.NewLock(conn, path, acl)
			if err := mine.Lock(); err != nil {
				errs <- err
				return
			}
			if !inside.TryLock() {
				errs <- errors.New("two are inside")
				return
			}
			inside.Unlock()
			if err := mine.Unlock(); err != nil {
				errs <- err
				return
			}
		}
		errs <- nil
	}
	go work(one)
	go work(other)
	return errors.Join(<-errs, <-errs)
}

// Its patterns for srvr and cons want dates and whole milliseconds, which no server since 3.5 prints.
func words(_, _ *zk.Conn, _ string) error {
	return equal("ruok", zk.FLWRuok(servers[:1], patience), []bool{true})
}

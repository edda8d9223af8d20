// go-zookeeper/zk against a running server: every operation it has, watches, sessions, its lock, its four-letter words.
// usage: peer HOST:PORT
package main

import (
	"errors"
	"fmt"
	"log"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"
)

// Long enough for a busy machine; nothing waits that long unless it failed.
const patience = 20 * time.Second

var (
	address string
	// A znode with the data "root", made for the attempt at a check.
	base string
	// The connections of the attempt.
	lines []*line

	openACL = zk.WorldACL(zk.PermAll)
)

// line is an open connection whose wire can be cut. It counts the states the client goes through, because the channel of
// the library drops events that nobody reads.
type line struct {
	*zk.Conn

	lock   sync.Mutex
	socket net.Conn
	isCut  bool
	counts map[zk.State]int
	seen   map[zk.State]int
	// How often the check has ended the connection itself, or had it ended.
	wantedLosses int
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: peer HOST:PORT")
		os.Exit(2)
	}
	address = os.Args[1]
	attempts, err := strconv.Atoi(os.Getenv("ZK_INTEROP_ATTEMPTS"))
	if err != nil {
		attempts = 1
	}
	lasting, err := outlive()
	for _, group := range groups {
		for _, each := range group {
			report(each, attempts)
		}
	}
	if err == nil {
		err = lasting()
	}
	if err == nil {
		fmt.Println("ok a session lasts through all of this")
	} else {
		fmt.Println("not ok a session lasts through all of this:", err)
	}
	fmt.Println("done")
}

// outlive opens a session of its own, and returns what checks, in the end, that it is still there.
func outlive() (func() error, error) {
	lasting, err := open(20 * time.Second)
	if err != nil {
		return nil, err
	}
	lines = nil
	session := lasting.SessionID()
	path := fmt.Sprintf("/go-%d", os.Getpid())
	if _, err := lasting.Create(path, nil, zk.FlagEphemeral, openACL); err != nil {
		return nil, err
	}
	return func() error {
		defer lasting.Close()
		return until("an answer", func() (bool, error) {
			isThere, stat, err := lasting.Exists(path)
			if err != nil && isInterruption(err) {
				return false, nil
			}
			return true, first(err, equal("exists", isThere, true), equal("owner", stat.EphemeralOwner, session))
		})
	}, nil
}

// check is one sentence and what must hold; a body returns what is wrong, or nil.
type check struct {
	sentence string
	body     func(mine, other *line) error
}

// report tries a check once, or again where it was interrupted and more attempts are allowed.
func report(each check, attempts int) {
	for number := 1; ; number++ {
		err := try(each)
		isRepeated := err != nil && number < attempts && wasInterrupted(err)
		for _, opened := range lines {
			opened.Close()
		}
		lines = nil
		if err == nil {
			fmt.Println("ok", each.sentence)
			return
		}
		verdict := "not ok"
		if isRepeated {
			verdict = "again"
		}
		fmt.Printf("%s %s: %s\n", verdict, each.sentence, strings.ReplaceAll(err.Error(), "\n", " "))
		if !isRepeated {
			return
		}
		time.Sleep(3 * time.Second)
	}
}

// try gives the check two sessions and a folder of its own: nothing that another attempt left behind is in its way.
func try(each check) (err error) {
	defer func() {
		if problem := recover(); problem != nil {
			err = fmt.Errorf("panic: %v", problem)
		}
	}()
	mine, err := open(10 * time.Second)
	if err != nil {
		return err
	}
	other, err := open(10 * time.Second)
	if err != nil {
		return err
	}
	base = fmt.Sprintf("/go-%d-%x", os.Getpid(), mine.SessionID())
	if _, err := mine.Create(base, []byte("root"), 0, openACL); err != nil {
		return err
	}
	return each.body(mine, other)
}

// wasInterrupted tells whether a failure may be due to a connection that broke: that says nothing about the answers.
func wasInterrupted(err error) bool {
	if isInterruption(err) {
		return true
	}
	// The library tells of a lost connection behind the answers that it cost.
	time.Sleep(200 * time.Millisecond)
	for _, opened := range lines {
		if opened.losses() > 0 {
			return true
		}
	}
	return false
}

var errNoSession = errors.New("no session in time")

func isInterruption(err error) bool {
	interruptions := []error{errNoSession, zk.ErrConnectionClosed, zk.ErrSessionExpired, zk.ErrSessionMoved, zk.ErrClosing, zk.ErrNoServer}
	return slices.ContainsFunc(interruptions, func(each error) bool { return errors.Is(err, each) })
}

// open connects and waits for the session.
func open(timeout time.Duration) (*line, error) {
	opened := &line{counts: map[zk.State]int{}, seen: map[zk.State]int{}}
	count := func(event zk.Event) {
		opened.lock.Lock()
		defer opened.lock.Unlock()
		if event.Type == zk.EventSession {
			opened.counts[event.State]++
		}
	}
	dial := func(network, where string, limit time.Duration) (net.Conn, error) {
		opened.lock.Lock()
		defer opened.lock.Unlock()
		if opened.isCut {
			return nil, errors.New("the wire is cut")
		}
		socket, err := net.DialTimeout(network, where, limit)
		opened.socket = socket
		return socket, err
	}
	quiet := zk.WithLogger(log.New(os.Stderr, "", 0))
	options := zk.WithEventCallback(count)
	conn, _, err := zk.Connect([]string{address}, timeout, zk.WithDialer(dial), options, quiet, zk.WithLogInfo(false))
	if err != nil {
		return nil, err
	}
	opened.Conn = conn
	lines = append(lines, opened)
	if opened.awaitState(zk.StateHasSession) != nil {
		return nil, errNoSession
	}
	return opened, nil
}

// losses counts how often the connection broke without the doing of the check.
func (opened *line) losses() int {
	opened.lock.Lock()
	defer opened.lock.Unlock()
	return opened.counts[zk.StateDisconnected] - opened.wantedLosses
}

// drop closes the socket; the client connects again by itself.
func (opened *line) drop() {
	opened.lock.Lock()
	defer opened.lock.Unlock()
	opened.forget()
	opened.socket.Close()
}

// cut closes the socket and refuses new ones until mend is called.
func (opened *line) cut() {
	opened.lock.Lock()
	defer opened.lock.Unlock()
	opened.forget()
	opened.isCut = true
	opened.socket.Close()
}

// forget makes awaitState wait for states from now on; the connection is about to be ended.
func (opened *line) forget() {
	opened.wantedLosses++
	for state, count := range opened.counts {
		opened.seen[state] = count
	}
}

func (opened *line) mend() {
	opened.lock.Lock()
	defer opened.lock.Unlock()
	opened.isCut = false
}

// awaitState waits for a state that was not awaited before, since the last drop or cut.
func (opened *line) awaitState(wanted zk.State) error {
	return until(wanted.String(), func() (bool, error) {
		opened.lock.Lock()
		defer opened.lock.Unlock()
		isNew := opened.counts[wanted] > opened.seen[wanted]
		opened.seen[wanted] = opened.counts[wanted]
		return isNew, nil
	})
}

// fires waits for the one event of a watch.
func fires(watch <-chan zk.Event, wanted zk.EventType, path string) error {
	select {
	case event := <-watch:
		if event.Err != nil {
			return event.Err
		}
		if event.Type != wanted || event.Path != path {
			return fmt.Errorf("%v of %s instead of %v of %s", event.Type, event.Path, wanted, path)
		}
		return nil
	case <-time.After(patience):
		return fmt.Errorf("no %v of %s in time", wanted, path)
	}
}

func refused(err, wanted error) error {
	if errors.Is(err, wanted) {
		return nil
	}
	if err == nil {
		return fmt.Errorf("success instead of %v", wanted)
	}
	return fmt.Errorf("%w instead of %v", err, wanted)
}

func equal[T comparable](what string, actual, expected T) error {
	if actual == expected {
		return nil
	}
	return fmt.Errorf("%s is %v instead of %v", what, actual, expected)
}

// first returns the first problem.
func first(problems ...error) error {
	for _, problem := range problems {
		if problem != nil {
			return problem
		}
	}
	return nil
}

// until polls, for things the server does in its own time.
func until(what string, holds func() (bool, error)) error {
	deadline := time.Now().Add(patience)
	for {
		isTrue, err := holds()
		if err != nil {
			return err
		}
		if isTrue {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s did not happen in time", what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

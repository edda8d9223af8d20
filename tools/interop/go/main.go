// go-zookeeper/zk against a running server: every operation it has, watches, sessions, its lock, its four-letter words.
// usage: peer HOST:PORT
package main

import (
	"errors"
	"fmt"
	"log"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"
)

// Long enough for a busy machine; nothing waits that long unless it failed.
const patience = 20 * time.Second

var (
	address string
	base    string
	// One of several servers, which lose their leader meanwhile.
	isEnsemble = os.Getenv("ZK_INTEROP_ENSEMBLE") != ""

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
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: peer HOST:PORT")
		os.Exit(2)
	}
	address = os.Args[1]
	base = fmt.Sprintf("/go-%d", os.Getpid())
	mine, err := open(10 * time.Second)
	if err != nil {
		fmt.Println("not ok connects:", err)
		os.Exit(1)
	}
	other, err := open(10 * time.Second)
	if err != nil {
		fmt.Println("not ok connects a second time:", err)
		os.Exit(1)
	}
	for _, group := range groups {
		for _, each := range group {
			report(each.sentence, func() error { return each.body(mine, other) })
		}
	}
	mine.Close()
	other.Close()
	fmt.Println("done")
}

// check is one sentence and what must hold; a body returns what is wrong, or nil.
type check struct {
	sentence string
	body     func(mine, other *line) error
}

// report tries a check once, or more often where an ensemble loses its leader meanwhile.
func report(sentence string, body func() error) {
	attempts := 1
	if isEnsemble {
		attempts = 4
	}
	for attempt := 1; ; attempt++ {
		err := try(body)
		if err == nil {
			fmt.Println("ok", sentence)
			return
		}
		detail := strings.ReplaceAll(err.Error(), "\n", " ")
		if attempt >= attempts {
			fmt.Printf("not ok %s: %s\n", sentence, detail)
			return
		}
		fmt.Printf("again %s: %s\n", sentence, detail)
		time.Sleep(3 * time.Second)
	}
}

func try(body func() error) (err error) {
	defer func() {
		if problem := recover(); problem != nil {
			err = fmt.Errorf("panic: %v", problem)
		}
	}()
	return body()
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
	return opened, opened.awaitState(zk.StateHasSession)
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

// forget makes awaitState wait for states from now on.
func (opened *line) forget() {
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
	return fmt.Errorf("%v instead of %v", err, wanted)
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

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"time"

	"morgenkreis/handlers"
	"morgenkreis/kita"
	"morgenkreis/store/storetest"
)

// streamCommand is the argument that makes this program a node that serves.
const streamCommand = "serve-node"

// Two thousand phones listen at two nodes: the families of ten kitas, each with four phones at each node.
const (
	streamKitas, streamFamilies, streamPhones = 10, 25, 4
	// streamNotices are posted at once: a stream looks at most once a second, and all of them are waiting by then.
	streamNotices = 20
)

// use is what a node says that it has used: of the processors since it began, and of memory now, in bytes.
type use struct {
	CPU    time.Duration
	Memory uint64
}

// serveStreams is a node: it says where it serves, and for each line that it reads what it has used.
func serveStreams(ctx context.Context, url, folder string) error {
	h, err := open(ctx, database{url: url}.options(), folder)
	if err != nil {
		return err
	}
	fmt.Println(h.server.URL)
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		u := use{CPU: processTime()}
		debug.FreeOSMemory()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		u.Memory = m.HeapAlloc + m.StackSys
		if err := json.NewEncoder(os.Stdout).Encode(u); err != nil {
			return err
		}
	}
	return h.close()
}

// streamNode is such a node, as whoever started it knows it.
type streamNode struct {
	url string
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func startStreamNode(ctx context.Context, d database, folder string) (*streamNode, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	n := &streamNode{cmd: exec.CommandContext(ctx, self, streamCommand, d.url, folder)}
	n.cmd.Stderr, n.cmd.SysProcAttr = os.Stderr, &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if n.in, err = n.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := n.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := n.cmd.Start(); err != nil {
		return nil, err
	}
	n.out = bufio.NewReader(out)
	address, err := n.out.ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("a node did not start: %w", errors.Join(err, n.in.Close(), n.cmd.Wait()))
	}
	n.url = strings.TrimSpace(address)
	return n, nil
}

func (n *streamNode) used() (u use, err error) {
	if _, err := n.in.Write([]byte("\n")); err != nil {
		return u, err
	}
	line, err := n.out.ReadBytes('\n')
	if err != nil {
		return u, err
	}
	return u, json.Unmarshal(line, &u)
}

func (n *streamNode) stop() error { return errors.Join(n.in.Close(), n.cmd.Wait()) }

// streams compares what two nodes use for notices that nobody hears of with what they use for those of which 200 phones hear,
// while 2,000 listen. The ear of the phones is in this process, and does not count.
func (s suite) streams(ctx context.Context) (err error) {
	if s.engine != "postgres" {
		return nil
	}
	d, err := s.create("streams")
	if err != nil {
		return err
	}
	h, err := open(ctx, d.options(), s.folder)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	w := storetest.NewWorld(tb{}, h.store)
	var phones []kita.ID
	var heard, unheard board
	for i := range streamKitas + 1 {
		k := w.Kita(fmt.Sprint("Kita ", i))
		g, leader := k.Group("Gruppe"), k.Leader("Lutz Leitung")
		at := board{kita: k.ID, leader: *leader.AccountID}
		for j := range streamFamilies {
			parent := g.Child(fmt.Sprint("Max ", j)).Guardian("Petra Mutter")
			if i < streamKitas {
				phones = append(phones, *parent.AccountID)
			}
		}
		if i == 0 {
			heard = at
		}
		unheard = at // the last one's families have no phone
	}
	w.Live()
	for _, at := range []*board{&heard, &unheard} {
		if at.session, err = h.signIn(ctx, at.leader); err != nil {
			return err
		}
	}

	var nodes []*streamNode
	defer func() {
		for _, n := range nodes {
			err = errors.Join(err, n.stop())
		}
	}()
	for range 2 {
		n, err := startStreamNode(ctx, d, s.folder)
		if err != nil {
			return err
		}
		nodes = append(nodes, n)
	}
	used := func() (all use, err error) {
		for _, n := range nodes {
			u, err := n.used()
			if err != nil {
				return all, err
			}
			all.CPU, all.Memory = all.CPU+u.CPU, all.Memory+u.Memory
		}
		return all, nil
	}
	ears := &ears{told: make(chan struct{}, 1)}
	defer ears.close()
	// The first stream of a node has it listen to PostgreSQL; that is not a stream's.
	for _, n := range nodes {
		if err := ears.open(ctx, h, n, phones[:1], 1); err != nil {
			return err
		}
	}
	before, err := used()
	if err != nil {
		return err
	}
	for _, n := range nodes {
		if err := ears.open(ctx, h, n, phones, streamPhones); err != nil {
			return err
		}
	}
	full, err := used()
	if err != nil {
		return err
	}
	streams := 2 * len(phones) * streamPhones
	each := float64(full.Memory-before.Memory) / float64(streams)

	posting := func(name string, at board, hear int) *runner {
		r := &runner{name: name, ops: streamNotices}
		r.run = func() error {
			ears.await(hear * streamNotices)
			before, err := used()
			if err != nil {
				return err
			}
			start := time.Now()
			for i := range streamNotices {
				if err := at.post(nodes[i%2].url); err != nil {
					return err
				}
			}
			if err := ears.heard(ctx); err != nil {
				return err
			}
			r.own = time.Since(start)
			after, err := used()
			r.ownCPU = after.CPU - before.CPU
			return err
		}
		return r
	}
	hear := 2 * (streamFamilies*streamPhones + 1) // and the first stream of each node
	with := posting(fmt.Sprintf("a notice of which %d of %d phones hear", hear, streams+2), heard, hear)
	without := posting("a notice of which none hears", unheard, 0)
	if err := race(ctx, "streams", s.pushRounds, with, without); err != nil {
		return err
	}
	l := costs(with, without, none)
	told := (l.cpu - median(without.cpu)) / time.Duration(hear)
	l.what += fmt.Sprintf(" (a stream holds %.0f kB; telling one: %s)", each/1000, short(told))
	s.report.add(s.engine, l)
	return nil
}

// board is where the notices of a kita are posted.
type board struct {
	kita, leader kita.ID
	session      string
}

func (at board) post(node string) error {
	raw, err := json.Marshal(map[string]any{"kita_id": at.kita, "kind": "news", "title": "Neues", "body": "Alles weitere am Aushang.", "audience": map[string]any{"kind": "kita"}})
	if err != nil {
		return err
	}
	req, err := http.NewRequest("POST", node+handlers.Prefix+"/notices", bytes.NewReader(raw))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.AddCookie(&http.Cookie{Name: "morgenkreis", Value: at.session})
	_, err = answered(http.DefaultClient, req, http.StatusCreated)
	return err
}

// ears are phones that listen. What they hear of notices is counted, and told when it is as much as awaited.
type ears struct {
	mu       sync.Mutex
	conns    []net.Conn
	left     int
	told     chan struct{}
	trouble  error
	reading  sync.WaitGroup
	hangedUp bool
}

// open has each account listen at the node, so many times.
func (e *ears) open(ctx context.Context, h *house, n *streamNode, accounts []kita.ID, times int) error {
	for _, account := range accounts {
		session, err := h.signIn(ctx, account)
		if err != nil {
			return err
		}
		for range times {
			c, err := (&net.Dialer{}).DialContext(ctx, "tcp", strings.TrimPrefix(n.url, "http://"))
			if err != nil {
				return err
			}
			e.conns = append(e.conns, c)
			if _, err := fmt.Fprintf(c, "GET %s/events/stream HTTP/1.1\r\nHost: localhost\r\nCookie: morgenkreis=%s\r\n\r\n", handlers.Prefix, session); err != nil {
				return err
			}
			in := bufio.NewScanner(c)
			for in.Scan() && in.Text() != "retry: 3000" {
			}
			if err := in.Err(); err != nil {
				return err
			}
			e.reading.Go(func() { e.listen(in) })
		}
	}
	return nil
}

func (e *ears) listen(in *bufio.Scanner) {
	for in.Scan() {
		if in.Text() == "event: notices" {
			e.mu.Lock()
			if e.left--; e.left == 0 {
				e.told <- struct{}{}
			}
			e.mu.Unlock()
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.hangedUp && e.trouble == nil {
		e.trouble = fmt.Errorf("a stream ended: %w", errors.Join(in.Err(), io.ErrUnexpectedEOF))
		select {
		case e.told <- struct{}{}:
		default:
		}
	}
}

// await says how many are to be heard from now on.
func (e *ears) await(n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.left = n; n == 0 {
		e.told <- struct{}{}
	}
}

// heard waits until they are.
func (e *ears) heard(ctx context.Context) error {
	select {
	case <-e.told:
	case <-ctx.Done():
		return ctx.Err()
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.left < 0 {
		return fmt.Errorf("%d more heard of a notice than may", -e.left)
	}
	return e.trouble
}

func (e *ears) close() {
	e.mu.Lock()
	e.hangedUp = true
	for _, c := range e.conns {
		_ = c.Close() // what it could say has been said
	}
	e.mu.Unlock()
	e.reading.Wait()
}

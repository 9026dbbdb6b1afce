package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"morgenkreis/notify"
	"morgenkreis/store"
)

// nodeCommand is the argument that makes this program a node: a process that does nothing but push what is due.
const nodeCommand = "push-node"

// nodeTask is what a node is told.
type nodeTask struct {
	Path, URL   string
	Keys        notify.Keys
	Certificate []byte
	// Sends is how many pushes there are; 0 where nobody wants to know how fast each tenth was.
	Sends int
}

// nodeReport is what a node says when nothing is due any more.
type nodeReport struct {
	Sent int
	// CPU and Took are from the word go.
	CPU, Took time.Duration
	// Tenths are when each tenth was sent, Spent what of the processors until then, Peak the most memory it ever held, in bytes.
	Tenths, Spent []time.Duration
	Peak          int64
}

// serveNode is a node: it reads its task, says that it is ready, waits for the word, pushes, and reports.
func serveNode(ctx context.Context) error {
	in := bufio.NewReader(os.Stdin)
	line, err := in.ReadBytes('\n')
	if err != nil {
		return err
	}
	var task nodeTask
	if err := json.Unmarshal(line, &task); err != nil {
		return err
	}
	st, err := store.Open(ctx, database{path: task.Path, url: task.URL}.options())
	if err != nil {
		return err
	}
	certificate, err := x509.ParseCertificate(task.Certificate)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AddCert(certificate)
	sender, err := newSender(task.Keys, notify.Guard{AllowLoopback: true, RootCAs: roots}.Client())
	if err != nil {
		return err
	}
	receipts, err := notify.NewReceipts(make([]byte, 32))
	if err != nil {
		return err
	}
	if _, err := fmt.Println("ready"); err != nil {
		return err
	}
	if _, err := in.ReadByte(); err != nil {
		return err
	}
	var sent atomic.Int64
	r := nodeReport{Tenths: make([]time.Duration, 10), Spent: make([]time.Duration, 10)}
	spent := processTime()
	seen := func(int) {}
	if task.Sends > 0 {
		p := newProgress(fmt.Sprintf("sending %d", task.Sends), task.Sends)
		defer p.end()
		var one sync.Mutex
		seen = func(n int) {
			one.Lock()
			defer one.Unlock()
			if p.step(); n*10%task.Sends == 0 && n <= task.Sends {
				tenth := n*10/task.Sends - 1
				r.Tenths[tenth], r.Spent[tenth] = time.Since(p.start), processTime()-spent
			}
		}
	}
	start := time.Now()
	notify.NewDispatcher(notify.Options{Outbox: st, Sender: sender, Receipts: receipts, BaseURL: &url.URL{Scheme: "https", Host: "kita.example"},
		Observe: func(string, string, string, time.Duration) { seen(int(sent.Add(1))) }}).Drain(ctx)
	r.Sent, r.Took, r.CPU = int(sent.Load()), time.Since(start), processTime()-spent
	if r.Peak, err = peakMemory(); err != nil {
		return err
	}
	return errors.Join(json.NewEncoder(os.Stdout).Encode(r), st.Close())
}

// peakMemory is the most that this process has held in memory, in bytes.
func peakMemory() (int64, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "VmHWM:" {
			kB, err := strconv.ParseInt(f[1], 10, 64)
			return kB << 10, err
		}
	}
	return 0, errors.New("/proc/self/status does not say how much memory was held")
}

// runNodes has n nodes push all that is due, and answers how long that took, from the word go to the last one's end.
func (s *pushService) runNodes(ctx context.Context, d database, keys notify.Keys, n, sends int) (reports []nodeReport, took time.Duration, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, 0, err
	}
	task, err := json.Marshal(nodeTask{d.path, d.url, keys, s.certificate, sends})
	if err != nil {
		return nil, 0, err
	}
	type node struct {
		cmd *exec.Cmd
		in  io.WriteCloser
		out *bufio.Reader
	}
	var nodes []node
	defer func() {
		for _, x := range nodes {
			err = errors.Join(err, x.in.Close(), x.cmd.Wait())
		}
	}()
	for range n {
		cmd := exec.CommandContext(ctx, self, nodeCommand)
		cmd.Stderr, cmd.SysProcAttr = os.Stderr, &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		in, err := cmd.StdinPipe()
		if err != nil {
			return nil, 0, err
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			return nil, 0, err
		}
		if err := cmd.Start(); err != nil {
			return nil, 0, err
		}
		x := node{cmd, in, bufio.NewReader(out)}
		nodes = append(nodes, x)
		if _, err := in.Write(append(bytes.Clone(task), '\n')); err != nil {
			return nil, 0, err
		}
		if _, err := x.out.ReadString('\n'); err != nil {
			return nil, 0, fmt.Errorf("a node did not start: %w", err)
		}
	}
	start := time.Now()
	for _, x := range nodes {
		if _, err := x.in.Write([]byte("\n")); err != nil {
			return nil, 0, err
		}
	}
	for _, x := range nodes {
		var r nodeReport
		if err := json.NewDecoder(x.out).Decode(&r); err != nil {
			return nil, 0, fmt.Errorf("a node did not report: %w", err)
		}
		reports = append(reports, r)
	}
	return reports, time.Since(start), nil
}

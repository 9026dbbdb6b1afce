package notify

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"morgenkreis/kita"
	"morgenkreis/notify/pushtest"
)

// counter counts what a guard dials, and what really arrives at a listener of this machine.
type counter struct {
	mu       sync.Mutex
	dialled  []string
	accepted atomic.Int64
}

// listen starts the listener that every forbidden road in these tests leads to.
func (c *counter) listen(t *testing.T) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			c.accepted.Add(1)
			conn.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-ended })
	return l.Addr().(*net.TCPAddr).AddrPort()
}

// dial counts, lets nothing leave this machine, and lets the guard's last look at the socket happen.
func (c *counter) dial(ctx context.Context, d *net.Dialer, network, address string) (net.Conn, error) {
	c.mu.Lock()
	c.dialled = append(c.dialled, address)
	c.mu.Unlock()
	if !netip.MustParseAddrPort(address).Addr().IsLoopback() {
		return nil, errors.New("the test does not leave this machine")
	}
	return d.DialContext(ctx, network, address)
}

func (c *counter) total() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.dialled) + int(c.accepted.Load())
}

func toAddrs(addrs ...string) Lookup {
	return func(context.Context, string) ([]netip.Addr, error) {
		var found []netip.Addr
		for _, a := range addrs {
			found = append(found, netip.MustParseAddr(a))
		}
		return found, nil
	}
}

// hostileEndpoints are what somebody might hand in as a subscription to make the server talk to its own network.
// PORT is where the test listens on loopback.
var hostileEndpoints = []string{
	"http://127.0.0.1:PORT/", "https://127.0.0.1:PORT/", "http://localhost:PORT/", "https://localhost:PORT/x",
	"http://[::1]:PORT/", "http://127.1:PORT/", "http://127.0.0.2:PORT/", "http://0.0.0.0:PORT/", "http://0:PORT/",
	"http://[::]:PORT/", "http://2130706433:PORT/", "http://0x7f000001:PORT/", "http://0x7f.0.0.1:PORT/",
	"http://0177.0.0.1:PORT/", "http://017700000001:PORT/", "http://127.0.0.1.:PORT/", "http://localhost.:PORT/",
	"http://[::ffff:127.0.0.1]:PORT/", "http://[::ffff:7f00:1]:PORT/", "http://[0:0:0:0:0:ffff:7f00:0001]:PORT/",
	"http://[::127.0.0.1]:PORT/", "http://[::1%25lo]:PORT/", "http://[64:ff9b::7f00:1]:PORT/",
	"http://[2002:7f00:1::]:PORT/", "http://[2001:0:7f00:1::]:PORT/", "http://[fe80::1%25eth0]:PORT/",
	"http://[fd00::1]:PORT/", "http://[fec0::1]:PORT/", "http://[ff02::1]:PORT/",
	"http://169.254.169.254/latest/meta-data/", "https://169.254.169.254/x.google.com/",
	"http://[::ffff:169.254.169.254]/", "http://[fd00:ec2::254]/", "http://metadata.google.internal/",
	"http://192.0.0.192/opc/v2/", "http://100.100.100.200/", "http://10.0.0.1/", "http://172.16.0.1/",
	"http://192.168.178.1/", "http://198.18.0.1/", "http://224.0.0.1/", "http://255.255.255.255/",
	"https://fcm.googleapis.com@127.0.0.1:PORT/", "https://fcm.googleapis.com:443@169.254.169.254/",
	"https://127.0.0.1:PORT#@fcm.googleapis.com/", "https://127.0.0.1:PORT\\@fcm.googleapis.com/",
	"https://127.0.0.1:PORT/?fcm.googleapis.com", "https://127.0.0.1:PORT/fcm.googleapis.com",
	"https://fcm.googleapis.com:PORT/", "https://fcm.googleapis.com.:443/", "https://fcm.googleapis.com./",
	"https://push.apple.com.evil.example/", "https://evilpush.apple.com/", "https://push.apple.com/",
	"https://web.push.apple.com.evil.example:PORT/", "https://fcm.googleapis.com.evil.example/",
	"https://fcm-googleapis.com/", "https://fcm.googleapiѕ.com/", "https://ⅰ27.0.0.1:PORT/",
	"https://fcm。googleapis。com/", "https://①②⑦.⓪.⓪.①:PORT/", "https://xn--fcmgoogleapis-com.example/",
	"https://fcm.googleapis.com%2eevil.example/", "https://fcm.googleapis.com%00.evil.example/",
	"https://fcm.googleapis.com\t.evil.example/", "https://fcm.googleapis.com\r\nHost: evil.example/",
	"http://fcm.googleapis.com/", "ftp://fcm.googleapis.com/", "file:///etc/passwd", "gopher://127.0.0.1:PORT/_x",
	"unix:///var/run/docker.sock", "//127.0.0.1:PORT/", "https:127.0.0.1:PORT", "https://", "",
}

func TestHostileEndpointsAreNotConnectedTo(t *testing.T) {
	if len(hostileEndpoints) < 40 {
		t.Fatal("too few")
	}
	var count counter
	port := strings.TrimPrefix(count.listen(t).String(), "127.0.0.1:")
	// Whatever name the first wall should let pass leads home.
	guard := Guard{Lookup: toAddrs("127.0.0.1", "::1"), dial: count.dial}
	sender := newTestSender(t, guard.Client(), kita.EndpointHosts{})
	for _, endpoint := range hostileEndpoints {
		endpoint = strings.ReplaceAll(endpoint, "PORT", port)
		sub := pushtest.NewDevice("").Subscription()
		sub.Endpoint = endpoint
		if r := sender.Send(t.Context(), sub, Message{Payload: []byte("x")}); r.Outcome != Misconfigured || r.Status != 0 {
			t.Errorf("the sender sent to %q: %+v", endpoint, r)
		}
		// The second wall holds alone: the client is asked directly, as if nobody had checked the endpoint.
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, endpoint, http.NoBody)
		if err != nil {
			continue
		}
		if resp, err := guard.Client().Do(req); err == nil {
			t.Errorf("the client reached %q: %s", endpoint, resp.Status)
			resp.Body.Close()
		}
	}
	if n := count.total(); n != 0 {
		t.Errorf("%d connections: %v", n, count.dialled)
	}
}

func TestLoopbackIsReachedOnlyByItsOwnNames(t *testing.T) {
	var count counter
	port := strings.TrimPrefix(count.listen(t).String(), "127.0.0.1:")
	guard := Guard{AllowLoopback: true, Lookup: toAddrs("127.0.0.1"), dial: count.dial}
	sender := newTestSender(t, guard.Client(), kita.EndpointHosts{AllowLoopback: true, Extra: []string{"push.kita.example"}})
	sub := pushtest.NewDevice("").Subscription()
	for _, host := range []string{"push.kita.example", "fcm.googleapis.com", "web.push.apple.com"} {
		sub.Endpoint = "https://" + host + "/x"
		if r := sender.Send(t.Context(), sub, Message{}); r.Outcome != Later || r.Reason != "address_not_global" {
			t.Errorf("%s, resolving to loopback: %+v", host, r)
		}
	}
	if n := count.total(); n != 0 {
		t.Errorf("%d connections: %v", n, count.dialled)
	}
	sub.Endpoint = "http://localhost:" + port + "/x"
	if r := sender.Send(t.Context(), sub, Message{}); r.Outcome != Later {
		t.Errorf("the listener, which hangs up, gave %+v", r)
	}
	if count.total() == 0 {
		t.Error("localhost was not reached where it is allowed: this test proves nothing")
	}
	local := Guard{AllowLoopback: true, Lookup: toAddrs("192.168.178.1", "8.8.8.8"), dial: count.dial}
	if _, err := local.connect(t.Context(), "tcp", "localhost:80"); !errors.Is(err, errAddress) {
		t.Errorf("localhost elsewhere: %v", err)
	}
}

// A resolver under an attacker's control answers differently each time it is asked, or mixes good with bad.
func TestWhatWasJudgedIsWhatIsDialled(t *testing.T) {
	for name, c := range map[string]struct {
		answers [][]string
		dialled int
	}{
		"first good, then bad": {[][]string{{"142.250.74.106"}, {"127.0.0.1"}, {"169.254.169.254"}}, 1},
		"first bad, then good": {[][]string{{"127.0.0.1"}, {"142.250.74.106"}}, 2},
		"mixed":                {[][]string{{"10.0.0.1", "142.250.74.106", "::1", "::ffff:127.0.0.1", "64:ff9b::a00:1"}}, 3},
		"in disguise":          {[][]string{{"::ffff:142.250.74.106", "::ffff:10.0.0.1"}}, 3},
		"none":                 {[][]string{{}}, 0},
	} {
		var count counter
		var asked int
		guard := Guard{dial: count.dial, Lookup: func(ctx context.Context, host string) ([]netip.Addr, error) {
			found, err := toAddrs(c.answers[min(asked, len(c.answers)-1)]...)(ctx, host)
			asked++
			return found, err
		}}
		for range 3 {
			before := asked
			guard.connect(t.Context(), "tcp", "fcm.googleapis.com:443")
			if asked != before+1 {
				t.Errorf("%s: looked up %d times for one connection", name, asked-before)
			}
		}
		if len(count.dialled) != c.dialled {
			t.Errorf("%s: dialled %v in three connections", name, count.dialled)
		}
		for _, address := range count.dialled {
			if address != "142.250.74.106:443" {
				t.Errorf("%s: dialled %s", name, address)
			}
		}
	}
}

// Should anything change the address after it was judged, the socket itself is refused.
func TestTheSocketIsJudgedOnceMore(t *testing.T) {
	var count counter
	target := count.listen(t)
	guard := Guard{
		Lookup: toAddrs("142.250.74.106"),
		dial: func(ctx context.Context, d *net.Dialer, network, _ string) (net.Conn, error) {
			return d.DialContext(ctx, network, target.String())
		},
	}
	if _, err := guard.connect(t.Context(), "tcp", "fcm.googleapis.com:443"); !errors.Is(err, errAddress) {
		t.Errorf("%v", err)
	}
	if n := count.accepted.Load(); n != 0 {
		t.Errorf("%d connections", n)
	}
}

func TestEveryAddressOfANameIsTried(t *testing.T) {
	var tried []string
	guard := Guard{
		Lookup: toAddrs("2a00:1450:4001::a", "10.0.0.1", "142.250.74.106"),
		dial: func(_ context.Context, d *net.Dialer, _, address string) (net.Conn, error) {
			tried = append(tried, address)
			if d.Timeout != dialTimeout/2 {
				t.Errorf("one of two addresses gets %v", d.Timeout)
			}
			if len(tried) == 1 {
				return nil, errors.New("no route")
			}
			ours, _ := net.Pipe()
			return ours, nil
		},
	}
	conn, err := guard.connect(t.Context(), "tcp", "fcm.googleapis.com:443")
	if err != nil || strings.Join(tried, " ") != "[2a00:1450:4001::a]:443 142.250.74.106:443" {
		t.Fatalf("tried %v, %v", tried, err)
	}
	conn.Close()
}

func TestOnlyGlobalAddressesAreGlobal(t *testing.T) {
	for _, a := range []string{
		"0.0.0.0", "0.1.2.3", "10.255.255.255", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.255.255",
		"169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.0.171", "192.0.2.1", "192.88.99.1",
		"192.168.0.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255",
		"240.0.0.1", "255.255.255.255",
		"::", "::1", "::7f00:1", "::ffff:8.8.8.8", "64:ff9b::808:808", "64:ff9b:1::1", "100::1", "2001::1",
		"2001:2::1", "2001:10::1", "2001:20::1", "2001:db8::1", "2002:808:808::1", "3fff::1", "5f00::1",
		"fc00::1", "fdff::1", "fe80::1", "febf::1", "fec0::1", "ff02::1", "ff0e::1", "2a00:1450:4001::a%eth0",
	} {
		if isGlobal(netip.MustParseAddr(a)) {
			t.Errorf("%s is taken for global", a)
		}
	}
	for _, a := range []string{
		"8.8.8.8", "142.250.74.106", "17.57.146.20", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1",
		"192.0.1.1", "198.17.255.255", "198.20.0.1", "223.255.255.255", "2a00:1450:4001::a", "2620:149:a44::1",
		"2001:4860:4860::8888", "2001:200::1",
	} {
		if !isGlobal(netip.MustParseAddr(a)) {
			t.Errorf("%s is not taken for global", a)
		}
	}
	if isGlobal(netip.Addr{}) {
		t.Error("no address is taken for global")
	}
}

func TestRedirectToTheMetadataServiceIsNotFollowed(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, location := range []string{"http://169.254.169.254/latest/", "http://127.0.0.1:9/", "/elsewhere", "https://fcm.googleapis.com/x"} {
			var count counter
			service := pushtest.New(t, pushtest.Options{})
			device := service.Subscribe("")
			device.Always(pushtest.Answer{Status: status, Location: location})
			sender := newTestSender(t, Guard{AllowLoopback: true, dial: count.dial}.Client(), kita.EndpointHosts{AllowLoopback: true})
			r := sender.Send(t.Context(), device.Subscription(), Message{})
			if r.Outcome != Misconfigured || r.Status != status {
				t.Errorf("%d: %+v", status, r)
			}
			if n := len(service.Messages()); n != 1 || len(count.dialled) != 1 {
				t.Errorf("%d to %s: %d messages, dialled %v", status, location, n, count.dialled)
			}
		}
	}
}

func TestRedirectIsNotFollowedWithAnyClient(t *testing.T) {
	service := pushtest.New(t, pushtest.Options{})
	device := service.Subscribe("")
	device.Always(pushtest.Answer{Status: 307, Location: "/push/1"})
	sender := newTestSender(t, http.DefaultClient, kita.EndpointHosts{AllowLoopback: true})
	if r := sender.Send(t.Context(), device.Subscription(), Message{}); r.Status != 307 || len(service.Messages()) != 1 {
		t.Errorf("%+v after %d messages", r, len(service.Messages()))
	}
}

func TestProxyOfTheEnvironmentIsNotUsed(t *testing.T) {
	var asked atomic.Bool
	proxy := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Store(true) }))
	defer proxy.Close()
	t.Setenv("HTTP_PROXY", proxy.URL)
	t.Setenv("HTTPS_PROXY", proxy.URL)
	guard := Guard{Lookup: toAddrs("10.0.0.1")}
	if _, err := guard.Client().Get("http://push.kita.example/"); !errors.Is(err, errAddress) {
		t.Errorf("%v", err)
	}
	if pools := guard.Client().Transport.(transports); pools.tls.other.Proxy != nil || pools.plain.Proxy != nil || asked.Load() {
		t.Error("a proxy is asked")
	}
}

// The times of these three are the bubble's: nobody waits for them.
func TestSlowServicesAreGivenUpInTime(t *testing.T) {
	answer := func(text string) func(net.Conn) {
		return func(conn net.Conn) {
			io.Copy(io.Discard, io.LimitReader(conn, 1))
			io.WriteString(conn, text)
			io.Copy(io.Discard, conn)
		}
	}
	for name, c := range map[string]struct {
		serve func(net.Conn) // nil: the connection is never made
		took  time.Duration
	}{
		"connects to nothing":   {nil, dialTimeout},
		"never answers":         {answer(""), sendTimeout},
		"never ends its header": {answer("HTTP/1.1 201 Created\r\nX-"), sendTimeout},
		"never ends its body":   {answer("HTTP/1.1 201 Created\r\nContent-Length: 9\r\n\r\nx"), sendTimeout},
	} {
		synctest.Test(t, func(t *testing.T) {
			guard := Guard{AllowLoopback: true, dial: func(ctx context.Context, _ *net.Dialer, _, _ string) (net.Conn, error) {
				if c.serve == nil {
					<-ctx.Done()
					return nil, ctx.Err()
				}
				ours, theirs := net.Pipe()
				go c.serve(theirs)
				return ours, nil
			}}
			sender := newTestSender(t, guard.Client(), kita.EndpointHosts{AllowLoopback: true})
			sub := pushtest.NewDevice("http://127.0.0.1:1").Subscription()
			start := time.Now()
			r := sender.Send(t.Context(), sub, Message{})
			if took := time.Since(start); r.Outcome != Later || r.Reason != "timeout" || took != c.took {
				t.Errorf("%s: %+v after %v", name, r, took)
			}
		})
	}
}

// A fan-out after a quiet hour finds no connection open: it must not greet the push service with one per message.
func TestBurstOpensFewConnections(t *testing.T) {
	const many = 300
	var count counter
	service := pushtest.New(t, pushtest.Options{TLS: true, Blind: true})
	guard := Guard{AllowLoopback: true, RootCAs: service.RootCAs(), dial: count.dial}
	sender := newTestSender(t, guard.Client(), kita.EndpointHosts{AllowLoopback: true})
	device := service.Subscribe("")
	device.Always(pushtest.Answer{Fault: pushtest.Hang})
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	for range many {
		group.Go(func() { sender.Send(ctx, device.Subscription(), Message{}) })
	}
	// All of them are at the service at the same time, and none was answered.
	if err := service.Await(t.Context(), many); err != nil {
		t.Fatal(err)
	}
	cancel()
	group.Wait()
	if n := len(count.dialled); n > many/4 {
		t.Errorf("%d connections for %d messages", n, many)
	}
}

func TestAtMost16KBOfAnAnswerAreRead(t *testing.T) {
	var wrote atomic.Int64
	ended := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		defer close(ended)
		w.WriteHeader(http.StatusForbidden)
		for {
			n, err := w.Write(make([]byte, 1<<10))
			if wrote.Add(int64(n)); err != nil {
				return
			}
		}
	}))
	defer server.Close()
	sender := newTestSender(t, Guard{AllowLoopback: true}.Client(), kita.EndpointHosts{AllowLoopback: true})
	sub := pushtest.NewDevice(server.URL).Subscription()
	if r := sender.Send(t.Context(), sub, Message{}); r.Outcome != Misconfigured || r.Status != 403 || len(r.Detail) > maxDetail {
		t.Errorf("%+v", r)
	}
	<-ended // an answer without an end was hung up on
	flood := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Flood", strings.Repeat("x", 64<<10))
	}))
	defer flood.Close()
	sub.Endpoint = flood.URL
	if r := sender.Send(t.Context(), sub, Message{}); r.Outcome != Later {
		t.Errorf("64 kB of header: %+v", r)
	}
}

package notify

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"syscall"
	"time"

	"morgenkreis/kita"
)

// Lookup resolves a host name to its addresses.
type Lookup func(ctx context.Context, host string) ([]netip.Addr, error)

// Guard makes the HTTP client that pushes leave by. Its dialer resolves a name once, refuses every address that is
// not global, and connects to exactly the address it judged, so that a name that changes its mind between the look
// and the step (DNS rebinding) gains nothing.
type Guard struct {
	// AllowLoopback lets localhost, 127.0.0.0/8 and ::1 be reached when the URL names them; for tests.
	AllowLoopback bool
	// Lookup replaces the system's resolver; nil means the system's.
	Lookup Lookup
	// RootCAs replaces the system's certificate authorities; nil means the system's.
	RootCAs *x509.CertPool

	// dial stands for (*net.Dialer).DialContext in tests that count connections.
	dial func(ctx context.Context, d *net.Dialer, network, address string) (net.Conn, error)
}

const (
	sendTimeout = 10 * time.Second // one push in all, the answer's body included
	dialTimeout = 5 * time.Second
	// Push services speak HTTP/2 and let about 100 messages travel on a connection at once: these carry 1,600. More only
	// means that every burst begins with hundreds of handshakes.
	connsTLS = 16
	// Plain HTTP is spoken on loopback only, with one message per connection.
	connsPlain = 512
)

// errAddress: what a name resolved to, or an address in the URL, is none that a push may go to.
var errAddress = errors.New("notify: address is not global")

// Client gives an HTTP/2 client of its own: TLS 1.2 or newer, 10 s for a request in all, 5 s to connect, no proxy
// from the environment (it would do the resolving), no cookies, and redirects are handed back as they are.
func (g Guard) Client() *http.Client {
	return &http.Client{
		Transport:     transports{tls: newCourier(g), plain: g.transport(connsPlain)},
		Timeout:       sendTimeout,
		CheckRedirect: handRedirectBack,
	}
}

func (g Guard) transport(conns int) *http.Transport {
	return &http.Transport{
		DialContext:            g.connect,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: g.RootCAs},
		TLSHandshakeTimeout:    dialTimeout,
		ForceAttemptHTTP2:      true,
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: dialTimeout},
		MaxConnsPerHost:        conns,
		MaxIdleConnsPerHost:    conns,
		MaxIdleConns:           2 * connsPlain,
		IdleConnTimeout:        time.Minute,
		MaxResponseHeaderBytes: maxAnswer,
		DisableCompression:     true, // what unpacks to more than it weighs is not worth reading
	}
}

// transports is the way to push services, and that to those of tests that speak plain HTTP.
type transports struct {
	tls   *courier
	plain *http.Transport
}

func (t transports) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Scheme == "http" {
		return t.plain.RoundTrip(req)
	}
	return t.tls.RoundTrip(req)
}

// CloseIdleConnections lets (*http.Client).CloseIdleConnections reach both.
func (t transports) CloseIdleConnections() {
	t.tls.CloseIdleConnections()
	t.plain.CloseIdleConnections()
}

// handRedirectBack keeps a push service from sending the server, with its Authorization header, somewhere else.
func handRedirectBack(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// connect dials the global addresses that host:port resolves to, as the resolver ranks them, one after the other,
// each with its share of the time.
func (g Guard) connect(ctx context.Context, network, hostport string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(hostport)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	addrs, err := g.resolve(ctx, host)
	if err != nil {
		return nil, err
	}
	permitted := isGlobal
	if g.AllowLoopback && kita.IsLoopbackHost(host) {
		permitted = netip.Addr.IsLoopback
	}
	addrs = slices.DeleteFunc(addrs, func(a netip.Addr) bool { return !permitted(a) })
	addrs = addrs[:min(len(addrs), maxAddrs)]
	if len(addrs) == 0 {
		return nil, errAddress
	}
	dialer := &net.Dialer{
		Timeout: dialTimeout / time.Duration(len(addrs)),
		Control: func(_, address string, _ syscall.RawConn) error { return lastLook(address, permitted) },
	}
	for _, addr := range addrs {
		var conn net.Conn
		if conn, err = g.dialWith(ctx, dialer, network, net.JoinHostPort(addr.String(), port)); err == nil {
			return conn, nil
		}
	}
	return nil, err
}

// maxAddrs bounds how many addresses of one name are tried.
const maxAddrs = 4

// resolve gives the addresses of host. Resolvers may hand out IPv4 as ::ffff:a.b.c.d, which is undone; in a URL nobody
// honest writes it, and it stays what it is: not global.
func (g Guard) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{addr}, nil
	}
	lookup := g.Lookup
	if lookup == nil {
		lookup = func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		}
	}
	found, err := lookup(ctx, host)
	if err != nil {
		return nil, err
	}
	addrs := make([]netip.Addr, len(found))
	for i, addr := range found {
		addrs[i] = addr.Unmap()
	}
	return addrs, nil
}

// lastLook judges the address that the socket is about to connect to, whatever went before.
func lastLook(address string, permitted func(netip.Addr) bool) error {
	target, err := netip.ParseAddrPort(address)
	if err != nil || !permitted(target.Addr()) {
		return errAddress
	}
	return nil
}

func (g Guard) dialWith(ctx context.Context, d *net.Dialer, network, address string) (net.Conn, error) {
	if g.dial != nil {
		return g.dial(ctx, d, network, address)
	}
	return d.DialContext(ctx, network, address)
}

// isGlobal tells whether addr belongs to the public Internet: by the IANA registries of special-purpose addresses
// (RFC 6890 and its successors), leaving out also what is "global" there but is an anycast trick no push service uses.
func isGlobal(addr netip.Addr) bool {
	if !addr.IsValid() || addr.Zone() != "" {
		return false
	}
	if addr.Is6() && !globalUnicast6.Contains(addr) {
		return false
	}
	for _, special := range specialPrefixes {
		if special.Contains(addr) {
			return false
		}
	}
	return true
}

// globalUnicast6 is all that is handed out of IPv6. Outside it lie ::, ::1, v4-mapped, NAT64 (64:ff9b::/96 and
// 64:ff9b:1::/48), discard-only, unique local, link-local, site-local and multicast.
var globalUnicast6 = netip.MustParsePrefix("2000::/3")

var specialPrefixes = prefixes(
	"0.0.0.0/8",         // this network; Linux connects 0.0.0.0 to itself
	"10.0.0.0/8",        // private
	"100.64.0.0/10",     // behind a carrier's NAT
	"127.0.0.0/8",       // loopback
	"169.254.0.0/16",    // link-local; cloud metadata
	"172.16.0.0/12",     // private
	"192.0.0.0/24",      // protocol assignments; NAT64 discovery, metadata of some clouds
	"192.0.2.0/24",      // documentation
	"192.31.196.0/24",   // AS112
	"192.52.193.0/24",   // AMT
	"192.88.99.0/24",    // 6to4 relays
	"192.168.0.0/16",    // private
	"192.175.48.0/24",   // AS112
	"198.18.0.0/15",     // benchmarks
	"198.51.100.0/24",   // documentation
	"203.0.113.0/24",    // documentation
	"224.0.0.0/4",       // multicast
	"240.0.0.0/4",       // reserved, broadcast
	"2001::/23",         // protocol assignments: Teredo (with an IPv4 address inside), ORCHID, benchmarks
	"2001:db8::/32",     // documentation
	"2002::/16",         // 6to4, with an IPv4 address inside
	"2620:4f:8000::/48", // AS112
	"3fff::/20",         // documentation
)

func prefixes(list ...string) []netip.Prefix {
	parsed := make([]netip.Prefix, len(list))
	for i, s := range list {
		parsed[i] = netip.MustParsePrefix(s)
	}
	return parsed
}

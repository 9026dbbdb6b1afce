package kita

import (
	"crypto/ecdh"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// Subscription is one device of one account: the browser's push endpoint and the two keys that a message
// for it is sealed with (RFC 8291). It ends with the session it was made in.
type Subscription struct {
	ID        ID  `db:"id"`
	AccountID ID  `db:"account_id"`
	SessionID *ID `db:"session_id"`
	// Endpoint is a secret: whoever knows it can address the device. Logs carry Fingerprint instead.
	Endpoint string `db:"endpoint"`
	// P256dh and Auth are base64url without padding: 65 bytes, a point on P-256; 16 bytes.
	P256dh string `db:"p256dh"`
	Auth   string `db:"auth"`
	// Name is what its owner calls the device.
	Name      string  `db:"name"`
	UserAgent string  `db:"user_agent"`
	CreatedAt Instant `db:"created_at"`
	// LastAcceptedAt is when a push service last took a message, to the day; LastShownAt when the device last said that
	// it showed one; nil is never.
	LastAcceptedAt *Instant `db:"last_accepted_at"`
	LastShownAt    *Instant `db:"last_shown_at"`
	// Trouble is the code of what stands against the last message, empty when nothing does.
	Trouble string `db:"trouble"`
}

// maxSubscription bounds the browser's JSON; real ones are below 700 bytes.
const maxSubscription = 4096

// ParseSubscription reads what a browser's PushSubscription.toJSON() gives (Push API, section 8):
// endpoint and keys, the keys in base64url or base64, with or without padding; other members are passed over.
// Only Endpoint, P256dh and Auth of the result are set. Every wrong field is named: endpoint, keys.p256dh, keys.auth.
func ParseSubscription(raw []byte, hosts EndpointHosts) (Subscription, error) {
	if len(raw) > maxSubscription {
		return Subscription{}, Invalid("", "subscription.too_long", "limit", maxSubscription)
	}
	var in struct {
		Endpoint string `json:"endpoint"`
		Keys     struct {
			P256dh string `json:"p256dh"`
			Auth   string `json:"auth"`
		} `json:"keys"`
	}
	if err := json.Unmarshal(raw, &in); err != nil {
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) {
			return Subscription{}, Invalid(wrong.Field, "subscription.malformed")
		}
		return Subscription{}, Invalid("", "subscription.malformed")
	}
	s := Subscription{Endpoint: in.Endpoint, P256dh: unpadded(in.Keys.P256dh), Auth: unpadded(in.Keys.Auth)}
	if err := s.Check(hosts); err != nil {
		return Subscription{}, err
	}
	return s, nil
}

// Check says what is wrong with the endpoint and the keys, all at once. It is asked when a subscription is
// stored and again when a message is sent, because the operator's list of hosts may have changed in between.
func (s Subscription) Check(hosts EndpointHosts) error {
	var c Checks
	c.Add(hosts.Check(s.Endpoint))
	c.That(isPoint(s.P256dh), "keys.p256dh", "subscription.key_malformed")
	c.That(len(keyBytes(s.Auth)) == 16, "keys.auth", "subscription.auth_malformed")
	return c.Err()
}

// isPoint tells whether key is an uncompressed point on P-256 (65 bytes) that can be a public key.
func isPoint(key string) bool {
	_, err := ecdh.P256().NewPublicKey(keyBytes(key))
	return err == nil
}

// keyBytes decodes base64url, and only its one spelling: no padding, no stray bits, and no line breaks, which
// the decoder would pass over. Anything else is nil.
func keyBytes(key string) []byte {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(key)
	if err != nil || strings.ContainsAny(key, "\r\n") {
		return nil
	}
	return raw
}

var urlAlphabet = strings.NewReplacer("+", "-", "/", "_")

// unpadded brings the four spellings of base64 to one, so that the same key is stored the same way.
func unpadded(s string) string {
	s = urlAlphabet.Replace(s)
	for range 2 {
		s = strings.TrimSuffix(s, "=")
	}
	return s
}

// Fingerprint names the endpoint in logs and metrics: 8 hex digits of its SHA-256, which lead nowhere.
func (s Subscription) Fingerprint() string {
	sum := sha256.Sum256([]byte(s.Endpoint))
	return hex.EncodeToString(sum[:4])
}

// Service names the push service behind the endpoint: its host, or the domain that the many hosts of
// Apple and Microsoft share; on loopback with the port. What is limited per service is counted by it.
func (s Subscription) Service() string {
	u, err := url.Parse(s.Endpoint)
	if err != nil {
		return ""
	}
	for _, pattern := range pushServices {
		if domain, ok := strings.CutPrefix(pattern, "*."); ok && hostMatches(u.Host, pattern) {
			return domain
		}
	}
	return u.Host
}

// pushServices are the hosts that today's browsers subscribe at; *.domain is any host below the domain.
var pushServices = []string{
	"fcm.googleapis.com", "jmt17.google.com", // Chrome, Edge on Android, Samsung, Opera, …
	"updates.push.services.mozilla.com", // Firefox
	"*.push.apple.com",                  // Safari: web.push.apple.com
	"*.notify.windows.com",              // Edge on Windows: wns2-….notify.windows.com
}

// EndpointHosts says which hosts a push may go to. Endpoints come from users: without this list, the server
// would post to whatever address somebody hands in.
type EndpointHosts struct {
	// Extra are hosts besides the known push services: "push.example.org", or "*.example.org" for all below.
	Extra []string
	// AllowLoopback permits http and https on any port of this machine, and nothing more; for tests.
	AllowLoopback bool
}

// Validate says which of Extra is not a host in lower case, nor such a host after "*.".
func (h EndpointHosts) Validate() error {
	for _, pattern := range h.Extra {
		host := strings.TrimPrefix(pattern, "*.")
		_, err := netip.ParseAddr(host)
		if err == nil || !isHostName(host) || !strings.Contains(host, ".") {
			return Invalid("extra", "endpoint_hosts.malformed", "host", pattern)
		}
	}
	return nil
}

const maxEndpoint = 2048

// Check is nil for an https URL, spelled as browsers spell it, on port 443 of a permitted host. Hosts are compared
// exactly or by suffix, after parsing: a regular expression over the whole URL passes https://evil.example/x.google.com.
// It does not look a name up; that the name leads nowhere it should not is the dialer's check.
func (h EndpointHosts) Check(endpoint string) error {
	if code := h.refusal(endpoint); code != "" {
		return Invalid("endpoint", code)
	}
	return nil
}

func (h EndpointHosts) refusal(endpoint string) string {
	if len(endpoint) > maxEndpoint {
		return "subscription.endpoint_too_long"
	}
	// Beyond printable ASCII, and with a backslash or a fragment, URL parsers begin to disagree about the host.
	if strings.ContainsFunc(endpoint, func(r rune) bool { return r <= ' ' || r > '~' || r == '\\' || r == '#' }) {
		return "subscription.endpoint_malformed"
	}
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" {
		return "subscription.endpoint_malformed"
	}
	if u.User != nil {
		return "subscription.endpoint_user_info"
	}
	if h.AllowLoopback && IsLoopbackHost(u.Hostname()) {
		return loopbackRefusal(u)
	}
	if u.Scheme != "https" {
		return "subscription.endpoint_scheme"
	}
	host := u.Hostname()
	if _, err := netip.ParseAddr(host); err == nil {
		return "subscription.endpoint_ip"
	}
	// Browsers never write the default port out, and the VAPID audience would have to leave it out (RFC 6454).
	if u.Host != host {
		return "subscription.endpoint_port"
	}
	if !isHostName(host) || !h.permits(host) {
		return "subscription.endpoint_host"
	}
	return ""
}

func loopbackRefusal(u *url.URL) string {
	if u.Scheme != "http" && u.Scheme != "https" {
		return "subscription.endpoint_scheme"
	}
	if port, err := strconv.ParseUint(u.Port(), 10, 16); u.Port() != "" && (err != nil || port == 0) {
		return "subscription.endpoint_port"
	}
	return ""
}

func (h EndpointHosts) permits(host string) bool {
	for _, list := range [][]string{pushServices, h.Extra} {
		for _, pattern := range list {
			if hostMatches(host, pattern) {
				return true
			}
		}
	}
	return false
}

func hostMatches(host, pattern string) bool {
	if suffix, ok := strings.CutPrefix(pattern, "*"); ok {
		return len(host) > len(suffix) && strings.HasSuffix(host, suffix)
	}
	return host == pattern
}

// IsLoopbackHost tells whether host is localhost, in 127.0.0.0/8 or ::1, each in its plain spelling.
func IsLoopbackHost(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback() && addr.Zone() == "" && !addr.Is4In6()
}

// isHostName tells whether host is a DNS name of lower-case ASCII labels, without a trailing dot.
func isHostName(host string) bool {
	if len(host) > 253 {
		return false
	}
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return false
		}
	}
	return true
}

package notify

import (
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"sync"
	"time"

	webpush "github.com/SherClockHolmes/webpush-go"
)

// Keys is the server's own key pair (VAPID, RFC 8292): base64url without padding, a point of 65 bytes and a scalar
// of 32. Subscriptions are bound to it: a new pair kills every one of them, so it belongs into the backup.
type Keys struct{ Public, Private string }

// NewKeys makes a pair.
func NewKeys() (Keys, error) {
	private, public, err := webpush.GenerateVAPIDKeys()
	return Keys{Public: public, Private: private}, err
}

// Check says whether both are well formed and belong together.
func (k Keys) Check() error {
	_, err := k.signer()
	return err
}

// signer is the private key, checked.
func (k Keys) signer() (*ecdsa.PrivateKey, error) {
	scalar, err := base64.RawURLEncoding.DecodeString(k.Private)
	if err != nil {
		return nil, errors.New("notify: the private push key is not base64url")
	}
	private, err := ecdh.P256().NewPrivateKey(scalar)
	if err != nil {
		return nil, errors.New("notify: the private push key is not a P-256 key of 32 bytes")
	}
	if base64.RawURLEncoding.EncodeToString(private.PublicKey().Bytes()) != k.Public {
		return nil, errors.New("notify: the public push key does not belong to the private one")
	}
	return ecdsa.ParseRawPrivateKey(elliptic.P256(), scalar)
}

const (
	// tokenLife is how long one VAPID token serves: Apple asks not to renew it more than once an hour.
	tokenLife = time.Hour
	// tokenValid is how long it says it is good for: half of what RFC 8292, section 2, permits, for clocks that differ.
	tokenValid = 12 * time.Hour
	// maxTokens bounds the origins remembered; a user can make up host names below push.apple.com.
	maxTokens = 256
)

// tokens keeps one Authorization header per push service and hour. Signing one costs as much as sealing half a message.
type tokens struct {
	signer          *ecdsa.PrivateKey
	public, subject string

	mu       sync.Mutex
	byOrigin map[string]token
}

type token struct {
	header string
	made   time.Time
}

// forOrigin gives the header in use for origin, and makes one where there is none or it has served its hour.
func (t *tokens) forOrigin(origin string, now time.Time) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if known, ok := t.byOrigin[origin]; ok {
		if age := now.Sub(known.made); age >= 0 && age < tokenLife {
			return known.header, nil
		}
	}
	header, err := t.sign(origin, now.Add(tokenValid))
	if err != nil {
		return "", err
	}
	if t.byOrigin == nil || len(t.byOrigin) >= maxTokens {
		t.byOrigin = make(map[string]token)
	}
	t.byOrigin[origin] = token{header: header, made: now}
	return header, nil
}

// sign makes the header (RFC 8292, section 3): a JWT (RFC 7519) signed with ES256 (RFC 7518, section 3.4), and the key to
// check it by.
func (t *tokens) sign(origin string, expires time.Time) (string, error) {
	claims, err := json.Marshal(struct {
		Audience string `json:"aud"`
		Expires  int64  `json:"exp"`
		Subject  string `json:"sub"`
	}{origin, expires.Unix(), t.subject})
	if err != nil {
		return "", err
	}
	b64 := base64.RawURLEncoding
	signed := b64.EncodeToString([]byte(`{"typ":"JWT","alg":"ES256"}`)) + "." + b64.EncodeToString(claims)
	digest := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, t.signer, digest[:])
	if err != nil {
		return "", err
	}
	var signature [64]byte
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return "vapid t=" + signed + "." + b64.EncodeToString(signature[:]) + ", k=" + t.public, nil
}

package notify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"

	"morgenkreis/kita"
)

// Receipts makes and checks the tokens by which a device says, without signing in, that it showed a notification.
// A token names one delivery and permits nothing but to say so.
type Receipts struct{ key []byte }

// NewReceipts wants a key of at least 32 random bytes, kept as long as notices are.
func NewReceipts(key []byte) (Receipts, error) {
	if len(key) < sha256.Size {
		return Receipts{}, errors.New("notify: the receipt key is shorter than 32 bytes")
	}
	return Receipts{key: key}, nil
}

// Sign gives the token for a delivery: its id, a dot, and an HMAC-SHA256 of it cut to 128 bits; 59 characters that
// need no escaping in a URL.
func (r Receipts) Sign(delivery kita.ID) string {
	return string(delivery) + "." + base64.RawURLEncoding.EncodeToString(r.mac(delivery))
}

// Verify gives the delivery that token was signed for. Every other token is kita.ErrNotFound, as is that of a
// delivery that does not exist: a forger learns nothing.
func (r Receipts) Verify(token string) (kita.ID, error) {
	id, _, _ := strings.Cut(token, ".")
	// The whole text is compared, and nothing decoded: there is one spelling of a token.
	if !hmac.Equal([]byte(token), []byte(r.Sign(kita.ID(id)))) {
		return "", kita.ErrNotFound
	}
	return kita.ID(id), nil
}

func (r Receipts) mac(delivery kita.ID) []byte {
	h := hmac.New(sha256.New, r.key)
	// The purpose goes first, so that the key's other signatures, should there ever be some, are none of these.
	h.Write([]byte("receipt\x00" + delivery))
	return h.Sum(nil)[:16]
}

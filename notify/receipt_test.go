package notify

import (
	"bytes"
	"errors"
	"net/url"
	"strings"
	"testing"

	"morgenkreis/kita"
)

func receipts(t *testing.T, seed byte) Receipts {
	t.Helper()
	r, err := NewReceipts(bytes.Repeat([]byte{seed}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestReceiptNamesItsDelivery(t *testing.T) {
	r, id := receipts(t, 1), kita.NewID()
	token := r.Sign(id)
	if got, err := r.Verify(token); got != id || err != nil {
		t.Errorf("%s, %v", got, err)
	}
	if url.PathEscape(token) != token || url.QueryEscape(token) != token || len(token) != 59 {
		t.Errorf("%q needs escaping", token)
	}
}

func TestForgedReceiptsAreNotFound(t *testing.T) {
	r, id := receipts(t, 1), kita.NewID()
	token := r.Sign(id)
	signature := token[strings.Index(token, "."):]
	forged := []string{
		"", ".", string(id), string(id) + ".", string(kita.NewID()) + signature, receipts(t, 2).Sign(id), token + "A", token + "=",
		token[:len(token)-1], strings.ToUpper(token), " " + token, token + "\n", token + "." + token, token + ".", "." + token,
	}
	for i := range token {
		altered := []byte(token)
		altered[i] ^= 1
		forged = append(forged, string(altered))
	}
	for _, f := range forged {
		if got, err := r.Verify(f); got != "" || !errors.Is(err, kita.ErrNotFound) {
			t.Errorf("%q is a receipt for %q, %v", f, got, err)
		}
	}
}

func TestReceiptKeyIsLongEnough(t *testing.T) {
	for _, n := range []int{0, 16, 31} {
		if _, err := NewReceipts(make([]byte, n)); err == nil {
			t.Errorf("a key of %d bytes is accepted", n)
		}
	}
}
